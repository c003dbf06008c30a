/**
 * What the table of every group promises, as a list of tests.
 *
 * @module
 */

import { deepStrictEqual, equal, ok, rejects } from "node:assert/strict";
import { shard } from "../../checkpoint/contract.ts";
import {
  at,
  CREATED,
  type GroupTest,
  lease,
  LONG_MS,
  newShard,
  numberOf,
  positionsOf,
} from "./support.ts";

const IDENTITY: readonly GroupTest[] = [
  {
    name: "identify() creates the group, and refuses a stream that was created again",
    async run(place) {
      await using group = await place.open();
      const { table } = group;
      equal(await table.createdAt(), undefined);
      await rejects(table.addShards([newShard(0)]), { name: "CheckpointError", code: "Unknown" });
      await rejects(table.addFirstShards([newShard(0)]), { code: "Unknown" });
      await table.identify(CREATED);
      await table.identify(CREATED);
      await rejects(table.identify(new Date(CREATED.getTime() + 1)), {
        name: "CheckpointError",
        code: "StreamRecreated",
        retryable: false,
        message:
          /^Cannot continue with stream "clicks": it was created at 2026-01-02T03:04:05\.679Z/,
      });
      deepStrictEqual(await table.createdAt(), CREATED);
      await using other = await place.open({ client: "other" });
      equal(await other.table.createdAt(), undefined);
      await other.table.identify(new Date(0));
    },
  },
  {
    name: "addFirstShards() takes over the positions that the client saved as a reader",
    async run(place) {
      await place.save({ 0: "7", 2: "9" });
      await using group = await place.open();
      const { table } = group;
      await table.identify(CREATED);
      deepStrictEqual([...await table.checkpoints()], [[shard(0), "7"], [shard(2), "9"]]);
      equal(await table.addFirstShards([newShard(0), newShard(1)]), true);
      deepStrictEqual(await positionsOf(table), { 0: "7", 1: undefined });
      equal(await table.addFirstShards([newShard(3)]), false);
      deepStrictEqual([...await table.checkpoints()], [[shard(0), "7"]]);
      await using other = await place.open({ client: "other" });
      deepStrictEqual(await other.table.checkpoints(), new Map());
    },
  },
  {
    name: "addShards() adds shards with their start, and leaves those that are known",
    async run(place) {
      await using group = await place.open();
      const { table } = group;
      const timestamp = new Date("2026-01-02T03:04:05.678Z");
      await table.identify(CREATED);
      await table.addShards([]);
      await table.addShards([{ ...newShard(2, 0, 1), knownAt: new Date(5) }]);
      await table.addShards([
        { ...newShard(0), start: { type: "at-timestamp", timestamp }, knownAt: new Date(6) },
        { ...newShard(2), start: { type: "at-timestamp", timestamp } },
      ]);
      const free = { state: "open", owner: undefined, leasedUntil: undefined, epoch: 0 };
      deepStrictEqual(await table.shards(), [
        {
          ...{ shardId: shard(0), parents: [], ...free, position: undefined },
          ...{ start: { type: "at-timestamp", timestamp }, knownAt: new Date(6) },
        },
        {
          ...{ shardId: shard(2), parents: [shard(0), shard(1)], ...free, position: undefined },
          ...{ start: { type: "trim-horizon" }, knownAt: new Date(5) },
        },
      ]);
    },
  },
];

const LEASES: readonly GroupTest[] = [
  {
    name: "acquire() gives a shard to one member at a time, under a new epoch each time",
    async run(place) {
      await using group = await place.open();
      const { table } = group;
      await lease(table, 1);
      await table.renew("b", LONG_MS);
      equal(await table.acquire(shard(0), "b", LONG_MS), undefined);
      equal(await table.acquire(shard(0), "a", LONG_MS), 2, "its first answer may have been lost");
      await table.release("b", [shard(0)]);
      equal(await table.acquire(shard(0), "b", LONG_MS), undefined);
      await table.release("a", [shard(0)]);
      equal(await table.acquire(shard(0), "b", LONG_MS), 3);
      await table.leave("b");
      equal(await table.acquire(shard(0), "a", LONG_MS), 4);
      equal(await table.acquire(shard(9), "a", LONG_MS), undefined);
    },
  },
  {
    name: "a lease is its member's row: who does not renew holds nothing, and who does holds all",
    async run(place) {
      await using group = await place.open();
      const { table } = group;
      await lease(table, 2);
      await table.renew("b", LONG_MS);
      await table.renew("a", 0);
      deepStrictEqual((await table.shards()).map(({ owner }) => owner), [undefined, undefined]);
      equal(await table.acquire(shard(0), "b", LONG_MS), 2);
      const renewal = await table.renew("a", LONG_MS);
      deepStrictEqual(renewal, { held: new Map([[shard(1), 1]]), workers: ["a", "b"] });
      const shards = await table.shards();
      deepStrictEqual(shards.map(({ owner, epoch }) => [owner, epoch]), [["b", 2], ["a", 1]]);
      ok(shards.every(({ leasedUntil }) => leasedUntil !== undefined));
      equal(await table.acquire(shard(1), "b", LONG_MS), undefined);
    },
  },
  {
    name: "acquire() waits for the end of every parent",
    async run(place) {
      await using group = await place.open();
      const { table } = group;
      await lease(table, 2);
      await table.addShards([newShard(2, 0, 1), newShard(3, 9)]);
      equal(await table.acquire(shard(2), "a", LONG_MS), undefined);
      equal(await table.acquire(shard(3), "a", LONG_MS), 1, "its parent is not known");
      const end = { worker: "a", epoch: 1, position: undefined, children: [] };
      equal(await table.endShard({ ...end, shardId: shard(0) }), true);
      equal(await table.acquire(shard(2), "a", LONG_MS), undefined);
      equal(await table.endShard({ ...end, shardId: shard(1) }), true);
      equal(await table.acquire(shard(2), "a", LONG_MS), 1);
      equal(await table.acquire(shard(0), "a", LONG_MS), undefined, "it has ended");
    },
  },
  {
    name: "position() is of the member that holds the lease",
    async run(place) {
      await using group = await place.open();
      const { table } = group;
      await lease(table, 1);
      const found = await table.position(shard(0), "a", 1);
      deepStrictEqual(found?.start, { type: "trim-horizon" });
      equal(found?.position, undefined);
      equal(await table.position(shard(0), "b", 1), undefined);
      equal(await table.position(shard(0), "a", 2), undefined);
      deepStrictEqual(
        await table.save("a", [{
          ...{ shardId: shard(0), epoch: 1, previous: undefined, last: at("5") },
        }]),
        [],
      );
      const saved = await table.position(shard(0), "a", 1);
      equal(saved?.position, "5");
      deepStrictEqual(saved?.knownAt, (await table.shards())[0]!.knownAt);
      await table.leave("a");
      equal(await table.position(shard(0), "a", 1), undefined);
    },
  },
  {
    name: "members() are those that have not expired, with the last error of each",
    async run(place) {
      await using group = await place.open();
      const { table } = group;
      await lease(table, 1);
      await table.renew("b", LONG_MS);
      await table.report("b", "boom");
      await table.report("c", "nobody");
      await table.renew("b", LONG_MS);
      const errors = async () =>
        (await table.members()).map(({ worker, lastError }) => [worker, lastError]);
      deepStrictEqual(await errors(), [["a", undefined], ["b", "boom"]]);
      await table.report("b", undefined);
      await table.renew("a", 0);
      deepStrictEqual(await errors(), [["b", undefined]]);
      await using other = await place.open({ stream: "other" });
      deepStrictEqual(await other.table.members(), []);
    },
  },
];

const POSITIONS: readonly GroupTest[] = [
  {
    name: "save() moves what its member holds, and names the shards that are lost",
    async run(place) {
      await using group = await place.open();
      const { table } = group;
      await lease(table, 4);
      const move = (n: number, previous: string | undefined, last: string, epoch = 1) => (
        {
          shardId: shard(n),
          epoch,
          previous: previous === undefined ? undefined : at(previous),
          last: at(last),
        }
      );
      deepStrictEqual(await table.save("a", []), []);
      deepStrictEqual(await table.save("a", [0, 1, 2, 3].map((n) => move(n, undefined, "5"))), []);
      equal(await table.acquire(shard(1), "a", LONG_MS), 2);
      await table.release("a", [shard(2)]);
      const lost = await table.save("a", [
        ...[move(3, "4", "6"), move(2, "5", "6"), move(1, "5", "6"), move(0, "5", "6")],
      ]);
      deepStrictEqual(lost, [shard(1), shard(2), shard(3)]);
      deepStrictEqual(await positionsOf(table), { 0: "6", 1: "5", 2: "5", 3: "5" });
      deepStrictEqual(await table.save("b", [move(0, "6", "7")]), [shard(0)]);
      deepStrictEqual(await table.save("a", [move(9, undefined, "7")]), [shard(9)]);
    },
  },
  {
    name: "save() recognizes what was saved when its answer was lost",
    async run(place) {
      await using group = await place.open();
      const { table } = group;
      await lease(table, 1);
      const move = { shardId: shard(0), epoch: 1, previous: undefined, last: at("5") };
      deepStrictEqual(await table.save("a", [move]), []);
      deepStrictEqual(await table.save("a", [move]), []);
      equal(await table.acquire(shard(0), "a", LONG_MS), 2);
      deepStrictEqual(await table.save("a", [move]), [shard(0)], "under another epoch");
    },
  },
  {
    name: "endShard() ends a shard at the position that its member knows, and adds its children",
    async run(place) {
      await using group = await place.open();
      const { table } = group;
      await lease(table, 1);
      await table.save("a", [{ shardId: shard(0), epoch: 1, previous: undefined, last: at("5") }]);
      const end = {
        ...{ shardId: shard(0), worker: "a", epoch: 1, position: at("5") },
        children: [newShard(1, 0), newShard(2, 0)],
      };
      equal(await table.endShard({ ...end, position: at("4") }), false);
      equal(await table.endShard({ ...end, position: undefined }), false);
      equal(await table.endShard({ ...end, worker: "b" }), false);
      equal(await table.endShard({ ...end, epoch: 2 }), false);
      equal(await table.endShard({ ...end, shardId: shard(9) }), false);
      deepStrictEqual((await table.shards()).length, 1);
      equal(await table.endShard(end), true);
      equal(await table.endShard(end), true, "its answer may have been lost");
      const states = (await table.shards()).map(({ shardId, state }) => [numberOf(shardId), state]);
      deepStrictEqual(states, [[0, "ended"], [1, "open"], [2, "open"]]);
      deepStrictEqual((await table.shards("open")).map(({ shardId }) => numberOf(shardId)), [1, 2]);
      deepStrictEqual((await table.shards())[0]?.owner, undefined);
    },
  },
  {
    name: "setPositions() to before a split opens the parent again, and its children wait",
    async run(place) {
      await using group = await place.open();
      const { table } = group;
      await lease(table, 1);
      const move = (n: number, epoch: number, previous: string | undefined, last: string) =>
        table.save("a", [
          {
            shardId: shard(n),
            epoch,
            previous: previous ? at(previous) : undefined,
            last: at(last),
          },
        ]);
      await move(0, 1, undefined, "50");
      await table.endShard({
        ...{ shardId: shard(0), worker: "a", epoch: 1, position: at("50") },
        children: [newShard(1, 0), newShard(2, 0)],
      });
      equal(await table.acquire(shard(1), "a", LONG_MS), 1);
      await move(1, 1, undefined, "60");
      const moved = await table.setPositions(
        new Map([[shard(0), { position: at("20") }], [shard(9), { position: at("1") }]]),
      );
      deepStrictEqual(moved, [
        { shardId: shard(0), from: at("50"), to: at("20") },
        { shardId: shard(1), from: at("60"), to: undefined },
        { shardId: shard(2), from: undefined, to: undefined },
      ]);
      deepStrictEqual(await move(1, 1, "60", "70"), [shard(1)], "its member has lost it");
      equal(await table.position(shard(1), "a", 1), undefined);
      equal(await table.acquire(shard(1), "a", LONG_MS), undefined);
      equal(await table.acquire(shard(0), "a", LONG_MS), 3);
      equal((await table.position(shard(0), "a", 3))?.position, "20");
      deepStrictEqual(await positionsOf(table), { 0: "20", 1: undefined, 2: undefined });
    },
  },
  {
    name: "setPositions() moves to a time, forwards, and each shard that is given to its own place",
    async run(place) {
      await using group = await place.open();
      const { table } = group;
      await lease(table, 2);
      await table.addShards([newShard(2, 0)]);
      const timestamp = new Date("2026-01-01T00:00:00Z");
      await table.setPositions(
        new Map([
          [shard(0), { start: { type: "at-timestamp", timestamp } }],
          [shard(1), { position: at("9") }],
          [shard(2), { position: at("8") }],
        ]),
      );
      deepStrictEqual(await positionsOf(table), { 0: undefined, 1: "9", 2: "8" });
      const [first] = await table.shards();
      deepStrictEqual([first!.start, first!.knownAt], [
        { type: "at-timestamp", timestamp },
        timestamp,
      ]);
      deepStrictEqual((await table.renew("a", LONG_MS)).held, new Map());
    },
  },
  {
    name: "setPositions() leaves a shard alone that is there, unless it comes from one that moves",
    async run(place) {
      await using group = await place.open();
      const { table } = group;
      await lease(table, 2);
      await table.addShards([newShard(2, 0)]);
      const move = { shardId: shard(1), epoch: 1, previous: undefined, last: at("9") };
      await table.save("a", [move, { ...move, shardId: shard(0) }]);
      const nine = { position: at("9") };
      deepStrictEqual(await table.setPositions(new Map([[shard(1), nine]])), []);
      deepStrictEqual(await table.save("a", [{ ...move, previous: at("9"), last: at("10") }]), []);
      await table.setPositions(new Map([[shard(2), nine]]));
      const moved = await table.setPositions(
        new Map([[shard(0), { position: at("8") }], [shard(2), nine]]),
      );
      deepStrictEqual(moved, [
        { shardId: shard(0), from: at("9"), to: at("8") },
        { shardId: shard(2), from: at("9"), to: at("9") },
      ]);
      deepStrictEqual((await table.renew("a", LONG_MS)).held, new Map([[shard(1), 1]]));
    },
  },
  {
    name: "recordGap() keeps the latest discovery, and refuses one under a lost lease",
    async run(place) {
      await using group = await place.open();
      const { table } = group;
      await lease(table, 1);
      const gap = (until: string | undefined, time: number) => ({
        ...{ stream: "clicks", shardId: shard(0), after: undefined, reason: "retention" },
        ...{ until: until ? at(until) : undefined, recordedAt: new Date(time) },
      });
      equal(await table.recordGap(gap("7", 2_000), 1), true);
      equal(await table.recordGap(gap("5", 1_000), 1), true);
      equal(await table.recordGap(gap("9", 3_000), 2), false);
      deepStrictEqual(await table.gaps(), [gap("7", 2_000)]);
      equal(await table.recordGap(gap("8", 3_000)), true);
      deepStrictEqual(await table.gaps(), [gap("8", 3_000)]);
    },
  },
];

export const TABLES: readonly GroupTest[] = [...IDENTITY, ...LEASES, ...POSITIONS];
