/**
 * Bugs on purpose: each breaks one rule of the protocol, by standing between the workers and what
 * they share. Nothing in the archiver knows of them.
 *
 * @module
 */

import type { ArchiveIntent, ArchiveLedger } from "../../src/ledger/archive_ledger.ts";
import type { Checkpointer } from "../../src/exports/checkpoint.ts";
import type { KinesisApi } from "../../src/kinesis/kinesis_api.ts";
import type { ObjectStore } from "../../src/objects/object_store.ts";
import type { SequenceNumber, StartPosition } from "../../src/base/record.ts";
import { changed } from "./changed.ts";
import type { Trouble } from "./troubles.ts";
import type { Plant } from "./world.ts";

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
    position: async (shardId) => ({ ...await ledger.position(shardId), open: [] }),
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
      // Nor whose it is: a worker's name alone would keep the old epoch out, too.
      return await ledger.intend({ ...intent, ranges, worker: undefined }, replaces);
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
      async position(shardId) {
        const position = await ledger.position(shardId);
        if (position.start.type !== "at-timestamp") return position;
        const timestamp = new Date(scheduler.now);
        return { ...position, start: { type: "at-timestamp", timestamp } };
      },
    })),
  }),

  /** Step 4: a shard that was refused stays in the file. */
  "refused shard stays in the file": inLedger((ledger) => ({
    async intend(intent, replaces) {
      const accepted = await ledger.intend(intent, replaces);
      return accepted.length > 0 ? intent.ranges.map(({ shardId }) => shardId) : [];
    },
  })),

  /** Start: "latest" is written down by a clock that is ahead. */
  "start by a clock that is ahead": inLedger((ledger) => ({
    addFirstShards: (shards) =>
      ledger.addFirstShards(shards.map((shard) => ({ ...shard, start: later(shard.start) }))),
  })),

  /** Step 5: a key that is taken counts as stored, whatever is there. */
  "taken key counts as stored": inStore((store) => ({
    async put(key, body, options) {
      await store.put(key, body, options);
      return "created";
    },
  })),

  /** Shards: one that was listed late begins where it was listed. */
  "shard listed late begins late": (shared, scheduler) => ({
    ...shared,
    ledger: changed<ArchiveLedger>(shared.ledger, (ledger) => ({
      addShards: (shards) => {
        const start = { type: "at-timestamp", timestamp: new Date(scheduler.now) } as const;
        return ledger.addShards(shards.map((shard) => ({ ...shard, start })));
      },
    })),
  }),

  /** Step 6: a commit that arrives for a second time moves the checkpoint back. */
  "commit of what is done": inLedger((ledger) => {
    const intents = new Map<string, ArchiveIntent>();
    const done = new Set<string>();
    return {
      async intend(intent, replaces) {
        intents.set(intent.id, intent);
        return await ledger.intend(intent, replaces);
      },
      async commit(id) {
        if (!done.has(id)) {
          done.add(id);
          return await ledger.commit(id);
        }
        const epochs = new Map(
          (await ledger.shards()).map((shard) => [shard.shardId, shard.epoch]),
        );
        for (const { shardId, last: checkpoint } of intents.get(id)?.ranges ?? []) {
          await ledger.reposition(shardId, epochs.get(shardId)!, { checkpoint });
        }
        return "done";
      },
    };
  }),

  /** Kinesis: a record that is delivered again has a number of its own. */
  "redelivered record is another": inKinesis((kinesis) => ({
    async getRecords(iterator, options) {
      const batch = await kinesis.getRecords(iterator, options);
      const [first, second] = batch.records;
      const isAgain = first && second && atob(iterator).split("/")[3] === second.sequenceNumber;
      if (!isAgain) return batch;
      const sequenceNumber = String(BigInt(second.sequenceNumber) + 1n) as SequenceNumber;
      return { ...batch, records: [...batch.records.slice(1), { ...first, sequenceNumber }] };
    },
  })),

  /** Consumers: a position that is loaded is one record further than what was saved. */
  "position one record too far": (shared) => ({
    ...shared,
    checkpointer: (checkpointer) =>
      changed<Checkpointer>(checkpointer, () => ({
        async list(stream) {
          const checkpoints = await checkpointer.list(stream);
          return await Promise.all(checkpoints.map(async (checkpoint) => {
            const position = { type: "after", ...checkpoint } as const;
            const iterator = await shared.kinesis.getShardIterator(checkpoint, position);
            const { records: [next] } = await shared.kinesis.getRecords(iterator, { limit: 1 });
            return { ...checkpoint, ...next && { sequenceNumber: next.sequenceNumber } };
          }));
        },
      })),
  }),

  /** Producers: what Kinesis refused of a request is taken for put. */
  "refused record counts as taken": inKinesis((kinesis) => ({
    async putRecords(stream, entries) {
      const sent = entries.length > 1 ? entries.slice(1) : entries;
      const results = await kinesis.putRecords(stream, sent);
      return entries.length > 1 ? [results[0]!, ...results] : results;
    },
  })),

  /** Recovery: nobody looks where the archive ends, should the database have forgotten it. */
  "end of the archive is not looked for": inStore(() => ({
    async *list() {},
    async *folders() {},
  })),

  /** Moves: an intent is accepted whatever bucket it names. */
  "intent names any bucket": inLedger((ledger) => ({
    async intend(intent, replaces) {
      const store = await ledger.store() ?? intent.store;
      return await ledger.intend({ ...intent, store }, replaces);
    },
  })),
};

/** By which planted bug each kind of trouble is seen to be noticed. */
export const PLANT_OF_TROUBLE: Readonly<Record<Trouble, string>> = {
  clocks: "start by a clock that is ahead",
  pauses: "intent under an old epoch",
  listings: "shard listed late begins late",
  "false conflicts": "taken key counts as stored",
  "late writes": "commit of what is done",
  failovers: "end of the archive is not looked for",
  "stolen leases": "refused shard stays in the file",
  redelivery: "redelivered record is another",
  consumers: "position one record too far",
  producers: "refused record counts as taken",
  moves: "intent names any bucket",
};

function later(start: StartPosition): StartPosition {
  if (start.type !== "at-timestamp") return start;
  return { ...start, timestamp: new Date(start.timestamp.getTime() + 20_000) };
}

function streamOf(iterator: string): string {
  return atob(iterator).split("/")[0]!;
}
