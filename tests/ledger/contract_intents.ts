/**
 * What every ledger promises about intents, checkpoints and gaps, as a list of tests.
 *
 * @module
 */

import { deepStrictEqual, equal, ok, rejects } from "node:assert/strict";
import type { Gap } from "@triton/triton/checkpoint";
import { shard } from "../checkpoint/contract.ts";
import {
  at,
  checkpointsOf,
  intent,
  lease,
  type LedgerTest,
  LONG_MS,
  newShard,
  openIntents,
  range,
} from "./support.ts";

const UNKNOWN = { name: "CheckpointError", code: "Unknown", retryable: false };

function gap(n: number, after: string | undefined, time: number, reason = "retention"): Gap {
  return {
    stream: "clicks",
    shardId: shard(n),
    after: after === undefined ? undefined : at(after),
    until: undefined,
    reason,
    recordedAt: new Date(time),
  };
}

export const INTENTS: readonly LedgerTest[] = [
  {
    name: "intend(), commit() and position() move checkpoints together",
    async run(place) {
      await using ledger = await place.open();
      await lease(ledger, "a", 3);
      const first = intent("i", range(1, 1, undefined, "20"), range(0, 1, undefined, "10"));
      deepStrictEqual((await ledger.intend(first)).sort(), [shard(0), shard(1)]);
      deepStrictEqual((await ledger.position(shard(1))).open, [first]);
      deepStrictEqual(await openIntents(ledger, 2), []);
      deepStrictEqual(await checkpointsOf(ledger), {});
      equal(await ledger.commit("i"), "done");
      deepStrictEqual(await checkpointsOf(ledger), { 0: "10", 1: "20" });
      deepStrictEqual(await openIntents(ledger, 1), []);
      const second = intent("j", range(2, 1, undefined, "30"), range(0, 1, "10", "11"));
      deepStrictEqual((await ledger.intend(second)).sort(), [shard(0), shard(2)]);
      equal(await ledger.commit("j"), "done");
      deepStrictEqual(await checkpointsOf(ledger), { 0: "11", 1: "20", 2: "30" });
      equal((await ledger.shards())[0]?.checkpoint, "11");
    },
  },
  {
    name: "end() leaves a shard open of which an intent is open: nobody would settle it any more",
    async run(place) {
      await using ledger = await place.open();
      await lease(ledger, "a", 2);
      await ledger.intend(intent("i", range(0, 1, undefined, "10"), range(1, 1, undefined, "20")));
      equal(await ledger.end(shard(0), 1, at("10"), [newShard(7)]), false);
      deepStrictEqual((await ledger.shards("open")).map(({ shardId }) => shardId), [
        shard(0),
        shard(1),
      ]);
      await ledger.commit("i");
      equal(await ledger.end(shard(0), 1, at("10"), [newShard(7)]), true);
      equal(await ledger.end(shard(0), 1, at("10"), [newShard(7)]), true);
    },
  },
  {
    name:
      "end() leaves a shard open whose checkpoint is elsewhere, as where a commit was forgotten",
    async run(place) {
      await using ledger = await place.open();
      await lease(ledger, "a", 1);
      const children = [newShard(7)];
      equal(await ledger.end(shard(0), 1, at("10"), children), false);
      await ledger.intend(intent("i", range(0, 1, undefined, "10")));
      await ledger.commit("i");
      equal(await ledger.end(shard(0), 1, undefined, children), false);
      equal(await ledger.end(shard(0), 1, at("11"), children), false);
      deepStrictEqual((await ledger.shards()).map(({ state }) => state), ["open"]);
      equal(await ledger.end(shard(0), 1, at("10"), children), true);
    },
  },
  {
    name: "isCommitted() knows the keys of archives that are done, and no others",
    async run(place) {
      await using ledger = await place.open();
      await lease(ledger, "a", 2);
      const [done, open] = [
        intent("i", range(0, 1, undefined, "1")),
        intent("j", range(1, 1, undefined, "2")),
      ];
      for (const each of [done, open]) await ledger.intend(each);
      equal(await ledger.isCommitted(done.key), false);
      await ledger.commit("i");
      equal(await ledger.isCommitted(done.key), true);
      equal(await ledger.isCommitted(open.key), false);
      await ledger.cancel("j");
      equal(await ledger.isCommitted(open.key), false);
    },
  },
  {
    name: "position() tells where to begin, and since when that is known",
    async run(place) {
      await using ledger = await place.open();
      await rejects(ledger.position(shard(0)), UNKNOWN);
      await lease(ledger, "a", 1);
      const { knownAt, ...fresh } = await ledger.position(shard(0));
      deepStrictEqual(fresh, {
        open: [],
        checkpoint: undefined,
        start: { type: "trim-horizon" },
      });
      await ledger.intend(intent("i", range(0, 1, undefined, "5")));
      await ledger.commit("i");
      const { knownAt: savedAt, ...saved } = await ledger.position(shard(0));
      deepStrictEqual(saved, { open: [], checkpoint: "5", start: { type: "trim-horizon" } });
      // A checkpoint's time is kept to the second.
      ok(savedAt.getTime() > knownAt.getTime() - 1000, `${savedAt} ${knownAt}`);
      ok(savedAt.getTime() < knownAt.getTime() + 60_000, `${savedAt} ${knownAt}`);
    },
  },
  {
    name: "intend() leaves out shards whose epoch or checkpoint is another one",
    async run(place) {
      await place.save({ 1: "10", 2: "20" });
      await using ledger = await place.open();
      await lease(ledger, "a", 6);
      await ledger.acquire(shard(0), "a", LONG_MS);
      const accepted = await ledger.intend(intent(
        "i",
        range(0, 1, undefined, "5"), // an old epoch
        range(1, 1, undefined, "15"), // before the checkpoint
        range(2, 1, "20", "25"),
        range(3, 1, "30", "35"), // after the checkpoint
        range(4, 2, undefined, "45"), // an epoch to come
        range(5, 1, undefined, "55"),
      ));
      deepStrictEqual(accepted.sort(), [shard(2), shard(5)]);
      deepStrictEqual((await ledger.position(shard(2))).open, [
        intent("i", range(2, 1, "20", "25"), range(5, 1, undefined, "55")),
      ]);
      deepStrictEqual(await openIntents(ledger, 0), []);
      equal(await ledger.commit("i"), "done");
      deepStrictEqual(await checkpointsOf(ledger), { 1: "10", 2: "25", 5: "55" });
    },
  },
  {
    name: "intend() writes nothing if no shard is left or one is unknown",
    async run(place) {
      await using ledger = await place.open();
      await lease(ledger, "a", 1);
      deepStrictEqual(await ledger.intend(intent("i", range(0, 2, undefined, "5"))), []);
      deepStrictEqual(await ledger.intend(intent("j")), []);
      const unknown = intent("k", range(0, 1, undefined, "5"), range(9, 1, undefined, "5"));
      await rejects(ledger.intend(unknown), UNKNOWN);
      for (const id of ["i", "j", "k"]) {
        await rejects(ledger.commit(id), UNKNOWN);
        await rejects(ledger.cancel(id), UNKNOWN);
      }
      deepStrictEqual(await openIntents(ledger, 0), []);
    },
  },
  {
    name: "intend() under a lease that expired is accepted until another takes it",
    async run(place) {
      await using ledger = await place.open();
      await ledger.addShards([newShard(0)]);
      await ledger.acquire(shard(0), "a", 0);
      deepStrictEqual(await ledger.intend(intent("i", range(0, 1, undefined, "5"))), [shard(0)]);
      await ledger.acquire(shard(0), "b", LONG_MS);
      deepStrictEqual(await openIntents(ledger, 0), ["i"]);
      deepStrictEqual(await ledger.intend(intent("j", range(0, 1, undefined, "5"))), []);
      equal(await ledger.commit("i"), "done"); // by the heir, or by the late writer
      deepStrictEqual(await checkpointsOf(ledger), { 0: "5" });
    },
  },
  {
    name: "intend() again tells the same, whatever became of the intent",
    async run(place) {
      await using ledger = await place.open();
      await lease(ledger, "a", 2);
      const asked = intent("i", range(0, 1, undefined, "5"), range(1, 7, undefined, "5"));
      deepStrictEqual(await ledger.intend(asked), [shard(0)]);
      deepStrictEqual(await ledger.intend(asked), [shard(0)]);
      deepStrictEqual(await openIntents(ledger, 0), ["i"]);
      await ledger.commit("i");
      await ledger.acquire(shard(0), "a", LONG_MS);
      deepStrictEqual(await ledger.intend(asked), [shard(0)]);
      deepStrictEqual(await openIntents(ledger, 0), []);
      deepStrictEqual(await checkpointsOf(ledger), { 0: "5" });
    },
  },
  {
    name: "intend() in another one's place makes that one void",
    async run(place) {
      await using ledger = await place.open();
      await lease(ledger, "a", 2);
      const ranges = [range(0, 1, undefined, "5"), range(1, 1, undefined, "6")];
      await ledger.intend(intent("i", ...ranges));
      for (let twice = 0; twice < 2; twice++) {
        deepStrictEqual(await ledger.intend(intent("j", ...ranges), "i"), [shard(0), shard(1)]);
        deepStrictEqual(await openIntents(ledger, 1), ["j"]);
      }
      equal(await ledger.commit("i"), "void");
      equal(await ledger.commit("j"), "done");
      deepStrictEqual(await ledger.intend(intent("k", range(0, 1, "5", "7")), "j"), [shard(0)]);
      equal(await ledger.cancel("j"), "done");
      deepStrictEqual(await checkpointsOf(ledger), { 0: "5", 1: "6" });
    },
  },
  {
    name: "intend() takes any key and id",
    async run(place) {
      await using ledger = await place.open({ client: "größe 🙂", stream: "o'brien?$1" });
      await lease(ledger, "a", 1);
      const odd = {
        id: `a"'?$1\\`,
        key: "?/'$2".repeat(200),
        ranges: [range(0, 1, undefined, "5")],
      };
      await ledger.intend(odd);
      deepStrictEqual((await ledger.position(shard(0))).open, [odd]);
      equal(await ledger.commit(odd.id), "done");
    },
  },
  {
    name: "commit() and cancel() decide once, and tell the same again",
    async run(place) {
      await using ledger = await place.open();
      await lease(ledger, "a", 2);
      await ledger.intend(intent("i", range(0, 1, undefined, "5")));
      await ledger.intend(intent("j", range(1, 1, undefined, "6")));
      for (let twice = 0; twice < 2; twice++) {
        equal(await ledger.commit("i"), "done");
        equal(await ledger.cancel("i"), "done");
        equal(await ledger.cancel("j"), "void");
        equal(await ledger.commit("j"), "void");
      }
      deepStrictEqual(await checkpointsOf(ledger), { 0: "5" });
      deepStrictEqual(await openIntents(ledger, 1), []);
      await rejects(ledger.commit("none"), UNKNOWN);
      await rejects(ledger.cancel("none"), UNKNOWN);
    },
  },
  {
    name:
      "commit() notes up to when each shard is known to be archived, whatever the database's clock says",
    async run(place) {
      await using ledger = await place.open();
      await lease(ledger, "a", 3);
      const earlier = new Date("2025-12-31T03:04:05Z");
      const later = new Date("2037-12-31T03:04:05Z");
      const ranges = [
        { ...range(0, 1, undefined, "5"), knownAt: earlier },
        { ...range(1, 1, undefined, "6"), knownAt: later },
        range(2, 1, undefined, "7"),
      ];
      await ledger.intend(intent("i", ...ranges));
      await ledger.commit("i");
      const [first, second, third] = await Promise.all(
        [0, 1, 2].map(async (number) => (await ledger.position(shard(number))).knownAt.getTime()),
      );
      equal(first, earlier.getTime());
      equal(second, later.getTime());
      ok(third! > earlier.getTime() && third! < later.getTime());
    },
  },
  {
    name: "commit() writes nothing if one checkpoint was moved meanwhile",
    async run(place) {
      await place.save({ 1: "1" });
      await using ledger = await place.open();
      await lease(ledger, "a", 3);
      const ranges = [range(0, 1, undefined, "5"), range(1, 1, "1", "6")];
      await ledger.intend(intent("i", ...ranges));
      await ledger.reposition(shard(1), 1, { checkpoint: at("4") });
      const moved = {
        name: "CheckpointError",
        code: "CheckpointMoved",
        retryable: false,
        message: `Cannot commit archive "20260101/clicks-store-i.tri": the checkpoint of shard ` +
          `"${shard(1)}" of "clicks" was moved meanwhile`,
      };
      await rejects(ledger.commit("i"), moved);
      await rejects(ledger.commit("i"), moved);
      deepStrictEqual(await checkpointsOf(ledger), { 1: "4" });
      deepStrictEqual(await openIntents(ledger, 0), ["i"]);
      await ledger.reposition(shard(1), 1, { start: { type: "trim-horizon" } });
      await rejects(ledger.commit("i"), moved);
      await ledger.reposition(shard(1), 1, { checkpoint: at("1") });
      await ledger.reposition(shard(0), 1, { checkpoint: at("1") });
      await rejects(ledger.commit("i"), { code: "CheckpointMoved" });
      deepStrictEqual(await checkpointsOf(ledger), { 0: "1", 1: "1" });
      equal(await ledger.cancel("i"), "void");
    },
  },
  {
    name: "confirm() tells whether the lease and the checkpoint are as the caller thinks",
    async run(place) {
      await place.save({ 1: "1" });
      await using ledger = await place.open();
      await lease(ledger, "a", 2);
      const before = (await ledger.position(shard(0))).knownAt.getTime();
      let after = before;
      while (after === before) {
        await place.pass();
        equal(await ledger.confirm(shard(0), 1, undefined), true);
        after = (await ledger.position(shard(0))).knownAt.getTime();
      }
      ok(after > before);
      equal(await ledger.confirm(shard(1), 1, at("1")), true);
      const earlier = new Date("2025-01-02T03:04:05Z");
      for (const [index, checkpoint] of [[0, undefined], [1, at("1")]] as const) {
        equal(await ledger.confirm(shard(index), 1, checkpoint, earlier), true);
        deepStrictEqual((await ledger.position(shard(index))).knownAt, earlier);
      }
      await ledger.addShards([{ ...newShard(2), knownAt: earlier }]);
      deepStrictEqual((await ledger.position(shard(2))).knownAt, earlier, "of a new shard, too");
      equal(await ledger.confirm(shard(1), 1, at("2")), false);
      equal(await ledger.confirm(shard(1), 1, undefined), false);
      equal(await ledger.confirm(shard(0), 1, at("1")), false);
      equal(await ledger.confirm(shard(0), 2, undefined), false);
      await ledger.leave("a");
      equal(await ledger.confirm(shard(0), 1, undefined), false);
      deepStrictEqual(await checkpointsOf(ledger), { 1: "1" });
      await rejects(ledger.confirm(shard(9), 1, undefined), UNKNOWN);
    },
  },
  {
    name: "reposition() moves a shard under its lease, and records the gap with it",
    async run(place) {
      await using ledger = await place.open();
      await lease(ledger, "a", 1);
      const timestamp = new Date("2026-01-02T03:04:05.678Z");
      const skipped = gap(0, undefined, 1_000, "skipped");
      equal(await ledger.reposition(shard(0), 2, { checkpoint: at("5") }, skipped), false);
      deepStrictEqual([await checkpointsOf(ledger), await ledger.gaps()], [{}, []]);
      for (let twice = 0; twice < 2; twice++) {
        equal(await ledger.reposition(shard(0), 1, { checkpoint: at("5") }, skipped), true);
        deepStrictEqual([await checkpointsOf(ledger), await ledger.gaps()], [{ 0: "5" }, [
          skipped,
        ]]);
      }
      const start = { type: "at-timestamp", timestamp } as const;
      equal(await ledger.reposition(shard(0), 1, { start }), true);
      const { checkpoint, start: begins } = await ledger.position(shard(0));
      deepStrictEqual([checkpoint, begins], [undefined, start]);
      await ledger.leave("a");
      equal(await ledger.reposition(shard(0), 1, { checkpoint: at("9") }), false);
      await rejects(ledger.reposition(shard(9), 1, { start }), UNKNOWN);
    },
  },
  {
    name: "recordGap() records a gap once, as it was told last; gaps() are in order of time",
    async run(place) {
      await using ledger = await place.open();
      const gaps = [
        gap(1, undefined, 1),
        gap(0, "1", 2),
        gap(0, "2", 2),
        gap(0, "1", 3, "skipped"),
      ];
      for (const added of [...gaps].reverse()) await ledger.recordGap(added);
      deepStrictEqual(await ledger.gaps(), gaps);
      // More was dropped before what followed the gap was archived.
      const longer = { ...gap(0, "1", 9), until: at("5") };
      for (let time = 0; time < 2; time++) await ledger.recordGap(longer);
      deepStrictEqual(await ledger.gaps(), [gaps[0], gaps[2], gaps[3], longer]);
      // From a worker that was cut off meanwhile.
      await ledger.recordGap({ ...gap(0, "1", 8), until: at("4") });
      deepStrictEqual(await ledger.gaps(), [gaps[0], gaps[2], gaps[3], longer]);
      await using other = await place.open({ client: "other" });
      await other.recordGap({ ...gap(0, "1", 9), until: at("5") });
      deepStrictEqual(await other.gaps(), [{ ...gap(0, "1", 9), until: "5" }]);
    },
  },
  {
    name: "recordGap() refuses a gap that was noticed under a lease that is another's by now",
    async run(place) {
      await using ledger = await place.open();
      await ledger.addShards([newShard(0)]);
      equal(await ledger.acquire(shard(0), "a", LONG_MS), 1);
      const long = { ...gap(0, undefined, 1), until: at("8") };
      equal(await ledger.recordGap(long, 1), true);
      const short = { ...gap(0, undefined, 2), until: at("5") };
      equal(await ledger.recordGap(short, 2), false);
      await ledger.leave("a");
      equal(await ledger.recordGap(short, 1), false);
      deepStrictEqual(await ledger.gaps(), [long]);
      await rejects(ledger.recordGap(gap(9, undefined, 3), 1), UNKNOWN);
    },
  },
  {
    name: "one archive holds more shards than a statement takes rows",
    async run(place) {
      await using ledger = await place.open();
      const all = Array.from({ length: 4_100 }, (_, n) => n);
      await ledger.addShards(all.map((n) => newShard(n)));
      for (const n of [0, 4_050]) await ledger.acquire(shard(n), "a", LONG_MS);
      equal((await ledger.shards()).length, all.length);
      const ranges = all.map((n) => range(n, 1, undefined, "5"));
      deepStrictEqual(await ledger.intend(intent("i", ...ranges)), [shard(0), shard(4_050)]);
      equal(await ledger.commit("i"), "done");
      deepStrictEqual(await checkpointsOf(ledger), { 0: "5", 4050: "5" });
      await ledger.release("a", all.map(shard));
      deepStrictEqual((await ledger.renew("a", LONG_MS)).held, new Map());
    },
  },
];
