import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { ArchiverMonitor } from "../../../src/archiver/mod.ts";
import { MetricRegistry } from "../../../src/telemetry/metric_registry.ts";
import { HostFixture, MINUTE, SECOND } from "./host_fixture.ts";

/** A host of a stream that is there and one that is not, whose monitors share a registry. */
function watchedHost() {
  const fixture = new HostFixture("clicks");
  const { clock } = fixture;
  const registry = new MetricRegistry();
  const host = fixture.host([]);
  const monitors = ["clicks", "orders"].map((stream) => {
    const monitor = new ArchiverMonitor({ stream, client: "store", clock, meter: registry });
    host.add(stream, fixture.options({ monitor }));
    return monitor;
  });
  /** The values of a metric by stream. */
  const values = (name: string) => {
    const points = registry.collect().find((metric) => metric.name === name)?.points ?? [];
    return Object.fromEntries(
      points.map((point) => [point.attributes.stream ?? "", "value" in point ? point.value : 0]),
    );
  };
  return { fixture, registry, host, monitors, values };
}

Deno.test("triton.stream.failing is 1 from a failure until the stream has been archived for a minute", async () => {
  const { fixture, host, values } = watchedHost();
  deepStrictEqual(values("triton.stream.failing"), { clicks: 0, orders: 0 }, "from the start");
  const running = fixture.run(host);
  await fixture.clock.advance(10 * SECOND);
  deepStrictEqual(values("triton.stream.failing"), { clicks: 0, orders: 1 });
  deepStrictEqual(Object.keys(values("triton.headroom")), ["clicks"]);
  fixture.kinesis.createStream("orders", 1);
  await fixture.clock.advance(20 * SECOND);
  deepStrictEqual(Object.keys(values("triton.headroom")), ["clicks", "orders"]);
  equal(values("triton.stream.failing").orders, 1, "it could fail again soon");
  await fixture.clock.advance(2 * MINUTE);
  equal(values("triton.stream.failing").orders, 0);
  await running.stop();
});

Deno.test("the streams of a host report the memory of the process once, without a stream", async () => {
  const { fixture, host, registry } = watchedHost();
  fixture.kinesis.createStream("orders", 1);
  const running = fixture.run(host);
  await fixture.clock.advance(10 * SECOND);
  for (const name of ["triton.memory.rss", "triton.memory.limit", "triton.memory.buffered"]) {
    const { points } = registry.collect().find((metric) => metric.name === name)!;
    deepStrictEqual(points.map(({ attributes }) => attributes), [{}], name);
  }
  await running.stop();
});

Deno.test("a stream that is removed from a host takes its series with it", async () => {
  const { fixture, host, registry, monitors } = watchedHost();
  const running = fixture.run(host);
  await fixture.put("clicks");
  await fixture.clock.advance(MINUTE);
  const streams = () =>
    new Set(
      registry.collect().flatMap(({ points }) => points.map(({ attributes }) => attributes.stream)),
    );
  ok(streams().has("clicks"));
  await host.remove("clicks");
  monitors[0]![Symbol.dispose]();
  ok(!streams().has("clicks") && streams().has("orders"));
  await running.stop().catch(() => {});
});
