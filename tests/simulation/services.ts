import type { ArchiverServices } from "../../src/archiver/mod.ts";
import type { ArchiveLedger } from "../../src/checkpoint/archive_ledger.ts";
import type { KinesisApi } from "../../src/kinesis/kinesis_api.ts";
import type { ObjectStore } from "../../src/objects/object_store.ts";
import { type Process, show } from "./process.ts";
import type { ServiceName } from "./faults.ts";

/** What workers share: Kinesis, bucket and database. */
export type SharedServices = Omit<ArchiverServices, "clock">;

/** The services as one process has them: each call may go wrong. */
export function servicesOf(process: Process, shared: SharedServices): ArchiverServices {
  return {
    clock: process.clock,
    kinesis: kinesisOf(process, shared.kinesis),
    store: storeOf(process, shared.store),
    ledger: ledgerOf(process, shared.ledger),
  };
}

function kinesisOf(process: Process, kinesis: KinesisApi): KinesisApi {
  const call = caller(process, "kinesis");
  return {
    describeStream: (stream) => call("describeStream", () => kinesis.describeStream(stream)),
    async *listShards(stream) {
      yield* await call("listShards", () => collect(kinesis.listShards(stream)));
    },
    getShardIterator: (shard, position) =>
      call("getShardIterator", () => kinesis.getShardIterator(shard, position), shard, position),
    getRecords: (iterator, options) =>
      call("getRecords", async () => {
        const batch = await kinesis.getRecords(iterator, { limit: options?.limit ?? 10_000 });
        const next = batch.records[0];
        if (next === undefined || process.clock.random() < 0.9) return batch;
        // Kinesis often answers with nothing although more follows.
        const millisBehindLatest = process.clock.now() - next.arrivedAt.getTime();
        return { records: [], nextIterator: iterator, millisBehindLatest };
      }, describeIterator(iterator)),
    putRecords: (stream, entries) => call("putRecords", () => kinesis.putRecords(stream, entries)),
  };
}

function storeOf(process: Process, store: ObjectStore): ObjectStore {
  const call = caller(process, "store");
  return {
    url: store.url,
    async *list(prefix) {
      yield* await call("list", () => collect(store.list(prefix)), prefix);
    },
    head: (key) => call("head", () => store.head(key), key),
    get: (key, options) => call("get", () => store.get(key, options), key),
    put(key, body, options) {
      const sent = body.slice();
      return call("put", () => store.put(key, sent, options), key, options?.metadata);
    },
  };
}

/** All methods of a ledger but disposal are calls of the same kind. */
function ledgerOf(process: Process, ledger: ArchiveLedger): ArchiveLedger {
  const call = caller(process, "ledger");
  return new Proxy(ledger, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function" || typeof name !== "string") return value;
      return (...args: unknown[]) =>
        call(name, () => value.apply(target, args) as Promise<unknown>, ...args);
    },
  });
}

function caller(process: Process, service: ServiceName) {
  return <T>(operation: string, act: () => Promise<T>, ...details: unknown[]): Promise<T> =>
    process.call(service, operation, act, () => details.map(show).join(" "));
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** The text of an iterator of the in-memory Kinesis, for the trace. */
function describeIterator(iterator: string): string {
  return atob(iterator);
}
