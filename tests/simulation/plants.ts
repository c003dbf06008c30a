/**
 * Bugs on purpose: each breaks one rule of the protocol, by standing between the workers and what
 * they share. Nothing in the archiver knows of them.
 *
 * @module
 */

import type { ArchiveIntent, ArchiveLedger } from "../../src/checkpoint/archive_ledger.ts";
import type { KinesisApi } from "../../src/kinesis/kinesis_api.ts";
import type { ObjectStore } from "../../src/objects/object_store.ts";
import type { SequenceNumber } from "../../src/record.ts";
import type { Plant } from "./world.ts";

/** An object that does as another does, but for some methods. */
function changed<T extends object>(original: T, changes: (original: T) => Partial<T>): T {
  const changed = changes(original) as Record<PropertyKey, unknown>;
  return new Proxy(original, {
    get(target, name) {
      if (Object.hasOwn(changed, name)) return changed[name];
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function inLedger(changes: (ledger: ArchiveLedger) => Partial<ArchiveLedger>): Plant {
  return (shared) => ({ ...shared, ledger: changed(shared.ledger, changes) });
}

function inStore(changes: (store: ObjectStore) => Partial<ObjectStore>): Plant {
  return (shared) => ({ ...shared, store: changed(shared.store, changes) });
}

function inKinesis(changes: (kinesis: KinesisApi) => Partial<KinesisApi>): Plant {
  return (shared) => ({ ...shared, kinesis: changed(shared.kinesis, changes) });
}

/** Each planted bug by its name. */
export const PLANTS: Readonly<Record<string, Plant>> = {
  /** Step 5: archives are put whether their key is free or not. */
  "no condition on put": inStore((store) => ({
    put: (key, body, options) =>
      store.put(key, body, key.endsWith(".tri") ? { ...options, ifAbsent: false } : options),
  })),

  /** Step 7: whoever takes a lease does not look at what is open. */
  "no recovery": inLedger((ledger) => ({
    standing: async (shardId) => ({ ...await ledger.standing(shardId), open: [] }),
  })),

  /** Step 7: recovery looks whether the file is there, and puts no empty archive. */
  "recovery only looks": inStore((store) => ({
    async put(key, body, options) {
      if (options?.metadata?.["triton-void"] === undefined) return store.put(key, body, options);
      return await store.head(key) === undefined ? "created" : "exists";
    },
  })),

  /** Step 7: an archive that landed is declared void. */
  "landed archive cancelled": inStore((store) => ({
    async get(key, options) {
      if (options?.range === undefined) return await store.get(key, options);
      const body = await store.get(key, { range: { offset: 0, length: 10 } });
      return changed(body, ({ size }) => ({ size: Math.min(10, size) }));
    },
  })),

  /** Step 4: an intent is accepted whoever has the lease by now. */
  "intent under an old epoch": inLedger((ledger) => ({
    async intend(intent, replaces) {
      const epochs = new Map((await ledger.shards()).map((shard) => [shard.shardId, shard.epoch]));
      const ranges = intent.ranges.map((range) => ({
        ...range,
        epoch: epochs.get(range.shardId)!,
      }));
      return await ledger.intend({ ...intent, ranges }, replaces);
    },
  })),

  /** Steps 4 and 6: the checkpoint need not be where the archive follows on. */
  "intent beside the checkpoint": inLedger((ledger) => ({
    async intend(intent, replaces) {
      const [checkpoints, shards] = [await ledger.checkpoints(), await ledger.shards()];
      const ranges = intent.ranges.map((range) => ({
        ...range,
        epoch: shards.find(({ shardId }) => shardId === range.shardId)!.epoch,
        previous: checkpoints.get(range.shardId),
      }));
      return await ledger.intend({ ...intent, ranges }, replaces);
    },
  })),

  /** Step 6 before step 5: the checkpoint moves before the archive is put. */
  "commit before put": inLedger((ledger) => ({
    async intend(intent, replaces) {
      const accepted = await ledger.intend(intent, replaces);
      if (accepted.length > 0) await ledger.commit(intent.id);
      return accepted;
    },
  })),

  /** Step 6: of an archive with several shards, one is forgotten. */
  "commit forgets a shard": inLedger((ledger) => ({
    async intend(intent, replaces) {
      const ranges = intent.ranges.length > 1 ? intent.ranges.slice(1) : intent.ranges;
      const accepted = await ledger.intend({ ...intent, ranges }, replaces);
      const forgotten = intent.ranges.filter((range) => !ranges.includes(range));
      return [...accepted, ...forgotten.map(({ shardId }) => shardId)];
    },
  })),

  /** Step 5: a file whose key a stranger has taken is given up instead of put under the next. */
  "taken key gives up": inLedger((ledger) => {
    const first = new Map<string, ArchiveIntent>();
    return {
      async intend(intent, replaces) {
        if (replaces === undefined) first.set(intent.id, intent);
        else if (first.has(replaces)) await ledger.commit(replaces);
        return replaces === undefined ? await ledger.intend(intent) : [];
      },
    };
  }),

  /** Shards: a child is read while its parents are not yet archived. */
  "child before parent": inLedger((ledger) => ({
    shards: async (state) =>
      (await ledger.shards(state)).map((shard) => ({ ...shard, parents: [] })),
  })),

  /** Shards: a shard ends although records of it are not archived. */
  "shard ends early": inKinesis((kinesis) => ({
    async getRecords(iterator, options) {
      const batch = await kinesis.getRecords(iterator, options);
      const shardId = atob(iterator).split("/")[1];
      const closed = (await Array.fromAsync(kinesis.listShards(streamOf(iterator))))
        .some(({ id, endingSequenceNumber }) =>
          id === shardId && endingSequenceNumber !== undefined
        );
      return closed ? { ...batch, nextIterator: undefined } : batch;
    },
  })),

  /** Iterators: reading goes on one record too late. */
  "iterator one record too late": inKinesis((kinesis) => ({
    async getShardIterator(shard, position) {
      const iterator = await kinesis.getShardIterator(shard, position);
      if (position.type !== "after") return iterator;
      return (await kinesis.getRecords(iterator, { limit: 1 })).nextIterator ?? iterator;
    },
  })),

  /** Iterators: reading goes on at the last record that was read, not after it. */
  "iterator one record too early": inKinesis((kinesis) => ({
    async getShardIterator(shard, position) {
      if (position.type !== "after") return await kinesis.getShardIterator(shard, position);
      const trimHorizon = await kinesis.getShardIterator(shard, { type: "trim-horizon" });
      const { records } = await kinesis.getRecords(trimHorizon);
      const index = records.findIndex((record) =>
        record.sequenceNumber === position.sequenceNumber
      );
      const before = records[index - 1]?.sequenceNumber as SequenceNumber | undefined;
      return before === undefined
        ? index === 0 ? trimHorizon : await kinesis.getShardIterator(shard, position)
        : await kinesis.getShardIterator(shard, { type: "after", sequenceNumber: before });
    },
  })),

  /** Quarantine: records that are not events are passed over. */
  "records that are not events dropped": inKinesis((kinesis) => ({
    async getRecords(iterator, options) {
      const batch = await kinesis.getRecords(iterator, options);
      const isMap = (data: Uint8Array) => (data[0]! & 0xf0) === 0x80;
      return { ...batch, records: batch.records.filter(({ data }) => isMap(data)) };
    },
  })),

  /** Retention: what the stream has dropped is not recorded. */
  "gap not recorded": inLedger(() => ({ recordGap: () => Promise.resolve(true) })),

  /** Start: where reading begins is not written down, but worked out each time. */
  "start not written down": (shared, scheduler) => ({
    ...shared,
    ledger: changed<ArchiveLedger>(shared.ledger, (ledger) => ({
      async standing(shardId) {
        const standing = await ledger.standing(shardId);
        if (standing.start.type !== "at-timestamp") return standing;
        const timestamp = new Date(scheduler.now);
        return { ...standing, start: { type: "at-timestamp", timestamp } };
      },
    })),
  }),
};

function streamOf(iterator: string): string {
  return atob(iterator).split("/")[0]!;
}
