/**
 * What every ledger promises about shards, leases and workers, as a list of tests.
 *
 * @module
 */

import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import { positions, shard } from "../checkpoint/contract.ts";
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

export const LEASES: readonly LedgerTest[] = [
  {
    name: "identify() takes the first time of creation and refuses another",
    async run(place) {
      await using ledger = await place.open();
      const created = new Date("2026-01-02T03:04:05.678Z");
      await ledger.identify(created);
      await ledger.identify(created);
      await rejects(ledger.identify(new Date(created.getTime() + 1)), {
        name: "CheckpointError",
        code: "StreamRecreated",
        retryable: false,
        message:
          /^Cannot continue with stream "clicks": it was created at 2026-01-02T03:04:05\.679Z/,
      });
      await ledger.identify(created);
      await using other = await place.open({ client: "other" });
      await other.identify(new Date(0));
    },
  },
  {
    name: "addShards() adds shards with their start, and leaves those that are known",
    async run(place) {
      await using ledger = await place.open();
      const timestamp = new Date("2026-01-02T03:04:05.678Z");
      await ledger.addShards([]);
      await ledger.addShards([newShard(2, 0, 1)]);
      await ledger.addShards([
        { ...newShard(10), start: { type: "after", sequenceNumber: at("7") } },
        { ...newShard(0), start: { type: "at-timestamp", timestamp } },
        { ...newShard(2), start: { type: "at-timestamp", timestamp } },
      ]);
      const free = {
        state: "open",
        owner: undefined,
        leasedUntil: undefined,
        epoch: 0,
        checkpoint: undefined,
      };
      const shards = (await ledger.shards()).map(({ knownAt: _, ...rest }) => rest);
      deepStrictEqual(shards, [
        { shardId: shard(0), parents: [], start: { type: "at-timestamp", timestamp }, ...free },
        {
          shardId: shard(2),
          parents: [shard(0), shard(1)],
          start: { type: "trim-horizon" },
          ...free,
        },
        {
          shardId: shard(10),
          parents: [],
          start: { type: "after", sequenceNumber: "7" },
          ...free,
        },
      ]);
    },
  },
  {
    name: "addFirstShards() adds shards only where none is known",
    async run(place) {
      await using ledger = await place.open();
      await ledger.identify(new Date(0));
      equal(await ledger.addFirstShards([]), true);
      equal(await ledger.addFirstShards([newShard(0)]), true);
      equal(await ledger.addFirstShards([newShard(1)]), false);
      deepStrictEqual((await ledger.shards()).map(({ shardId }) => shardId), [shard(0)]);
    },
  },
  {
    name: "shards() and position() take over the checkpoints of an older Triton",
    async run(place) {
      await place.save({ 0: "49545115243490985018280067714973144582180062593244200961", 3: "7" });
      await using ledger = await place.open();
      await ledger.addShards([newShard(0), newShard(1)]);
      deepStrictEqual((await ledger.shards()).map(({ checkpoint }) => checkpoint), [
        "49545115243490985018280067714973144582180062593244200961",
        undefined,
      ]);
      equal((await ledger.position(shard(0))).checkpoint?.length, 56);
      equal((await ledger.checkpoints()).get(shard(3)), "7");
    },
  },
  {
    name: "shards() tells of each up to when it is known to be archived, as position() does",
    async run(place) {
      await using ledger = await place.open();
      const [started, saved] = [new Date(1_764_547_200_123), new Date(1_764_547_265_000)];
      await ledger.adopt(new Map([[shard(1), { checkpoint: at("7"), knownAt: saved }]]));
      await ledger.addShards([0, 1].map((id) => ({ ...newShard(id), knownAt: started })));
      deepStrictEqual((await ledger.shards()).map(({ knownAt }) => knownAt), [started, saved]);
      for (const { shardId, knownAt } of await ledger.shards()) {
        deepStrictEqual((await ledger.position(shardId)).knownAt, knownAt);
      }
    },
  },
  {
    name: "adopt() saves checkpoints of shards that are not known, for when they are added",
    async run(place) {
      await using ledger = await place.open();
      const knownAt = new Date("2025-12-31T03:04:05Z");
      const adopt = (checkpoints: Readonly<Record<number, string>>) =>
        ledger.adopt(
          new Map(
            [...positions(checkpoints)].map(([id, checkpoint]) => [id, { checkpoint, knownAt }]),
          ),
        );
      deepStrictEqual(await adopt({}), []);
      await ledger.addShards([newShard(0)]);
      deepStrictEqual(await adopt({ 2: "8", 0: "7", 1: "9" }), [shard(1), shard(2)]);
      deepStrictEqual(await checkpointsOf(ledger), { 1: "9", 2: "8" });
      equal((await ledger.shards()).length, 1);
      await ledger.addShards([newShard(1, 0)]);
      const position = await ledger.position(shard(1));
      deepStrictEqual([position.checkpoint, position.knownAt], ["9", knownAt]);
      deepStrictEqual(await adopt({ 1: "10", 2: "11" }), [shard(2)]);
      deepStrictEqual(await checkpointsOf(ledger), { 1: "9", 2: "11" });
      await using other = await place.open({ client: "other" });
      deepStrictEqual(await checkpointsOf(other), {});
    },
  },
  {
    name: "acquire() gives a lease to one worker, and to the same again under a new epoch",
    async run(place) {
      await using ledger = await place.open();
      await ledger.addShards([newShard(0), newShard(1)]);
      equal(await ledger.acquire(shard(0), "a", LONG_MS), 1);
      equal(await ledger.acquire(shard(0), "b", LONG_MS), undefined);
      equal(await ledger.acquire(shard(0), "a", LONG_MS), 2);
      equal(await ledger.acquire(shard(1), "b", LONG_MS), 1);
      equal(await ledger.acquire(shard(9), "b", LONG_MS), undefined);
      deepStrictEqual((await ledger.shards()).map(({ owner, epoch }) => [owner, epoch]), [
        ["a", 2],
        ["b", 1],
      ]);
    },
  },
  {
    name: "acquire() takes over a lease that has expired, at once and after a while",
    async run(place) {
      await using ledger = await place.open();
      await ledger.addShards([newShard(0)]);
      equal(await ledger.acquire(shard(0), "a", 0), 1);
      equal((await ledger.shards())[0]?.owner, undefined);
      equal(await ledger.acquire(shard(0), "b", 1), 2);
      let epoch: number | undefined;
      while (epoch === undefined) {
        await place.pass();
        epoch = await ledger.acquire(shard(0), "c", LONG_MS);
      }
      equal(epoch, 3);
      equal((await ledger.shards())[0]?.owner, "c");
    },
  },
  {
    name: "renew() prolongs the worker's own leases, expired ones that nobody took included",
    async run(place) {
      await using ledger = await place.open();
      await ledger.addShards([newShard(0), newShard(1), newShard(2)]);
      await ledger.acquire(shard(1), "a", 0);
      await ledger.acquire(shard(0), "a", 0);
      await ledger.acquire(shard(0), "a", 0);
      await ledger.acquire(shard(2), "a", 0);
      await ledger.acquire(shard(2), "b", 0);
      const { held } = await ledger.renew("a", LONG_MS);
      deepStrictEqual([...held].sort(), [[shard(0), 2], [shard(1), 1]]);
      deepStrictEqual((await ledger.shards()).map(({ owner }) => owner), ["a", "a", undefined]);
      deepStrictEqual((await ledger.renew("c", LONG_MS)).held, new Map());
    },
  },
  {
    name: "renew() tells who is alive in order, and forgets who is not",
    async run(place) {
      await using ledger = await place.open();
      deepStrictEqual((await ledger.renew("b", LONG_MS)).workers, ["b"]);
      deepStrictEqual((await ledger.renew("a", LONG_MS)).workers, ["a", "b"]);
      deepStrictEqual((await ledger.renew("B", LONG_MS)).workers, ["B", "a", "b"]);
      deepStrictEqual((await ledger.renew("a", 0)).workers, ["B", "b"]);
      deepStrictEqual((await ledger.renew("a", LONG_MS)).workers, ["B", "a", "b"]);
      await using other = await place.open({ client: "other" });
      deepStrictEqual((await other.renew("z", LONG_MS)).workers, ["z"]);
    },
  },
  {
    name: "release() frees the worker's own leases only",
    async run(place) {
      await using ledger = await place.open();
      await ledger.addShards([newShard(0), newShard(1)]);
      await ledger.acquire(shard(0), "a", LONG_MS);
      await ledger.acquire(shard(1), "b", LONG_MS);
      for (let twice = 0; twice < 2; twice++) {
        await ledger.release("a", [shard(1), shard(0), shard(9)]);
        await ledger.release("a", []);
        deepStrictEqual((await ledger.shards()).map(({ owner }) => owner), [undefined, "b"]);
      }
      deepStrictEqual(await ledger.intend(intent("i", range(0, 1, undefined, "5"))), []);
      equal(await ledger.acquire(shard(0), "b", LONG_MS), 2);
    },
  },
  {
    name: "leave() frees all leases of a worker and forgets it",
    async run(place) {
      await using ledger = await place.open();
      await ledger.renew("a", LONG_MS);
      await lease(ledger, "a", 3);
      for (let twice = 0; twice < 2; twice++) {
        await ledger.leave("a");
        equal((await ledger.shards()).some(({ owner }) => owner !== undefined), false);
        deepStrictEqual((await ledger.renew("b", LONG_MS)).workers, ["b"]);
      }
      equal(await ledger.acquire(shard(0), "b", LONG_MS), 2);
    },
  },
  {
    name: "end() ends a shard under its lease and adds its children, once",
    async run(place) {
      await using ledger = await place.open();
      await ledger.addShards([newShard(0)]);
      equal(await ledger.acquire(shard(0), "a", 0), 1);
      equal(await ledger.acquire(shard(0), "b", LONG_MS), 2);
      equal(await ledger.end(shard(0), 1, undefined, [newShard(1, 0)]), false);
      equal((await ledger.shards()).length, 1);
      for (let twice = 0; twice < 2; twice++) {
        equal(await ledger.end(shard(0), 2, undefined, [newShard(2, 0), newShard(1, 0)]), true);
        deepStrictEqual(
          (await ledger.shards()).map(({ state, parents }) => [state, parents]),
          [["ended", []], ["open", [shard(0)]], ["open", [shard(0)]]],
        );
      }
      equal(await ledger.end(shard(0), 1, undefined, []), false);
      equal(await ledger.acquire(shard(0), "a", LONG_MS), undefined);
      deepStrictEqual(await ledger.intend(intent("i", range(0, 2, undefined, "5"))), []);
      deepStrictEqual((await ledger.renew("b", LONG_MS)).held, new Map());
      await rejects(ledger.end(shard(9), 1, undefined, []), { code: "Unknown", retryable: false });
    },
  },
  {
    name: "shards() of one state tells of those what shards() tells of all",
    async run(place) {
      await using ledger = await place.open();
      deepStrictEqual(await ledger.shards("open"), []);
      await place.save({ 0: "7", 2: "9" });
      await ledger.addShards([newShard(0), newShard(1)]);
      equal(await ledger.acquire(shard(0), "a", LONG_MS), 1);
      const { checkpoint } = await ledger.position(shard(0));
      const children = [newShard(3, 0), newShard(2, 0)];
      equal(await ledger.end(shard(0), 1, checkpoint, children), true);
      equal(await ledger.acquire(shard(2), "a", LONG_MS), 1);
      const [ended, ...open] = await ledger.shards();
      deepStrictEqual([ended!.shardId, ended!.state, open.length], [shard(0), "ended", 3]);
      deepStrictEqual(await ledger.shards("open"), open);
      deepStrictEqual(await ledger.shards("ended"), [ended]);
    },
  },
  {
    name: "end() writes nothing for a lease that was given back",
    async run(place) {
      await using ledger = await place.open();
      await lease(ledger, "a", 1);
      await ledger.release("a", [shard(0)]);
      equal(await ledger.end(shard(0), 1, undefined, [newShard(1, 0)]), false);
      deepStrictEqual((await ledger.shards()).map(({ state }) => state), ["open"]);
    },
  },
  {
    name: "a stream and a client see nothing of another's",
    async run(place) {
      await using ledger = await place.open();
      await lease(ledger, "a", 1);
      await ledger.intend(intent("i", range(0, 1, undefined, "5")));
      for (const other of [{ client: "other" }, { stream: "other" }]) {
        await using ledger = await place.open(other);
        deepStrictEqual(await ledger.shards(), []);
        await rejects(ledger.position(shard(0)), { code: "Unknown", retryable: false });
        await rejects(ledger.commit("i"), { code: "Unknown", retryable: false });
        await rejects(ledger.cancel("i"), { code: "Unknown", retryable: false });
        await lease(ledger, "b", 1);
        await ledger.intend(intent("i", range(0, 1, undefined, "6")));
        equal(await ledger.commit("i"), "done");
        await ledger.leave("a");
      }
      deepStrictEqual(await checkpointsOf(ledger), {});
      deepStrictEqual(await openIntents(ledger, 0), ["i"]);
      equal((await ledger.shards())[0]?.owner, "a");
    },
  },
];
