import { deepEqual, equal, rejects } from "node:assert/strict";
import { MemoryLedgers } from "@triton/triton/testing";
import { Archiver } from "../../../src/archiver/mod.ts";
import { shareWork } from "../../../src/archiver/shared/shared_work.ts";
import { VirtualClock } from "../../../src/base/clock.ts";
import { ObjectStoreError } from "../../../src/base/errors.ts";
import { encodeEvent } from "../../../src/codec/mod.ts";
import { MemoryKinesis } from "../../../src/kinesis/mod.ts";
import { MemoryObjectStore } from "../../../src/objects/memory/memory_object_store.ts";
import { SharedLeases } from "../../../src/shards/shared_leases.ts";

const STREAMS = Array.from({ length: 6 }, (_, n) => `s${n}`);

/** Streams, and processes that archive all of them. */
class World {
  readonly clock = new VirtualClock();
  readonly kinesis = new MemoryKinesis({ clock: this.clock });
  readonly ledgers = new MemoryLedgers({ clock: this.clock });
  readonly store = new MemoryObjectStore({ now: () => this.clock.now() });

  constructor() {
    for (const stream of STREAMS) this.kinesis.createStream(stream, 1);
  }

  start(worker: string, streams = STREAMS) {
    const { clock, kinesis, store, ledgers } = this;
    const leases = new SharedLeases({ clock, tables: ledgers }, { worker, leaseMs: 20_000 });
    const shared = { ...shareWork(), leases };
    return new Map(streams.map((stream) => {
      const ledger = ledgers.of({ client: "store", stream });
      const archiver = new Archiver({ kinesis, store, ledger, clock, shared }, {});
      const stop = new AbortController();
      const done = archiver.run(stop.signal);
      done.catch(() => {});
      const end = async () => {
        stop.abort();
        let isOver = false;
        done.catch(() => {}).finally(() => isOver = true);
        while (!isOver) await clock.advance(1_000);
        await done;
      };
      return [stream, { archiver, done, end }];
    }));
  }

  async owners(): Promise<(string | undefined)[]> {
    const keys = STREAMS.map((stream) => ({ client: "store", stream }));
    return (await this.ledgers.openShards(keys)).flat().map(({ owner }) => owner);
  }
}

Deno.test("archivers of a process are one worker, and share all shards with those of others", async () => {
  const world = new World();
  const a = world.start("a");
  await world.clock.advance(5_000);
  const b = world.start("b");
  await world.clock.advance(60_000);
  deepEqual((await world.owners()).sort(), ["a", "a", "a", "b", "b", "b"]);
  for (const { archiver } of a.values()) {
    const { worker, workers } = archiver.status();
    deepEqual([worker, workers], ["a", ["a", "b"]]);
  }
  await a.get("s0")!.end();
  await world.clock.advance(20_000);
  equal((await world.owners())[0], "b");
  deepEqual([...a.values()].slice(1).map(({ archiver }) => archiver.status().workers.length), [
    ...[2, 2, 2, 2, 2],
  ]);
  for (const { end } of [...a.values(), ...b.values()]) await end();
  deepEqual(new Set(await world.owners()), new Set([undefined]));
});

Deno.test("a stream that fails for good frees its leases, and those of the others go on", async () => {
  const world = new World();
  const put = world.store.put.bind(world.store);
  world.store.put = (key, ...args) => {
    if (!key.includes("/s2-")) return put(key, ...args);
    const why = new ObjectStoreError("denied", { code: "AccessDenied", retryable: false });
    return Promise.reject(why);
  };
  const a = world.start("a");
  await world.clock.advance(5_000);
  const data = encodeEvent({ a: 1 });
  for (const stream of STREAMS) {
    await world.kinesis.putRecords(stream, [{ partitionKey: "k", data }]);
  }
  await world.clock.advance(3_700_000);
  await rejects(a.get("s2")!.done, { code: "AccessDenied" });
  deepEqual(await world.owners(), ["a", "a", undefined, "a", "a", "a"]);
  await world.clock.advance(100_000);
  deepEqual(await world.owners(), ["a", "a", undefined, "a", "a", "a"]);
  a.delete("s2");
  for (const { end } of a.values()) await end();
});
