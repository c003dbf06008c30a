import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { TableKey } from "../../../src/ledger/mod.ts";
import { HostFixture, MINUTE, SECOND } from "./host_fixture.ts";

/** Streams of one shard each, and hosts that archive all of them. */
function thirtyStreams(hosts: number) {
  const streams = Array.from({ length: 30 }, (_, index) => `stream_${index + 1}`);
  const fixture = new HostFixture();
  for (const stream of streams) fixture.kinesis.createStream(stream, 1);
  const running = Array.from({ length: hosts }, () => {
    const host = fixture.host([]);
    for (const stream of streams) host.add(stream, fixture.options({ pollIntervalMs: 5_000 }));
    return fixture.run(host);
  });
  return { streams, fixture, running };
}

/** How many shards each process has. */
async function shares(fixture: HostFixture, streams: readonly string[]): Promise<number[]> {
  const counts = new Map<string | undefined, number>();
  for (const stream of streams) {
    for (const owner of await fixture.owners(stream)) {
      counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
  }
  return [...counts.values()].sort((a, b) => a - b);
}

Deno.test("Thirty streams of one shard on three hosts end at ten each, and at fifteen on two", async () => {
  const { streams, fixture, running } = thirtyStreams(3);
  await fixture.clock.advance(2 * MINUTE);
  deepEqual(await shares(fixture, streams), [10, 10, 10]);
  const { host } = running[0]!;
  equal(host.status().workers.length, 3);
  ok(host.status().workers.includes(host.status().worker));
  await running[0]!.stop();
  await fixture.clock.advance(MINUTE);
  deepEqual(await shares(fixture, streams), [15, 15]);
  await Promise.all(running.slice(1).map(({ stop }) => stop()));
});

Deno.test("A stream that fails moves none of the shards of the others about", async () => {
  const { streams, fixture, running } = thirtyStreams(2);
  for (const { host } of running) host.add("missing", fixture.options());
  await fixture.clock.advance(2 * MINUTE);
  deepEqual(await shares(fixture, streams), [15, 15]);
  const owners = () => Promise.all(streams.map((stream) => fixture.owners(stream)));
  const before = await owners();
  await fixture.clock.advance(10 * MINUTE);
  deepEqual(await owners(), before);
  for (const { stop } of running) {
    await rejects(stop(), { name: "StreamsDownError", message: /1 of 31 streams: "missing"/ });
  }
});

Deno.test("The leases of all streams of a host are renewed together, under the name of the process", async () => {
  const fixture = new HostFixture("clicks", "orders", "views");
  const { ledgers } = fixture;
  const renewed: (readonly [worker: string, streams: number])[] = [];
  const renew = ledgers.renew.bind(ledgers);
  ledgers.renew = (worker: string, keys: readonly TableKey[], ttlMs: number) => {
    renewed.push([worker, keys.length]);
    return renew(worker, keys, ttlMs);
  };
  const { host, stop } = fixture.run(fixture.host(["clicks", "orders", "views"]));
  await fixture.clock.advance(10 * SECOND);
  renewed.length = 0;
  await fixture.clock.advance(MINUTE);
  const { worker } = host.status();
  deepEqual(renewed, Array(15).fill([worker, 3]));
  deepEqual(await fixture.owners("clicks"), [worker, worker]);
  await stop();
});
