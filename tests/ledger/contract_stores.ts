/**
 * What every ledger promises about the object store of its archive, as a list of tests.
 *
 * @module
 */

import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import type { ArchiveIntent, ArchiveLedger, IntendedRange } from "@triton/triton/checkpoint";
import { shard } from "../checkpoint/contract.ts";
import {
  at,
  checkpointsOf,
  intent,
  lease,
  type LedgerTest,
  LONG_MS,
  newShard,
  range,
} from "./support.ts";

const [A, B] = ["s3://a", "s3://b at http://minio:9000"] as const;
const OTHER = { name: "CheckpointError", code: "OtherStore", retryable: false };

/** An intent for a store. */
function into(store: string, id: string, ...ranges: readonly IntendedRange[]): ArchiveIntent {
  return { ...intent(id, ...ranges), store };
}

async function archive(ledger: ArchiveLedger, store: string, id: string, part: IntendedRange) {
  deepStrictEqual(await ledger.intend(into(store, id, part)), [part.shardId]);
  equal(await ledger.commit(id), "done");
}

/** Moves without their time. */
function untimed(moves: Awaited<ReturnType<ArchiveLedger["moves"]>>) {
  return moves.map(({ movedAt: _, ...move }) => move);
}

export const STORES: readonly LedgerTest[] = [
  {
    name: "useStore() writes a store down, which others may be until something is archived",
    async run(place) {
      await using ledger = await place.open();
      equal(await ledger.store(), undefined);
      await ledger.useStore(B);
      equal(await ledger.store(), B);
      await ledger.useStore(A);
      equal(await ledger.store(), A);
      await using other = await place.open({ client: "other" });
      equal(await other.store(), undefined);
      await lease(ledger, "a", 1);
      await ledger.intend(into(A, "i", range(0, 1, undefined, "5")));
      await rejects(ledger.useStore(B), {
        ...OTHER,
        message:
          `Cannot archive "clicks" to ${B}: the archive of client "store" is in ${A}; name ` +
          'that store, or move the archive with "triton checkpoint move-bucket"',
      });
      await ledger.useStore(A);
    },
  },
  {
    name: "useStore() refuses another store where an older Triton has left checkpoints",
    async run(place) {
      await place.save({ 0: "5" });
      await using ledger = await place.open();
      await ledger.useStore(A);
      await rejects(ledger.useStore(B), OTHER);
    },
  },
  {
    name: "intend() names the store, and is refused for another one, its answer lost or not",
    async run(place) {
      await using ledger = await place.open();
      await ledger.useStore(A);
      await lease(ledger, "a", 1);
      const first = into(A, "i", range(0, 1, undefined, "5"));
      await ledger.intend(first);
      deepStrictEqual((await ledger.position(shard(0))).open, [first]);
      const { store: _, ...nowhere } = first;
      for (const wrong of [into(B, "j", ...first.ranges), { ...nowhere, id: "k" }]) {
        await rejects(ledger.intend(wrong), OTHER);
        await rejects(ledger.commit(wrong.id), { code: "Unknown" });
      }
      await ledger.leave("a");
      await ledger.moveStore(B, { isGone: true });
      await rejects(ledger.intend(first), OTHER);
    },
  },
  {
    name: "intend() leaves out shards that another worker holds, also under the same epoch",
    async run(place) {
      await using ledger = await place.open();
      await lease(ledger, "a", 1);
      const part = range(0, 1, undefined, "5");
      deepStrictEqual(await ledger.intend({ ...intent("i", part), worker: "b" }), []);
      deepStrictEqual(await ledger.intend({ ...intent("i", part), worker: "a" }), [shard(0)]);
      deepStrictEqual((await ledger.position(shard(0))).open, [intent("i", part)]);
    },
  },
  {
    name: "newestFiles() are those that the checkpoints of open shards come from",
    async run(place) {
      await using ledger = await place.open();
      await ledger.useStore(A);
      await lease(ledger, "a", 3);
      const both = [range(0, 1, undefined, "5"), range(1, 1, undefined, "6")];
      await ledger.intend(into(A, "i", ...both));
      await ledger.commit("i");
      await archive(ledger, A, "j", range(0, 1, "5", "7"));
      await archive(ledger, A, "k", range(2, 1, undefined, "8"));
      await ledger.end(shard(2), 1, at("8"), []);
      await ledger.intend(into(A, "l", range(1, 1, "6", "9")));
      const ids = (await ledger.newestFiles()).map(({ id }) => id).sort();
      deepStrictEqual(ids, ["i", "j"]);
    },
  },
  {
    name: "moveStore() is refused while a worker is alive or an intent is open",
    async run(place) {
      await using ledger = await place.open();
      await ledger.useStore(A);
      await ledger.addShards([newShard(0)]);
      await ledger.renew("idle", LONG_MS);
      await rejects(ledger.moveStore(B), { code: "Leased", message: /worker idle is alive/ });
      await ledger.leave("idle");
      await ledger.acquire(shard(0), "a", LONG_MS);
      await rejects(ledger.moveStore(B), { code: "Leased", message: /worker a is alive/ });
      const open = into(A, "i", range(0, 1, undefined, "5"));
      await ledger.intend(open);
      await ledger.leave("a");
      await rejects(ledger.moveStore(B), { code: "Unsettled", message: /intent i\) was begun/ });
      equal(await ledger.store(), A);
      deepStrictEqual(await ledger.moves(), []);
      await ledger.moveStore(B, { isGone: true });
      equal(await ledger.commit("i"), "void");
      deepStrictEqual(await checkpointsOf(ledger), {});
    },
  },
  {
    name: "moveStore() records where each shard ends, and to and fro is two moves",
    async run(place) {
      await place.save({ 3: "30" });
      await using ledger = await place.open();
      await lease(ledger, "a", 3);
      await ledger.intend(into(A, "i", range(0, 1, undefined, "5"), range(1, 1, undefined, "6")));
      await ledger.commit("i");
      await ledger.reposition(shard(1), 1, { start: { type: "trim-horizon" } }, {
        ...{ stream: "clicks", shardId: shard(1), after: at("6"), until: undefined },
        ...{ reason: "skipped", recordedAt: new Date(0) },
      });
      await ledger.leave("a");
      const ends = [[0, "5"], [1, "6"], [3, "30"]] as const;
      const moves = (from: string | undefined, to: string) =>
        ends.map(([n, after]) => ({ shardId: shard(n), after: at(after), from, to }));
      deepStrictEqual(untimed(await ledger.moveStore(A)), moves(undefined, A));
      deepStrictEqual(untimed(await ledger.moveStore(B)), moves(A, B));
      deepStrictEqual(await ledger.moveStore(B), []);
      deepStrictEqual(untimed(await ledger.moveStore(A)), moves(B, A));
      const all = [...moves(undefined, A), ...moves(A, B), ...moves(B, A)];
      deepStrictEqual(untimed(await ledger.moves()), all);
      await ledger.acquire(shard(0), "b", LONG_MS);
      await archive(ledger, A, "j", range(0, 2, "5", "7"));
    },
  },
  {
    name: "a worker that was paused over a move cannot write an intent for the old store",
    async run(place) {
      await using paused = await place.open();
      await using mover = await place.open();
      await paused.useStore(A);
      await paused.addShards([newShard(0)]);
      await paused.acquire(shard(0), "a", 0);
      await place.pass();
      await mover.moveStore(B);
      // The epoch still holds: nobody has taken the lease.
      await rejects(paused.intend(into(A, "i", range(0, 1, undefined, "5"))), OTHER);
      deepStrictEqual((await mover.position(shard(0))).open, []);
    },
  },
];
