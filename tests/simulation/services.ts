import type { ArchiverServices } from "../../src/archiver/mod.ts";
import type { Checkpointer } from "../../src/checkpoint/mod.ts";
import { type FaultPlan, type SimulatedProcess, withFaults } from "../../src/testing/mod.ts";

/** What processes share: Kinesis, bucket and databases. */
export interface SharedServices extends Omit<ArchiverServices, "clock"> {
  /** Where a consumer keeps its positions, as its processes have it. */
  readonly checkpointer: (checkpointer: Checkpointer) => Checkpointer;
}

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
