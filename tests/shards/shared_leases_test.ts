import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { CheckpointError, ServiceTime, VirtualClock } from "@triton/triton";
import { MemoryLedgers } from "@triton/triton/testing";
import type { LedgerShard } from "../../src/ledger/archive_ledger.ts";
import type { ShardId } from "../../src/base/record.ts";
import { MemoryKinesis } from "../../src/kinesis/mod.ts";
import { isLost, type Lease } from "../../src/shards/lease.ts";
import { LeasedShards } from "../../src/shards/leased_shards.ts";
import { SharedLeases } from "../../src/shards/shared_leases.ts";
import type { LeaseTables, TableKey } from "../../src/shards/table/lease_table.ts";

const LEASE_MS = 20_000;
const CLIENT = "store";

/** A stream as one process reads it. */
class Joined {
  readonly shards: LeasedShards<LedgerShard>;
  readonly leases: Lease[] = [];
  readonly #stop = new AbortController();
  readonly #renewing = new AbortController();
  readonly running: Promise<void>;

  constructor(world: World, leases: SharedLeases<LedgerShard>, stream: string) {
    const { clock, kinesis } = world;
    const table = world.ledgers.of({ client: CLIENT, stream });
    const services = { clock, kinesis, table, time: new ServiceTime(clock) };
    const from = { type: "trim-horizon" } as const;
    const { signal } = this.#stop;
    this.shards = new LeasedShards({ ...services, signal }, { leases, from });
    this.running = this.#run();
    this.running.catch(() => {});
  }

  async #run(): Promise<void> {
    const stop = () => this.#stop.abort();
    const renewing = this.shards.renew(this.#renewing.signal).finally(stop);
    renewing.catch(() => {});
    try {
      for await (const lease of this.shards) {
        this.leases.push(lease);
        lease.signal.addEventListener("abort", () => {
          if (this.shards.held.get(lease.shardId) === lease) void this.shards.release(lease);
        }, { once: true });
      }
    } finally {
      await renewing;
    }
  }

  /** Takes no more leases; those that are held are renewed. */
  stop(): void {
    this.#stop.abort();
  }

  async leave(): Promise<void> {
    this.#stop.abort();
    this.#renewing.abort();
    await this.running;
    await this.shards.leave();
  }
}

/** A process: a worker with any number of streams. */
class Process {
  readonly #world: World;
  readonly shared: SharedLeases<LedgerShard>;
  readonly streams = new Map<string, Joined>();

  constructor(world: World, worker: string, tables: LeaseTables<LedgerShard>) {
    this.#world = world;
    this.shared = new SharedLeases({ clock: world.clock, tables }, { worker, leaseMs: LEASE_MS });
  }

  join(...streams: readonly string[]): Joined {
    for (const stream of streams) {
      this.streams.set(stream, new Joined(this.#world, this.shared, stream));
    }
    return this.streams.get(streams.at(-1)!)!;
  }

  get held(): number {
    return [...this.streams.values()].reduce((sum, { shards }) => sum + shards.held.size, 0);
  }

  /** How many leases it has taken. */
  get taken(): number {
    return [...this.streams.values()].reduce((sum, { leases }) => sum + leases.length, 0);
  }

  async leave(): Promise<void> {
    for (const joined of this.streams.values()) await joined.leave();
    this.streams.clear();
  }
}

/** A request for all streams of a worker. */
interface WorldRequest {
  readonly worker: string;
  readonly operation: "renew" | "openShards";
  readonly tables: readonly TableKey[];
}

/** Streams, their tables, and the processes that read them. */
class World {
  readonly clock = new VirtualClock();
  readonly kinesis = new MemoryKinesis({ clock: this.clock });
  readonly ledgers = new MemoryLedgers({ clock: this.clock });
  readonly names: readonly string[];
  readonly requests = { renew: 0, openShards: 0 };
  /** Called before each request for all streams; what it throws fails the request. */
  onRequest: (request: WorldRequest) => void | Promise<void> = () => {};

  constructor(streams: number, shardCount = 1) {
    this.names = Array.from({ length: streams }, (_, n) => `s${String(n).padStart(2, "0")}`);
    for (const name of this.names) this.kinesis.createStream(name, shardCount);
  }

  start(worker: string): Process {
    return new Process(this, worker, {
      renew: async (name, tables, ttlMs) => {
        this.requests.renew++;
        await this.onRequest({ worker, operation: "renew", tables });
        return await this.ledgers.renew(name, tables, ttlMs);
      },
      openShards: async (tables) => {
        this.requests.openShards++;
        await this.onRequest({ worker, operation: "openShards", tables });
        return await this.ledgers.openShards(tables);
      },
    });
  }

  async owners(stream: string): Promise<(string | undefined)[]> {
    const ledger = this.ledgers.of({ client: CLIENT, stream });
    return (await ledger.shards("open")).map(({ owner }) => owner);
  }

  /** The workers of a stream, as another one sees them. */
  async workers(stream: string): Promise<readonly string[]> {
    const ledger = this.ledgers.of({ client: CLIENT, stream });
    const { workers } = await ledger.renew("observer", LEASE_MS);
    await ledger.leave("observer");
    return workers.filter((worker) => worker !== "observer");
  }
}

Deno.test("SharedLeases: 30 streams of one shard end at 10 for each of three workers", async () => {
  const world = new World(30);
  const processes = ["a", "b", "c"].map((worker) => world.start(worker));
  for (const process of processes) {
    process.join(...world.names);
    await world.clock.advance(3_000);
  }
  await world.clock.advance(60_000);
  deepEqual(processes.map(({ held }) => held), [10, 10, 10]);
  const taken = processes.map(({ taken }) => taken);
  await world.clock.advance(600_000);
  deepEqual(processes.map(({ taken }) => taken), taken); // nothing moves any more
  ok(taken.reduce((sum, count) => sum + count) <= 60, `${taken} leases were taken`);
  await processes[1]!.leave();
  await world.clock.advance(10_000);
  deepEqual(processes.map(({ held }) => held), [15, 0, 15]);
  for (const process of processes) await process.leave();
});

Deno.test("SharedLeases makes as many requests for 30 streams as for one", async () => {
  const requests: unknown[] = [];
  for (const count of [1, 30]) {
    const world = new World(count, 2);
    const process = world.start("a");
    process.join(...world.names);
    await world.clock.advance(1_000);
    const before = { ...world.requests };
    await world.clock.advance(10 * LEASE_MS);
    requests.push([
      world.requests.renew - before.renew,
      world.requests.openShards - before.openShards,
    ]);
    equal(process.held, 2 * count);
    await process.leave();
  }
  deepEqual(requests, [[50, 100], [50, 100]]);
});

Deno.test("SharedLeases: a stream joins while others are read, and leaves with its leases alone", async () => {
  const world = new World(3);
  const process = world.start("a");
  const [first, second, third] = world.names;
  const one = process.join(first!);
  await world.clock.advance(7_000);
  const two = process.join(second!);
  await world.clock.advance(0);
  deepEqual([one.leases.length, two.leases.length], [1, 1]);
  deepEqual(await world.workers(third!), []);
  await two.leave();
  deepEqual([await world.workers(second!), await world.owners(second!)], [[], [undefined]]);
  deepEqual([await world.workers(first!), await world.owners(first!)], [["a"], ["a"]]);
  await world.clock.advance(5 * LEASE_MS);
  deepEqual([await world.workers(second!), await world.owners(second!)], [[], [undefined]]);
  equal(one.leases[0]!.signal.aborted, false);
  const again = process.join(second!);
  await world.clock.advance(0);
  deepEqual(again.leases.map(({ epoch }) => epoch), [2]);
  await process.leave();
});

Deno.test("SharedLeases refuses to join a stream twice", async () => {
  const world = new World(1);
  const process = world.start("a");
  const [name] = world.names;
  const one = process.join(name!);
  await world.clock.advance(0);
  await rejects(process.join(name!).running, {
    name: "TypeError",
    message: 'Cannot join "s00" twice, for client "store"',
  });
  process.streams.set(name!, one);
  await process.leave();
});

Deno.test("SharedLeases: leases of a stream that joins later are as fresh as its own renewal", async () => {
  const world = new World(2);
  const process = world.start("a");
  const one = process.join(world.names[0]!);
  await world.clock.advance(1_000);
  let block = Promise.resolve();
  world.onRequest = ({ operation }) => operation === "renew" ? block : undefined;
  const gate = Promise.withResolvers<void>();
  block = gate.promise;
  const two = process.join(world.names[1]!);
  await world.clock.advance(5_000);
  const now = world.clock.now();
  deepEqual([one.shards.isFreshAt(now), two.shards.isFreshAt(now)], [true, false]);
  equal(two.leases.length, 0); // without knowing the others it would take everything
  const refreshed = two.shards.refresh();
  block = Promise.resolve();
  gate.resolve();
  await refreshed;
  equal(two.shards.isFreshAt(world.clock.now()), true);
  await world.clock.advance(0);
  equal(two.leases.length, 1);
  await process.leave();
});

Deno.test("SharedLeases leaves others time to come back after an outage, in every stream", async () => {
  const world = new World(4);
  const [a, b] = [world.start("a"), world.start("b")];
  for (const process of [a, b]) process.join(...world.names.slice(0, 3));
  await world.clock.advance(30_000);
  deepEqual([a.held + b.held, await world.owners("s00")], [3, ["a"]]);
  const down = new Set(["a", "b"]);
  world.onRequest = ({ worker, operation }) => {
    if (operation === "openShards" || !down.has(worker)) return;
    throw new CheckpointError("down", { code: "ECONNREFUSED", retryable: true });
  };
  await world.clock.advance(2 * LEASE_MS);
  a.join("s03"); // in the outage: nothing is known of the others there
  await world.clock.advance(LEASE_MS);
  const taken = [a.taken, b.taken];
  down.delete("a");
  await world.clock.advance(1_500);
  down.delete("b");
  await world.clock.advance(60_000);
  deepEqual([a.taken, b.taken], [taken[0]! + 1, taken[1]]);
  deepEqual(
    [...a.streams.values(), ...b.streams.values()].flatMap(({ leases }) => leases)
      .filter(isLost),
    [],
  );
  for (const process of [a, b]) await process.leave();
});

Deno.test("SharedLeases ends a lease that another worker has, in one stream", async () => {
  const world = new World(2);
  const process = world.start("a");
  process.join(...world.names);
  await world.clock.advance(0);
  const [one, two] = [...process.streams.values()];
  const ledger = world.ledgers.of({ client: CLIENT, stream: "s01" });
  const { shardId } = two!.leases[0]!;
  await ledger.release("a", [shardId]);
  await ledger.acquire(shardId, "thief", LEASE_MS);
  await world.clock.advance(LEASE_MS / 4);
  deepEqual([isLost(two!.leases[0]!), one!.leases[0]!.signal.aborted], [true, false]);
  await world.clock.advance(2 * LEASE_MS);
  deepEqual(two!.leases.map(({ epoch }) => epoch), [1, 3]);
  await process.leave();
});

Deno.test("SharedLeases releases leases that it does not know of, in each stream", async () => {
  const world = new World(2, 2);
  const [a, b] = [world.start("a"), world.start("b")];
  for (const process of [a, b]) process.join(...world.names);
  await world.clock.advance(60_000);
  deepEqual([a.held, b.held], [2, 2]);
  const [theirs] = b.streams.values().flatMap(({ shards }) =>
    shards.held.keys().map((shardId) => ({ shardId, stream: shards.stream }))
  ).toArray();
  ok(theirs);
  for (const [stream, { shards }] of b.streams) {
    const ledger = world.ledgers.of({ client: CLIENT, stream });
    for (const shardId of shards.held.keys()) {
      await ledger.release("b", [shardId]);
      await ledger.acquire(shardId, "a", LEASE_MS); // an answer that was lost long ago
    }
  }
  await world.clock.advance(LEASE_MS);
  deepEqual([a.held, b.held], [2, 2]);
  const owners = (await Promise.all(world.names.map((name) => world.owners(name)))).flat();
  deepEqual(owners.sort(), ["a", "a", "b", "b"]);
  for (const process of [a, b]) await process.leave();
});

Deno.test("SharedLeases: a stream that is being stopped keeps its leases, and takes none", async () => {
  const world = new World(2, 2);
  const a = world.start("a");
  a.join(...world.names);
  await world.clock.advance(0);
  a.streams.get("s01")!.stop();
  const b = world.start("b");
  b.join(...world.names);
  await world.clock.advance(10 * LEASE_MS);
  deepEqual(await world.owners("s01"), ["a", "a"]);
  deepEqual(await world.owners("s00"), ["b", "b"]);
  await a.streams.get("s01")!.leave();
  await world.clock.advance(LEASE_MS);
  deepEqual(await world.owners("s01"), ["b", "b"]);
  deepEqual((await world.owners("s00")).sort(), ["a", "b"]); // they share it, and s01 is b's alone
  for (const process of [a, b]) await process.leave();
});

Deno.test("SharedLeases: a stream whose rows cannot be read fails alone", async () => {
  const world = new World(3);
  const process = world.start("a");
  const damaged = new CheckpointError("damaged", { code: "DamagedRow" });
  process.join(...world.names);
  await world.clock.advance(0);
  equal(process.held, 3);
  const ledger = world.ledgers.of({ client: CLIENT, stream: "s01" });
  Object.assign(ledger, { shards: () => Promise.reject(damaged) });
  world.onRequest = ({ operation, tables }) => {
    const isRead = operation === "openShards" && tables.some(({ stream }) => stream === "s01");
    if (isRead) throw damaged;
  };
  await world.clock.advance(LEASE_MS);
  await rejects(process.streams.get("s01")!.running, { code: "DamagedRow" });
  deepEqual(
    ["s00", "s02"].map((name) => process.streams.get(name)!.shards.held.size),
    [1, 1],
  );
  for (const name of ["s00", "s02"]) await process.streams.get(name)!.leave();
});

Deno.test("SharedLeases: a renewal that cannot succeed fails all streams; a later one may join", async () => {
  const world = new World(2);
  const process = world.start("a");
  process.join(...world.names);
  await world.clock.advance(0);
  const tooNew = new CheckpointError("too new", { code: "SchemaTooNew" });
  world.onRequest = () => {
    throw tooNew;
  };
  await world.clock.advance(LEASE_MS);
  for (const { running } of process.streams.values()) {
    await rejects(running, { code: "SchemaTooNew" });
  }
  world.onRequest = () => {};
  for (const { shards } of process.streams.values()) await shards.leave();
  const again = process.join("s00");
  await world.clock.advance(0);
  equal(again.leases.length, 1);
  await world.clock.advance(5 * LEASE_MS);
  equal(again.leases[0]!.signal.aborted, false);
  await again.leave();
});

Deno.test("SharedLeases: a renewal under way does not bring back a worker that leaves", async () => {
  const world = new World(2);
  const process = world.start("a");
  process.join(...world.names);
  await world.clock.advance(0);
  const gate = Promise.withResolvers<void>();
  world.onRequest = () => gate.promise;
  await world.clock.advance(LEASE_MS / 5); // a renewal is sent, and takes effect later
  const leaving = process.streams.get("s01")!.leave();
  await world.clock.advance(100);
  gate.resolve();
  await leaving;
  deepEqual([await world.workers("s01"), await world.workers("s00")], [[], ["a"]]);
  await process.leave();
});

Deno.test("SharedLeases: a renewal is not retried once all streams have left", async () => {
  const world = new World(2);
  const process = world.start("a");
  process.join(...world.names);
  await world.clock.advance(0);
  world.onRequest = () => {
    throw new CheckpointError("down", { code: "Down", retryable: true });
  };
  await world.clock.advance(LEASE_MS);
  await process.leave();
  await world.clock.advance(LEASE_MS);
  const { renew } = world.requests;
  await world.clock.advance(10 * LEASE_MS);
  equal(world.requests.renew, renew);
  world.onRequest = () => {};
  const again = process.join("s00");
  await world.clock.advance(0);
  equal(again.leases.length, 1);
  await process.leave();
});

Deno.test("SharedLeases: children of many shards are one round, not one for each", async () => {
  const world = new World(1, 64);
  const process = world.start("a");
  const joined = process.join(...world.names);
  await world.clock.advance(0);
  const before = world.requests.openShards;
  const ids: ShardId[] = joined.leases.map(({ shardId }) => shardId);
  world.onRequest = () => world.clock.sleep(10); // a look takes time
  for (const lease of joined.leases.slice()) {
    joined.shards.end(lease);
    await world.clock.advance(1);
  }
  await world.clock.advance(100);
  equal(ids.length, 64);
  const looks = world.requests.openShards - before;
  ok(looks <= 5, `${looks} looks`);
  await process.leave();
});
