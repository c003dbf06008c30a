/**
 * What the transactions of every group promise, as a list of tests.
 *
 * @module
 */

import { deepStrictEqual, equal, rejects, throws } from "node:assert/strict";
import { shard } from "../../checkpoint/contract.ts";
import { at, fence, type GroupTest, lease, LONG_MS, positionsOf } from "./support.ts";

const TRANSACTIONS: readonly GroupTest[] = [
  {
    name: "run() commits effects and position together",
    async run(place) {
      await using group = await place.open();
      const { table, effects } = group;
      await lease(table, 1);
      const run = (previous: string | undefined, last: string) =>
        effects.run(fence(previous, last), (tx) => place.write(tx, last));
      equal(await run(undefined, "5"), "committed");
      equal(await run("5", "7"), "committed");
      deepStrictEqual(await place.effects(), ["5", "7"]);
      deepStrictEqual(await positionsOf(table), { 0: "7" });
    },
  },
  {
    name: "run() commits nothing if the handler throws, and throws what it threw",
    async run(place) {
      await using group = await place.open();
      const { table, effects } = group;
      await lease(table, 1);
      const boom = new RangeError("boom");
      const failing = effects.run(fence(undefined, "5"), (tx) => {
        const written = place.write(tx, "lost");
        if (written === undefined) throw boom;
        return (written as Promise<unknown>).then(() => Promise.reject(boom));
      });
      await rejects(failing, (error) => error === boom);
      deepStrictEqual([await place.effects(), await positionsOf(table)], [[], { 0: undefined }]);
      const again = effects.run(fence(undefined, "5"), (tx) => place.write(tx, "kept"));
      equal(await again, "committed");
      deepStrictEqual(await place.effects(), ["kept"]);
    },
  },
  {
    name: "run() recognizes a commit whose answer was lost",
    async run(place) {
      await using group = await place.open();
      const { table, effects } = group;
      await lease(table, 1);
      const run = () => effects.run(fence(undefined, "5"), (tx) => place.write(tx, "x"));
      equal(await run(), "committed");
      equal(await run(), "already");
      deepStrictEqual([await place.effects(), await positionsOf(table)], [["x"], { 0: "5" }]);
    },
  },
  {
    name: "run() commits nothing under a lost lease, or from another position",
    async run(place) {
      await using group = await place.open();
      const { table, effects } = group;
      await lease(table, 1);
      const run = (asked: ReturnType<typeof fence>) =>
        effects.run(asked, (tx) => place.write(tx, "lost"));
      equal(await run(fence("4", "5")), "lost");
      equal(await run(fence(undefined, "5", { worker: "b" })), "lost");
      equal(await run(fence(undefined, "5", { epoch: 2 })), "lost");
      equal(await run(fence(undefined, "5", { shardId: shard(9) })), "lost");
      await table.save("a", [{ shardId: shard(0), epoch: 1, previous: undefined, last: at("5") }]);
      await table.renew("b", LONG_MS);
      await table.renew("a", 0);
      equal(await table.acquire(shard(0), "b", LONG_MS), 2);
      equal(await run(fence("5", "6")), "lost");
      equal(await run(fence(undefined, "5")), "lost", "it was saved under an earlier epoch");
      await table.renew("b", 0);
      const expired = await effects.run(
        fence("5", "6", { worker: "b", epoch: 2 }),
        (tx) => place.write(tx, "kept"),
      );
      equal(expired, "committed", "nobody has taken it");
      deepStrictEqual([await place.effects(), await positionsOf(table)], [["kept"], { 0: "6" }]);
    },
  },
  {
    name: "run() and endShard() come one after the other, in either order",
    async run(place) {
      await using group = await place.open();
      const { table, effects } = group;
      await lease(table, 1);
      const end = { shardId: shard(0), worker: "a", epoch: 1, position: undefined, children: [] };
      equal(await table.endShard(end), true);
      equal(await effects.run(fence(undefined, "5"), (tx) => place.write(tx, "lost")), "lost");
      deepStrictEqual(await place.effects(), []);
    },
  },
  {
    name: "savepoint() undoes what failed, and no more",
    async run(place) {
      await using group = await place.open();
      const { table, effects } = group;
      await lease(table, 1);
      const boom = new RangeError("boom");
      const isSync = effects.kind === "sqlite";
      const failing = (part: unknown) => {
        const written = place.write(part, "bad");
        if (isSync) throw boom;
        return Promise.resolve(written).then(() => Promise.reject(boom));
      };
      const together = (...steps: (() => unknown)[]) =>
        steps.reduce<unknown>(
          (before, step) => isSync ? step() : Promise.resolve(before).then(step),
          undefined,
        );
      const outcome = await effects.run(fence(undefined, "5"), (tx) =>
        together(
          () => place.write(tx, "first"),
          () => {
            if (!isSync) {
              return rejects(effects.savepoint(tx, failing) as Promise<void>, (e) => e === boom);
            }
            return throws(() => effects.savepoint(tx, failing), (error) => error === boom);
          },
          () => effects.savepoint(tx, (part) => place.write(part, "second")),
        ));
      equal(outcome, "committed");
      deepStrictEqual(await place.effects(), ["first", "second"]);
    },
  },
  {
    name: "run() gives up when its signal is aborted",
    async run(place) {
      await using group = await place.open();
      const { table, effects } = group;
      await lease(table, 1);
      const reason = new Error("stalled");
      let called = false;
      const late = effects.run(fence(undefined, "5"), () => void (called = true), {
        signal: AbortSignal.abort(reason),
      });
      await rejects(late, (error) => error === reason);
      equal(called, false);
      deepStrictEqual(await positionsOf(table), { 0: undefined });
    },
  },
];

const COMMIT_IN: readonly GroupTest[] = [
  {
    name: "commitIn() moves the position when the user's transaction is committed",
    async run(place) {
      await using group = await place.open();
      const { table, effects } = group;
      await lease(table, 1);
      const one = await place.begin();
      await place.write(one.tx, "a");
      await effects.commitIn(one.tx, fence(undefined, "5"));
      await one.commit();
      const two = await place.begin();
      await place.write(two.tx, "b");
      await effects.commitIn(two.tx, fence("5", "6"));
      await two.commit();
      deepStrictEqual([await place.effects(), await positionsOf(table)], [["a", "b"], { 0: "6" }]);
      deepStrictEqual((await table.shards()).length, 1);
    },
  },
  {
    name: "commitIn() makes a transaction that it refuses uncommittable",
    async run(place) {
      await using group = await place.open();
      const { table, effects } = group;
      await lease(table, 1);
      for (const asked of [fence("4", "5"), fence(undefined, "5", { epoch: 2 })]) {
        const { tx, commit } = await place.begin();
        await place.write(tx, "lost");
        await rejects(effects.commitIn(tx, asked), {
          name: "CheckpointError",
          code: "Refused",
          retryable: false,
        });
        await rejects(commit());
      }
      deepStrictEqual([await place.effects(), await positionsOf(table)], [[], { 0: undefined }]);
    },
  },
];

export const EFFECTS: readonly GroupTest[] = [...TRANSACTIONS, ...COMMIT_IN];
