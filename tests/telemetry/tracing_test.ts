import { deepEqual, equal, rejects } from "node:assert/strict";
import { diag, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { VirtualClock } from "../../src/base/clock.ts";
import { KinesisError, ObjectStoreError } from "../../src/base/errors.ts";
import { encodeEvent } from "../../src/codec/mod.ts";
import { MemoryKinesis } from "../../src/kinesis/mod.ts";
import { StreamReader, StreamWriter } from "../../src/stream/mod.ts";
import { Trace } from "../../src/telemetry/tracing.ts";
import { runUntil } from "../../src/testing/mod.ts";
import { Fixture, STREAM } from "../archiver/archiver_fixture.ts";
import { GroupWorld } from "../stream/group/group_world.ts";
import { SpanCollector } from "../support/span_collector.ts";

const FIRST = "shardId-000000000000";

Deno.test("a span for each archived file, with its steps, key, bytes and events", async () => {
  using collector = new SpanCollector();
  const fixture = new Fixture(2);
  const startedAt = fixture.clock.now();
  const put = fixture.store.put.bind(fixture.store);
  fixture.store.put = (...args) => {
    trace.getTracer("aws").startSpan("PUT").end(fixture.clock.now());
    return put(...args);
  };
  const worker = fixture.start();
  await fixture.put(20);
  await fixture.clock.advance(3_000);
  await worker.stop();
  const spans = collector.spans.filter(({ name, parent }) =>
    name.startsWith("triton.file") || parent?.startsWith("triton.file")
  );
  deepEqual(spans.map(({ name, parent }) => [name, parent]), [
    ["triton.file.read", "triton.file"],
    ["triton.file.intent", "triton.file"],
    ["triton.file.close", "triton.file"],
    ["PUT", "triton.file.put"],
    ["triton.file.put", "triton.file"],
    ["triton.file.commit", "triton.file"],
    ["triton.file", undefined],
  ]);
  const file = spans.at(-1)!;
  const [archive] = await Array.fromAsync(fixture.store.list("2"));
  deepEqual(file.attributes, {
    ...{ stream: STREAM, client: "store", reason: "shutdown", shards: fixture.shards, events: 20 },
    ...{ key: archive!.key, bytes: archive!.size },
  });
  equal(file.status, undefined);
  const [read] = spans;
  equal(file.start >= startedAt && read!.start === file.start && read!.end <= file.end, true);
});

Deno.test("a file whose put fails has that in its spans, without the message", async () => {
  using collector = new SpanCollector();
  const fixture = new Fixture(1);
  const put = fixture.store.put.bind(fixture.store);
  fixture.store.put = (key, ...args) => {
    if (!key.endsWith(".tri")) return put(key, ...args);
    const options = { code: "AccessDenied", retryable: false };
    return Promise.reject(new ObjectStoreError("Cannot put with s3cr3t", options));
  };
  const worker = fixture.start();
  await fixture.put(1);
  await fixture.clock.advance(3_000);
  await rejects(worker.stop());
  for (const name of ["triton.file.put", "triton.file"]) {
    const span = collector.spans.find((span) => span.name === name)!;
    deepEqual(span.status, {
      code: SpanStatusCode.ERROR,
      message: "ObjectStoreError: AccessDenied",
    });
    equal(span.attributes["error.type"], "AccessDenied");
  }
  equal(JSON.stringify(collector.spans).includes("s3cr3t"), false);
});

Deno.test("a span for each response with records that a reader fetches, and for each failure", async () => {
  using collector = new SpanCollector();
  let code: string | undefined;
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({
    clock,
    intercept(operation) {
      if (operation !== "getRecords" || code === undefined) return;
      throw new KinesisError("Cannot: s3cr3t", { code, retryable: true });
    },
  });
  kinesis.createStream("s");
  const data = encodeEvent({ name: "s3cr3t" });
  const stop = new AbortController();
  await using reader = new StreamReader(kinesis, "s", { clock, signal: stop.signal });
  const reading = Array.fromAsync(reader);
  await clock.advance(10_000);
  equal(collector.spans.length, 0, "an idle stream has none");
  for (const n of [1, 2]) await kinesis.putRecords("s", [{ partitionKey: `s3cr3t${n}`, data }]);
  await clock.advance(2_000);
  code = "ThrottlingException";
  await clock.advance(1_500);
  code = undefined;
  await clock.advance(10_000);
  stop.abort();
  await reading;
  const [batch, failure] = collector.spans;
  deepEqual([batch!.name, batch!.kind], ["triton.reader.fetch", SpanKind.CONSUMER]);
  deepEqual(batch!.attributes, {
    ...{ stream: "s", shard: FIRST, records: 2, bytes: 2 * data.length, "lag.ms": 0 },
  });
  deepEqual(failure!.status, {
    code: SpanStatusCode.ERROR,
    message: "KinesisError: ThrottlingException",
  });
  equal(JSON.stringify(collector.spans).includes("s3cr3t"), false);
});

Deno.test("a span for each batch that a member of a group fetches", async () => {
  using collector = new SpanCollector();
  const world = new GroupWorld(1);
  await world.put(5);
  const { group } = world.member();
  let count = 0;
  await world.until((async () => {
    for await (const _record of group) if (++count === 5) break;
  })());
  const fetches = collector.spans.filter(({ name }) => name === "triton.reader.fetch");
  equal(fetches[0]!.attributes.records, 5);
});

Deno.test("a span for each batch that a writer puts, retries included", async () => {
  using collector = new SpanCollector();
  const clock = new VirtualClock();
  let [failures, posts] = [2, 0];
  const kinesis = new MemoryKinesis({
    clock,
    intercept(operation) {
      if (operation !== "putRecords") return;
      trace.getTracer("aws").startSpan("POST").end(clock.now());
      posts++;
      if (failures-- <= 0) return;
      throw new KinesisError("Cannot: away", { code: "ECONNRESET", retryable: true });
    },
  });
  kinesis.createStream("s");
  await using writer = new StreamWriter(kinesis, "s", { clock });
  const data = encodeEvent({ name: "s3cr3t" });
  for (const key of ["a", "b"]) await writer.put({ partitionKey: key, data });
  await runUntil(clock, writer.flush());
  deepEqual(collector.spans.map(({ name, parent }) => [name, parent]), [
    ...Array(posts).fill(["POST", "triton.writer.put"]),
    ["triton.writer.put", undefined],
  ]);
  equal(posts >= 3, true);
  const { attributes, kind, status, start, end } = collector.spans.at(-1)!;
  deepEqual(attributes, { stream: "s", records: 2, bytes: 2 * (1 + data.length), refused: 0 });
  deepEqual([kind, status, end > start], [SpanKind.PRODUCER, undefined, true]);
  failures = Infinity;
  await using broken = new StreamWriter(kinesis, "s", { clock, maxAttempts: 1 });
  await broken.put({ partitionKey: "a", data });
  await rejects(runUntil(clock, broken.flush()));
  equal(collector.spans.at(-1)!.status!.message, "KinesisError: ECONNRESET");
});

Deno.test("without a provider, traces do nothing", async () => {
  const now = () => 1;
  const result = await new Trace("work", { now }).run(async (work) => {
    work.set({ a: 1 });
    work.note("before", 0, 1);
    return await work.step("step", () => 2);
  });
  equal(result, 2);
  await rejects(new Trace("work", { now }).run(() => Promise.reject(new Error("no"))), /no/);
});

Deno.test("a provider that throws does not fail what is traced", async () => {
  const broken = () => {
    throw new Error("no room for spans");
  };
  const span = { setAttributes: broken, setAttribute: broken, end: broken } as unknown as Span;
  const faults: unknown[] = [];
  const quiet = { warn() {}, info() {}, debug() {}, verbose() {} };
  diag.setLogger({ ...quiet, error: (...args) => faults.push(String(args[1])) });
  try {
    for (const startSpan of [broken, () => span]) {
      faults.length = 0;
      const startActiveSpan = broken;
      trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan, startActiveSpan }) });
      const clock = new VirtualClock();
      const kinesis = new MemoryKinesis({ clock });
      kinesis.createStream("s");
      await using writer = new StreamWriter(kinesis, "s", { clock });
      await writer.put({ partitionKey: "a", data: new Uint8Array([0x80]) });
      await runUntil(clock, writer.flush());
      await using reader = new StreamReader(kinesis, "s", { clock, idle: true });
      equal((await runUntil(clock, Array.fromAsync(reader))).length, 1);
      const failing = () => Promise.reject(new Error("of the work"));
      await rejects(new Trace("work", { now: () => 1 }).run(failing), /of the work/);
      equal(
        faults.length > 2 && faults.every((fault) => fault === "Error: no room for spans"),
        true,
      );
      trace.disable();
    }
  } finally {
    trace.disable();
    diag.disable();
  }
});
