import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import type { SequenceNumber } from "../../../src/base/record.ts";
import type { Group, GroupEvent } from "../../../src/stream/mod.ts";
import type { FaultPlan } from "../../../src/testing/mod.ts";
import { GroupWorld, STREAM } from "./group_world.ts";

/** Handles records in a loop, until `until` says that it is enough. */
async function consume(
  group: Group,
  seen: number[],
  until: (n: number) => boolean | Promise<boolean> = () => false,
): Promise<void> {
  for await (const { data } of group) {
    const n = data.n as number;
    seen.push(n);
    if (await until(n)) break;
  }
}

/** The position of a shard in the table. */
async function positionOf(world: GroupWorld, index = 0): Promise<SequenceNumber | undefined> {
  return (await world.table.shards())[index]?.position;
}

/** Collects what happens. */
function listen(group: Group): GroupEvent[] {
  const events: GroupEvent[] = [];
  void Array.fromAsync(group.events, (event) => void events.push(event));
  return events;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

Deno.test("Group yields every record, in order within each shard", async () => {
  const world = new GroupWorld(2);
  await world.put(500);
  const { group } = world.member();
  const last = new Map<string, number>();
  const seen = new Set<unknown>();
  await world.until((async () => {
    for await (const { shardId, data } of group) {
      const n = data.n as number;
      ok(n > (last.get(shardId) ?? -1), "in order");
      last.set(shardId, n);
      seen.add(n);
      if (seen.size === 500) break;
    }
  })());
  equal(last.size, 2);
});

Deno.test("Group continues at the record at which the loop was left", async () => {
  const world = new GroupWorld();
  await world.put(10);
  const seen: number[] = [];
  for (const end of [3, 3, 9]) {
    await world.until(consume(world.member().group, seen, (n) => n === end));
  }
  deepEqual(seen, [...range(0, 4), 3, ...range(3, 10)]);
});

Deno.test("Group saves positions when its signal is aborted, that of the last record included", async () => {
  const world = new GroupWorld();
  await world.put(10);
  const stop = new AbortController();
  const seen: number[] = [];
  await world.until(consume(world.member({ signal: stop.signal }).group, seen, (n) => {
    if (n === 5) stop.abort();
    return false;
  }));
  await world.until(consume(world.member().group, seen, (n) => n === 9));
  deepEqual(seen, range(0, 10));
});

Deno.test("Group saves positions a second after a record was processed, also while the next one takes long", async () => {
  const world = new GroupWorld();
  await world.put(3);
  const { group, process } = world.member();
  const seen: number[] = [];
  void consume(group, seen, async (n) => {
    if (n === 2) await process.sleep(60_000);
    return false;
  });
  await world.untilSo(() => seen.length === 3);
  equal(await positionOf(world), undefined);
  await world.clock.advance(1_100);
  ok(await positionOf(world) !== undefined);
  process.crash();
  const more: number[] = [];
  await world.until(consume(world.member().group, more, (n) => n === 2));
  deepEqual(more, [2]);
});

Deno.test("Group saves positions after a thousand records at the latest", async () => {
  const world = new GroupWorld();
  await world.put(2_500);
  const { group, process } = world.member();
  const seen: number[] = [];
  void consume(group, seen, (n) => {
    if (n === 2_400) process.crash();
    return false;
  });
  await world.until(process.crashed);
  const more: number[] = [];
  await world.until(consume(world.member().group, more, (n) => n === 2_499));
  ok(more[0]! >= 1_401 && more[0]! <= 2_400, `continues at ${more[0]}`);
});

Deno.test("Group hands shards over to a new member without a record twice", async () => {
  const world = new GroupWorld(4);
  const stop = new AbortController();
  const seen: number[] = [];
  const members = [world.member({ signal: stop.signal })];
  const loops = [consume(members[0]!.group, seen)];
  for (let round = 0; round < 3; round++) {
    for (let step = 0; step < 10; step++) {
      await world.put(20);
      await world.clock.advance(1_000);
    }
    const member = world.member({ signal: stop.signal });
    members.push(member);
    loops.push(consume(member.group, seen));
  }
  await world.clock.advance(20_000);
  deepEqual(members.map(({ group }) => group.status().shards.length), [1, 1, 1, 1]);
  equal(members[0]!.group.status().members.length, 4);
  stop.abort();
  await world.until(Promise.all(loops));
  deepEqual(seen.toSorted((a, b) => a - b), range(0, 600));
});

Deno.test("Group leaves the shards of a member that dies to others, from its last saved position on", async () => {
  const world = new GroupWorld();
  await world.put(10);
  const first = world.member({ leaseMs: 10_000 });
  const seen: number[] = [];
  void consume(first.group, seen);
  await world.untilSo(async () => await positionOf(world) !== undefined);
  first.process.crash();
  await world.put(5);
  await world.until(consume(world.member({ leaseMs: 10_000 }).group, seen, (n) => n === 14));
  deepEqual(seen, range(0, 15));
});

for (const [bodyMs, again] of [[3_000, []], [60_000, [0]]] as const) {
  Deno.test(`Group waits at a hand-over for a body of ${bodyMs} ms, but only for drainMs`, async () => {
    const world = new GroupWorld(2);
    const first = world.member({ drainMs: 5_000, leaseMs: 5_000 });
    const events = listen(first.group);
    const seen: number[] = [];
    let begunAt: number | undefined;
    void consume(first.group, seen, async () => {
      begunAt = world.clock.now();
      await first.process.sleep(bodyMs);
      return false;
    });
    await world.untilSo(() => events.length === 2);
    const surplus = events[1]!.shardId; // of two shards a member of two keeps the first
    await world.putInto(surplus);
    await world.untilSo(() => begunAt !== undefined);
    const others: number[] = [];
    void consume(world.member({ leaseMs: 5_000 }).group, others);
    await world.untilSo(() => events.length === 3);
    const revokedAt = world.clock.now();
    equal(begunAt! + 3_000 > revokedAt, true, "while the body is running");
    await world.untilSo(() => events.length === 4);
    const lostAt = world.clock.now();
    equal(lostAt - (bodyMs < 5_000 ? begunAt! + bodyMs : revokedAt + 5_000) <= 200, true);
    deepEqual(events.slice(2).map(({ type }) => type), ["revoked", "lost"]);
    deepEqual(events.slice(2).map(({ shardId }) => shardId), [surplus, surplus]);
    await world.clock.advance(70_000);
    deepEqual(others, again);
    deepEqual(seen, [0]);
  });
}

Deno.test("Group renews its leases after a pause before it yields anything", async () => {
  const world = new GroupWorld();
  await world.put(10);
  const first = world.member({ leaseMs: 10_000 });
  const seen: number[] = [];
  const events = listen(first.group);
  void consume(first.group, seen, async (n) => {
    if (n === 4) {
      first.process.pause(60_000);
      await first.process.sleep(1);
    }
    return false;
  });
  await world.untilSo(() => seen.length === 5);
  const other: number[] = [];
  void consume(world.member({ leaseMs: 10_000 }).group, other);
  await world.clock.advance(120_000);
  deepEqual(other, range(other[0]!, 10));
  deepEqual(seen, range(0, 5), "the rest is another member's by then");
  deepEqual(events.map(({ type }) => type), ["assigned", "lost"]);
  equal(events[1]!.type === "lost" && events[1]!.reason, "taken");
});

Deno.test("Group leaves when the body of its loop runs for over stallMs, and joins again afterwards", async () => {
  const world = new GroupWorld();
  await world.put(6);
  const first = world.member({ stallMs: 60_000 });
  const events = listen(first.group);
  const seen: number[] = [];
  const loop = consume(first.group, seen, async (n) => {
    if (n === 2) await first.process.sleep(600_000);
    return n === 7;
  });
  await world.untilSo(() => events.length === 2, 100_000);
  deepEqual(events.map((event) => [event.type, event.type === "lost" && event.reason]), [
    ["assigned", false],
    ["lost", "stalled"],
  ]);
  const other: number[] = [];
  await world.until(consume(world.member().group, other, (n) => n === 5));
  deepEqual(other, range(2, 6));
  await world.put(2);
  await world.until(loop);
  deepEqual(seen, [0, 1, 2, 5, 6, 7]);
});

Deno.test("Group reads children after their parents were processed to their end, whoever processed them", async () => {
  const world = new GroupWorld();
  const [parent] = (await Array.fromAsync(world.kinesis.listShards(STREAM))).map(({ id }) => id);
  await world.put(50);
  const children = world.kinesis.splitShard(STREAM, parent!);
  await world.put(50);
  const stop = new AbortController();
  const order: string[] = [];
  const loops = [1, 2].map(async () => {
    const { group, process } = world.member({ signal: stop.signal });
    for await (const { shardId } of group) {
      await process.sleep(20);
      order.push(shardId);
    }
  });
  await world.untilSo(() => order.length === 100);
  stop.abort();
  await world.until(Promise.all(loops));
  equal(order.lastIndexOf(parent!), 49);
  deepEqual(new Set(order.slice(50)), new Set(children));
  const [ended] = await world.table.shards("ended");
  equal(ended!.shardId, parent);
});

Deno.test("Group refuses numbers that make no sense, and to be consumed twice at once", async () => {
  const world = new GroupWorld();
  await world.put(1);
  for (
    const options of [{ leaseMs: 0 }, { leaseMs: Infinity }, { drainMs: -1 }, { retries: 0.5 }, {
      stallMs: NaN,
    }]
  ) {
    throws(() => world.member(options), RangeError);
  }
  const { group } = world.member();
  const iterator = group[Symbol.asyncIterator]();
  await world.until(iterator.next());
  await rejects(() => group.run(() => {}), TypeError);
  await world.until(iterator.return());
});

Deno.test("Group ends with what Kinesis refuses for good, and leaves", async () => {
  const world = new GroupWorld();
  const { group } = world.member();
  world.kinesis.deleteStream(STREAM);
  await rejects(world.until(consume(group, [])), { code: "ResourceNotFoundException" });
  deepEqual(await world.table.members(), []);
});

Deno.test("Group refuses a stream that was deleted and created again", async () => {
  const world = new GroupWorld();
  await world.put(1);
  await world.until(consume(world.member().group, [], () => true));
  world.kinesis.deleteStream(STREAM);
  await world.clock.advance(60_000);
  world.kinesis.createStream(STREAM);
  await rejects(world.until(consume(world.member().group, [])), { code: "StreamRecreated" });
});

for (const down of [false, true]) {
  Deno.test(`Group leaves nothing behind when it ends while the database is ${down ? "down" : "up"}`, async () => {
    const world = new GroupWorld(2);
    await world.put(20);
    const stop = new AbortController();
    let isDown = false;
    const plan: FaultPlan = {
      decide: ({ service }) => ({ kind: isDown && service === "group" ? "refused" : "answered" }),
    };
    const { group } = world.member({ signal: stop.signal, drainMs: 5_000, leaseMs: 10_000 }, plan);
    const seen: number[] = [];
    const loop = consume(group, seen);
    await world.untilSo(() => seen.length === 20);
    await world.clock.advance(10_000);
    isDown = down;
    await world.put(5);
    await world.clock.advance(6_000);
    stop.abort();
    const stoppedAt = world.clock.now();
    await world.until(loop);
    await world.until(group[Symbol.asyncDispose]());
    ok(world.clock.now() - stoppedAt <= 5_100);
    await world.clock.advance(0);
    equal(world.clock.nextWake, undefined);
  });
}
