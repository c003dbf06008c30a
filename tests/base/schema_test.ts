import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type as arktype } from "arktype";
import * as v from "valibot";
import * as z from "zod";
import { ArchiveReader, InvalidArchiveRecordError, openArchive } from "../../src/archive/mod.ts";
import { MemoryCheckpointer } from "../../src/exports/checkpoint.ts";
import { VirtualClock } from "../../src/base/clock.ts";
import { encodeEvent } from "../../src/codec/mod.ts";
import { InvalidRecordError } from "../../src/base/invalid_record.ts";
import { MemoryKinesis } from "../../src/kinesis/mod.ts";
import { MemoryObjectStore } from "../../src/objects/mod.ts";
import type { EventData } from "../../src/base/record.ts";
import type { RecordSchema } from "../../src/base/schema.ts";
import { InvalidStreamRecordError, openStream, StreamReader } from "../../src/stream/mod.ts";
import { archiveOf } from "../archive/archives.ts";
import { runUntil } from "../../src/testing/mod.ts";

interface Click {
  readonly user: { readonly name: string };
  readonly ms: number;
}

/** The same shape in the words of each library: `name` is put in capitals, in zod's own time. */
const SCHEMAS: Readonly<Record<string, RecordSchema<Click>>> = {
  zod: z.object({
    user: z.object({ name: z.string().transform((name) => Promise.resolve(name.toUpperCase())) }),
    ms: z.number().min(0),
  }),
  valibot: v.object({
    user: v.object({ name: v.pipe(v.string(), v.transform((name) => name.toUpperCase())) }),
    ms: v.pipe(v.number(), v.minValue(0)),
  }),
  arktype: arktype({
    user: { name: arktype("string").pipe((name) => name.toUpperCase()) },
    ms: "number >= 0",
  }),
};

const EVENTS: readonly EventData[] = [
  { user: { name: "ada" }, ms: 3 },
  { user: { name: 7 }, ms: -1 },
  { user: { name: "bob" }, ms: 4 },
];
const KEY = "20150710/clicks-store-1436486400.tri";
const JULY = { stream: "clicks", from: "2015-07-01", to: "2015-07-31" };

/** A stream and an archive that hold the events, the stream also one record that is not one. */
async function setUp() {
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({ clock });
  const [shardId] = kinesis.createStream("clicks");
  const datas = [...EVENTS.map((event) => encodeEvent(event)), Uint8Array.of(0xc1)];
  await kinesis.putRecords("clicks", datas.map((data) => ({ partitionKey: "a", data })));
  const store = new MemoryObjectStore();
  await store.put(KEY, archiveOf(EVENTS));
  return { clock, kinesis, shardId: shardId!, store };
}

for (const [name, schema] of Object.entries(SCHEMAS)) {
  Deno.test(`StreamReader types and checks events with a schema of ${name}`, async () => {
    const { clock, kinesis, shardId } = await setUp();
    const invalid: InvalidStreamRecordError[] = [];
    await using reader = new StreamReader(kinesis, "clicks", {
      clock,
      schema,
      onInvalid: (error) => void invalid.push(error),
    });
    const found: Click[] = [];
    const reading = (async () => {
      for await (const record of reader) {
        found.push(record.data);
        equal(record.shardId, shardId);
        equal(record.arrivedAt.getTime(), Date.UTC(2026, 0, 1));
        if (found.length === 2) break;
      }
    })();
    await runUntil(clock, reading);
    deepEqual(found, [{ user: { name: "ADA" }, ms: 3 }, { user: { name: "BOB" }, ms: 4 }]);
    const [error] = invalid;
    deepEqual(error!.issues.map(({ path }) => path).sort(), ["ms", "user.name"]);
    deepEqual(error!.data, EVENTS[1]);
    deepEqual(error!.raw, encodeEvent(EVENTS[1]!));
    for (const { path, message } of error!.issues) {
      ok(message.length > 3);
      ok(error!.message.includes(`${path}: ${message}`), error!.message);
    }
    ok(error!.message.includes(error!.sequenceNumber) && error!.message.includes(shardId));
  });

  Deno.test(`ArchiveReader types and checks events with a schema of ${name}`, async () => {
    const { store } = await setUp();
    const invalid: InvalidArchiveRecordError[] = [];
    const onInvalid = (error: InvalidArchiveRecordError) => void invalid.push(error);
    await using archive = openArchive(store, { ...JULY, schema, onInvalid });
    const found = await Array.fromAsync(archive, ({ data, key }) => [key, data.user.name, data.ms]);
    deepEqual(found, [[KEY, "ADA", 3], [KEY, "BOB", 4]]);
    deepEqual(invalid.map(({ key, index }) => [key, index]), [[KEY, 1]]);
    deepEqual(invalid[0]!.issues.map(({ path }) => path).sort(), ["ms", "user.name"]);
    ok(invalid[0]!.message.includes(`event 1 of archive "${KEY}"`));
  });
}

Deno.test("StreamReader throws what does not fit, again and again, and saves nothing beyond", async () => {
  const { clock, kinesis, shardId } = await setUp();
  const checkpointer = new MemoryCheckpointer({ clock });
  await using reader = new StreamReader(kinesis, "clicks", {
    clock,
    checkpointer,
    schema: SCHEMAS["zod"]!,
  });
  const numbers: string[] = [];
  const reading = async () => {
    for await (const record of reader) numbers.push(record.sequenceNumber);
  };
  for (let i = 0; i < 2; i++) {
    await rejects(() => runUntil(clock, reading()), InvalidStreamRecordError);
  }
  await reader.checkpoint();
  equal(numbers.length, 1);
  equal(await checkpointer.load("clicks", shardId), numbers[0]);
});

Deno.test("ArchiveReader throws what does not fit", async () => {
  const { store } = await setUp();
  await using archive = new ArchiveReader(store, { ...JULY, schema: SCHEMAS["arktype"]! });
  await rejects(() => Array.fromAsync(archive), (error) => {
    ok(error instanceof InvalidRecordError && error instanceof InvalidArchiveRecordError);
    deepEqual([error.key, error.index, error.data], [KEY, 1, EVENTS[1]]);
    return true;
  });
});

Deno.test('onInvalid: "skip" counts and logs what it passes over', async () => {
  const { clock, kinesis, store } = await setUp();
  const logged: LogRecord[] = [];
  await configure({
    sinks: { list: (record) => void logged.push(record) },
    loggers: [
      { category: "triton", sinks: ["list"] },
      { category: ["logtape", "meta"], sinks: [], lowestLevel: "error" },
    ],
  });
  try {
    const stop = new AbortController();
    const more = { schema: SCHEMAS["valibot"]!, onInvalid: "skip" } as const;
    await using archive = new ArchiveReader(store, { ...JULY, ...more });
    equal((await Array.fromAsync(archive)).length, 2);
    equal(archive.skipped, 1);
    await using reader = new StreamReader(kinesis, "clicks", {
      clock,
      signal: stop.signal,
      ...more,
    });
    const reading = Array.fromAsync(reader);
    await clock.advance(1_000);
    stop.abort();
    equal((await reading).length, 2);
    equal(reader.skipped, 2);
  } finally {
    await reset();
  }
  deepEqual(logged.map(({ category, level }) => [category[1], level]), [
    ["archive", "warning"],
    ["stream", "warning"],
    ["stream", "warning"],
  ]);
  ok(String(logged[0]!.properties["reason"]).includes(KEY));
  ok(String(logged[2]!.properties["reason"]).includes("it is not an event"));
});

Deno.test("What a schema itself throws is thrown on", async () => {
  const { store } = await setUp();
  const schema = z.object({}).refine(() => {
    throw new Error("the user database is away");
  });
  await using archive = new ArchiveReader(store, { ...JULY, schema, onInvalid: "skip" });
  await rejects(() => Array.fromAsync(archive), { message: "the user database is away" });
  equal(archive.skipped, 0);
});

/** Fails to compile unless both types are the same. */
function sameType<A, B>(
  _proof: (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false,
): void {}

Deno.test("openStream() and openArchive() take the type of data from the schema", async () => {
  const zod = z.object({ n: z.string().transform(Number) });
  const valibot = v.object({ tags: v.array(v.string()) });
  const ark = arktype({ at: "Date", "by?": "string" });
  type Data<R> = R extends AsyncIterable<{ readonly data: infer D }> ? D : never;
  await using stream = openStream("s", { schema: zod });
  sameType<Data<typeof stream>, { n: number }>(true);
  await using typed = openStream("s", { schema: valibot, onInvalid: "skip" });
  sameType<Data<typeof typed>, { tags: string[] }>(true);
  await using archive = openArchive("memory:", { ...JULY, schema: ark });
  sameType<Data<typeof archive>, { at: Date; by?: string }>(true);
  await using plain = openStream("s");
  sameType<Data<typeof plain>, EventData>(true);
  await using plainArchive = openArchive("memory:", { ...JULY });
  sameType<Data<typeof plainArchive>, EventData>(true);
});

Deno.test("RecordSchema takes what the specification's own type says", () => {
  const standard: StandardSchemaV1<unknown, Click> = SCHEMAS["zod"] as StandardSchemaV1<
    unknown,
    Click
  >;
  const schema: RecordSchema<Click> = standard;
  equal(schema["~standard"].vendor, "zod");
});
