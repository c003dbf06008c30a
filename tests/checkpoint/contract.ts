/**
 * What every checkpointer promises, as a list of tests.
 *
 * @module
 */

import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import type { Checkpointer, SequenceNumber, ShardId } from "@triton/triton/checkpoint";
import { type Clock, VirtualClock } from "@triton/triton";
import { START_ROW } from "../../src/checkpoint/rows.ts";

/** A place for checkpoints, empty when a test gets it. */
export interface Store {
  /** Opens a checkpointer on the place; what one saved, the next one loads. */
  open(options?: { readonly client?: string; readonly clock?: Clock }): Promise<Checkpointer>;
}

/** One promise. */
export interface ContractTest {
  readonly name: string;
  readonly run: (store: Store) => Promise<void>;
}

/** Shard number `n`, as Kinesis writes it. */
export function shard(n: number): ShardId {
  return `shardId-${String(n).padStart(12, "0")}` as ShardId;
}

/** Positions by shard number. */
export function positions(
  values: Readonly<Record<number, string>>,
): Map<ShardId, SequenceNumber> {
  return new Map(
    Object.entries(values).map(([n, value]) => [shard(Number(n)), value as SequenceNumber]),
  );
}

const LONG = "49590338271490256608559692538361571095921575989136588898";

export const CONTRACT: readonly ContractTest[] = [
  {
    name: "load() gives undefined where nothing was saved",
    async run(store) {
      await using checkpointer = await store.open();
      equal(await checkpointer.load("s", shard(0)), undefined);
      deepStrictEqual(await checkpointer.list(), []);
    },
  },
  {
    name: "save() replaces a position, backwards too, and leaves other shards alone",
    async run(store) {
      await using checkpointer = await store.open();
      await checkpointer.save("s", positions({ 0: "10", 1: "20" }));
      await checkpointer.save("s", positions({ 1: "30" }));
      deepStrictEqual(await loadAll(checkpointer, "s", 3), ["10", "30", undefined]);
      await checkpointer.save("s", positions({ 1: "5", 2: "6" }));
      deepStrictEqual(await loadAll(checkpointer, "s", 3), ["10", "5", "6"]);
    },
  },
  {
    name: "list() leaves out the start that readers keep beside the positions",
    async run(store) {
      await using checkpointer = await store.open();
      await checkpointer.save("s", new Map([[START_ROW, "1796032578000" as SequenceNumber]]));
      await checkpointer.save("s", positions({ 0: "10" }));
      equal(await checkpointer.load("s", START_ROW), "1796032578000");
      deepStrictEqual((await checkpointer.list("s")).map(({ shardId }) => shardId), [shard(0)]);
      deepStrictEqual((await checkpointer.list()).map(({ shardId }) => shardId), [shard(0)]);
    },
  },
  {
    name: "save() of no position changes nothing",
    async run(store) {
      await using checkpointer = await store.open();
      await checkpointer.save("s", new Map());
      deepStrictEqual(await checkpointer.list(), []);
    },
  },
  {
    name: "save() is there for the next one who opens the place",
    async run(store) {
      {
        await using checkpointer = await store.open();
        await checkpointer.save("s", positions({ 0: LONG }));
      }
      await using checkpointer = await store.open();
      equal(await checkpointer.load("s", shard(0)), LONG);
    },
  },
  {
    name: "save() keeps sequence numbers digit by digit",
    async run(store) {
      await using checkpointer = await store.open();
      const numbers = ["0", "9007199254740993", LONG, "340282366920938463463374607431768211455"];
      for (const number of numbers) {
        await checkpointer.save("s", positions({ 0: number }));
        equal(await checkpointer.load("s", shard(0)), number);
      }
    },
  },
  {
    name: "save() keeps streams apart",
    async run(store) {
      await using checkpointer = await store.open();
      await checkpointer.save("a", positions({ 0: "1" }));
      await checkpointer.save("b", positions({ 0: "2" }));
      equal(await checkpointer.load("a", shard(0)), "1");
      equal(await checkpointer.load("b", shard(0)), "2");
      equal(await checkpointer.load("A", shard(0)), undefined);
    },
  },
  {
    name: "save() keeps clients apart",
    async run(store) {
      await using one = await store.open({ client: "one" });
      await using two = await store.open({ client: "two" });
      await one.save("s", positions({ 0: "1" }));
      equal(await two.load("s", shard(0)), undefined);
      await two.save("s", positions({ 0: "2" }));
      equal(await one.load("s", shard(0)), "1");
      deepStrictEqual((await one.list()).map(({ client }) => client), ["one"]);
      deepStrictEqual((await two.list()).map(({ sequenceNumber }) => sequenceNumber), ["2"]);
    },
  },
  {
    name: "save() takes any name, quotes, signs and all",
    async run(store) {
      for (
        const client of [
          "o'brien",
          'a"b',
          "50%_\\",
          "größe 🙂",
          "--",
          "? FROM triton_shard $1",
          "x".repeat(255),
        ]
      ) {
        await using checkpointer = await store.open({ client });
        const stream = "a-b.c_".padEnd(128, "D");
        await checkpointer.save(stream, positions({ 0: "1" }));
        deepStrictEqual(
          (await checkpointer.list(stream)).map(({ client, stream }) => [client, stream]),
          [[client, stream]],
        );
      }
    },
  },
  {
    name: "save() takes more shards than a statement takes values",
    async run(store) {
      await using checkpointer = await store.open();
      const many = new Map(
        Array.from({ length: 15_000 }, (_, n) => [shard(n), `${n}` as SequenceNumber]),
      );
      await checkpointer.save("s", many);
      const saved = await checkpointer.list("s");
      deepStrictEqual(saved.map((row) => [row.shardId, row.sequenceNumber]), [...many]);
    },
  },
  {
    name: "save() of several at once never mixes two saves",
    async run(store) {
      const writers = await Promise.all(Array.from({ length: 6 }, () => store.open()));
      await Promise.all(writers.map(async (writer, index) => {
        for (let round = 0; round < 10; round++) {
          const value = `${index * 100 + round}`;
          const both = [...positions({ 0: value, 1: value })];
          // Different orders would be a deadlock if each row were locked as it comes.
          await writer.save("s", new Map(index % 2 === 0 ? both : both.reverse()));
        }
      }));
      const [first, second] = await loadAll(writers[0]!, "s", 2);
      equal(first, second);
      for (const writer of writers) await writer[Symbol.asyncDispose]();
    },
  },
  {
    name: "list() tells streams and shards in order, with the time of saving",
    async run(store) {
      const clock = new VirtualClock({ now: Date.UTC(2026, 8, 1, 12, 0, 0, 999) });
      await using checkpointer = await store.open({ client: "c", clock });
      await checkpointer.save("b_stream", positions({ 2: "5" }));
      await clock.advance(60_000);
      await checkpointer.save("a-stream", positions({ 10: "1", 9: "2" }));
      await checkpointer.save("B", positions({ 0: "3" }));
      const at = (stream: string, n: number, sequenceNumber: string, time: string) => ({
        client: "c",
        stream,
        shardId: shard(n),
        sequenceNumber,
        updatedAt: new Date(time),
      });
      const all = [
        at("B", 0, "3", "2026-09-01T12:01:00Z"),
        at("a-stream", 9, "2", "2026-09-01T12:01:00Z"),
        at("a-stream", 10, "1", "2026-09-01T12:01:00Z"),
        at("b_stream", 2, "5", "2026-09-01T12:00:00Z"),
      ];
      deepStrictEqual(await checkpointer.list(), all);
      deepStrictEqual(await checkpointer.list("a-stream"), all.slice(1, 3));
      deepStrictEqual(await checkpointer.list("none"), []);
    },
  },
  {
    name: "save() goes on after 2038, when the seconds no longer fit",
    async run(store) {
      const clock = new VirtualClock({ now: Date.UTC(2040, 0, 1) });
      await using checkpointer = await store.open({ clock });
      await checkpointer.save("s", positions({ 0: "1" }));
      const [checkpoint] = await checkpointer.list();
      deepStrictEqual(checkpoint?.updatedAt, new Date("2038-01-19T03:14:07Z"));
    },
  },
  {
    name: "open refuses a client's name that is empty, too long or not printable",
    async run(store) {
      for (const client of ["", "x".repeat(256), "a\0b", "a\nb"]) {
        await rejects(async () => await store.open({ client }), RangeError);
      }
    },
  },
  {
    name: "[Symbol.asyncDispose]() can be called twice",
    async run(store) {
      const checkpointer = await store.open();
      await checkpointer[Symbol.asyncDispose]();
      await checkpointer[Symbol.asyncDispose]();
    },
  },
];

/** What is saved for the first shards of a stream. */
export function loadAll(
  checkpointer: Checkpointer,
  stream: string,
  count: number,
): Promise<(SequenceNumber | undefined)[]> {
  return Promise.all(
    Array.from({ length: count }, (_, n) => checkpointer.load(stream, shard(n))),
  );
}
