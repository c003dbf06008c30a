import type { ArchiverServices } from "../../src/archiver/mod.ts";
import { type FaultPlan, type SimulatedProcess, withFaults } from "../../src/testing/mod.ts";

/** What workers share: Kinesis, bucket and database. */
export type SharedServices = Omit<ArchiverServices, "clock">;

/** The services as one process has them: each call may go wrong. */
export function servicesOf(
  process: SimulatedProcess,
  plan: FaultPlan,
  shared: SharedServices,
): ArchiverServices {
  return {
    clock: process,
    kinesis: withFaults(shared.kinesis, plan, process),
    store: withFaults(shared.store, plan, process),
    ledger: withFaults(shared.ledger, plan, process),
  };
}
