import type { ArchiverServices } from "../../src/archiver/mod.ts";
import type { Clock } from "../../src/clock.ts";
import type { KinesisApi } from "../../src/kinesis/kinesis_api.ts";
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
    kinesis: withFaults(withEmptyAnswers(shared.kinesis, process), plan, process),
    store: withFaults(shared.store, plan, process),
    ledger: withFaults(shared.ledger, plan, process),
  };
}

/** Kinesis often answers with nothing although more follows. */
function withEmptyAnswers(kinesis: KinesisApi, clock: Clock): KinesisApi {
  return {
    describeStream: (...args) => kinesis.describeStream(...args),
    listShards: (...args) => kinesis.listShards(...args),
    getShardIterator: (...args) => kinesis.getShardIterator(...args),
    putRecords: (...args) => kinesis.putRecords(...args),
    async getRecords(iterator, options) {
      const batch = await kinesis.getRecords(iterator, options);
      const next = batch.records[0];
      if (next === undefined || clock.random() < 0.9) return batch;
      const millisBehindLatest = clock.now() - next.arrivedAt.getTime();
      return { records: [], nextIterator: iterator, millisBehindLatest };
    },
  };
}
