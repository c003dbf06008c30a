import type { ArchiverServices } from "../../src/archiver/mod.ts";
import type { Checkpointer } from "../../src/exports/checkpoint.ts";
import { KinesisError } from "../../src/base/errors.ts";
import type { GetRecordsOptions, KinesisApi } from "../../src/kinesis/kinesis_api.ts";
import { type FaultPlan, type SimulatedProcess, withFaults } from "../../src/testing/mod.ts";
import { changed } from "./changed.ts";

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
    kinesis: withFaults(inPieces(shared.kinesis, process), plan, process),
    store: withFaults(shared.store, plan, process),
    ledger: withFaults(shared.ledger, plan, process),
  };
}

/** Kinesis whose answers come in pieces, and break off now and then. */
function inPieces(kinesis: KinesisApi, clock: SimulatedProcess): KinesisApi {
  return changed(kinesis, () => ({
    async getRecords(iterator: string, { onRecords, ...options }: GetRecordsOptions = {}) {
      const batch = await kinesis.getRecords(iterator, options);
      if (onRecords === undefined) return batch;
      const { serverTime } = batch;
      let records = batch.records;
      while (records.length > 1 && clock.random() < 0.7) {
        const count = Math.ceil(records.length * clock.random());
        if (count > 0) await onRecords({ records: records.slice(0, count), serverTime });
        records = records.slice(count);
        if (clock.random() < 0.1) {
          const code = "ECONNRESET";
          throw new KinesisError("Cannot read: the answer broke off", { code, retryable: true });
        }
      }
      return { ...batch, records };
    },
  }));
}
