import { deepStrictEqual, equal, ok, rejects, throws } from "node:assert/strict";
import * as z from "zod";
import { readdirSync, readFileSync } from "node:fs";
import {
  type ArchiveFileDamage,
  ArchiveReader,
  type ArchiveReaderOptions,
  openArchive,
} from "../../src/archive/mod.ts";
import { VirtualClock } from "../../src/base/clock.ts";
import { EMPTY_ARCHIVE, eventsIn, NdjsonWriter, readArchiveBlocks } from "../../src/codec/mod.ts";
import type { RetryEvent } from "../../src/base/retry.ts";
import { ArchiveFormatError, ObjectStoreError } from "../../src/base/errors.ts";
import {
  DirectoryObjectStore,
  MemoryObjectStore,
  type MemoryObjectStoreOptions,
  type ObjectStore,
  openObjectStore,
} from "../../src/objects/mod.ts";
import { type S3Fault, startS3Server } from "../support/s3_server.ts";
import { archiveOf, putArchives } from "./archives.ts";

const JULY = { stream: "clicks", from: "2015-07-01", to: "2015-07-31" };

async function eventsOf(
  store: ObjectStore,
  options: Partial<ArchiveReaderOptions> = {},
): Promise<unknown[]> {
  await using reader = new ArchiveReader(store, { ...JULY, ...options });
  return await Array.fromAsync(reader, (record) => record.data);
}

/** What `putArchives` puts: one event a file. */
function expected(keys: readonly string[]): unknown[] {
  return keys.map((key, i) => ({ i, key }));
}

/** Moves the clock on until the promise is settled. */
async function passTime<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let settled = false;
  promise.catch(() => {}).finally(() => settled = true);
  while (!settled) await clock.advance(60_000);
  return await promise;
}

/** Options for the small S3 server. */
function s3Options(url: string) {
  return { endpoint: url, env: {}, credentials: { accessKeyId: "a", secretAccessKey: "b" } };
}

Deno.test("ArchiveReader yields records with data, bytes and the archive's key", async () => {
  const store = new MemoryObjectStore();
  const key = "20150710/clicks-store-1436486400.tri";
  await store.put(key, archiveOf([{ a: 1 }, { a: { b: ["c"] } }]));
  await using reader = new ArchiveReader(store, JULY);
  const records = await Array.fromAsync(reader);
  deepStrictEqual(records.map((record) => record.key), [key, key]);
  deepStrictEqual(records.map((record) => record.data), [{ a: 1 }, { a: { b: ["c"] } }]);
  deepStrictEqual([...records[0]!.raw], [0x81, 0xa1, 0x61, 1]);
  equal(records[1]!.data, records[1]!.data);
  equal(records[0]!.shardId, undefined);
  // Each iteration begins anew.
  equal((await Array.fromAsync(reader)).length, 2);
});

Deno.test("ArchiveReader.blocks() yields whole events and the archive's key", async () => {
  const store = new MemoryObjectStore();
  const keys = await putArchives(store, 3);
  await using reader = new ArchiveReader(store, JULY);
  const blocks = await Array.fromAsync(reader.blocks());
  deepStrictEqual(blocks.map(({ key, count }) => [key, count]), keys.map((key) => [key, 1]));
  deepStrictEqual(blocks.map((block) => [...eventsIn(block)].length), [1, 1, 1]);
});

Deno.test("ArchiveReader passes over empty archives", async () => {
  const store = new MemoryObjectStore();
  await store.put("20150701/clicks-store-1.tri", EMPTY_ARCHIVE);
  await store.put("20150702/clicks-store-2.tri", new Uint8Array());
  await store.put("20150703/clicks-store-3.tri", archiveOf([{ a: 1 }]));
  await store.put("20150704/clicks-store-4.tri", EMPTY_ARCHIVE);
  deepStrictEqual(await eventsOf(store), [{ a: 1 }]);
});

Deno.test("ArchiveReader reads several clients, or one, in order of time", async () => {
  const store = new MemoryObjectStore();
  const a = await putArchives(store, 30, { client: "a", minutes: 3 });
  const b = await putArchives(store, 30, { client: "b", minutes: 2 });
  const events = await eventsOf(store) as { key: string }[];
  const times = events.map(({ key }) => Number(key.split("-").at(-1)!.slice(0, -4)));
  deepStrictEqual(times, times.toSorted((x, y) => x - y));
  deepStrictEqual(new Set(events.map(({ key }) => key)), new Set([...a, ...b]));
  deepStrictEqual(await eventsOf(store, { client: "b" }), expected(b));
});

const GOLDEN = new URL("../testdata/golden/", import.meta.url).pathname;
const goldenNames = readdirSync(GOLDEN).filter((name) => name.endsWith(".tri")).sort();

/** The events of a golden archive as JSON lines, read without a store. */
async function goldenLines(name: string): Promise<string> {
  const writer = new NdjsonWriter();
  let lines = "";
  for await (const { events } of readArchiveBlocks(readFileSync(GOLDEN + name))) {
    lines += new TextDecoder().decode(writer.write(events));
  }
  const wanted = readFileSync(GOLDEN + name.replace(/tri$/, "ndjson"), "utf8");
  equal(lines.split("\n").length, wanted.split("\n").length);
  return lines;
}

/** Puts the golden archives and reads them back. */
async function checkGolden(store: ObjectStore): Promise<void> {
  const wanted = new Map<string, string>();
  for (const [i, name] of goldenNames.entries()) {
    const key = `20150710/clicks-store-${i}.tri`;
    await store.put(key, readFileSync(GOLDEN + name));
    wanted.set(key, await goldenLines(name));
  }
  await using reader = new ArchiveReader(store, JULY);
  const writer = new NdjsonWriter();
  const files = new Map<string, string>();
  for await (const { key, events } of reader.blocks({ reuse: true })) {
    files.set(key, (files.get(key) ?? "") + new TextDecoder().decode(writer.write(events)));
  }
  ok(files.size > 0);
  deepStrictEqual(files, wanted);
}

Deno.test("ArchiveReader reads the golden archives from memory", () =>
  checkGolden(new MemoryObjectStore()));

Deno.test("ArchiveReader reads the golden archives from a directory", async () => {
  const directory = await Deno.makeTempDir();
  await checkGolden(new DirectoryObjectStore(directory));
  await Deno.remove(directory, { recursive: true });
});

Deno.test("ArchiveReader reads the golden archives from S3", async () => {
  await using server = await startS3Server({ buckets: ["bucket"] });
  await using store = await openObjectStore("bucket/here", s3Options(server.url));
  await checkGolden(store);
});

/** A store in memory that knows how many files are being fetched, and lets them wait. */
function countingStore(options: MemoryObjectStoreOptions = {}) {
  const counts = { running: 0, most: 0 };
  let gate = Promise.withResolvers<void>();
  const store = new MemoryObjectStore({
    ...options,
    async intercept(request, proceed) {
      if (request.operation !== "get") return await proceed();
      counts.most = Math.max(counts.most, ++counts.running);
      await gate.promise;
      counts.running--;
      return await proceed();
    },
  });
  const open = () => {
    gate.resolve();
    gate = Promise.withResolvers();
  };
  return { store, counts, open };
}

/** Lets everything go on that can: a few turns of the event loop. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("ArchiveReader fetches the next files while one is read, in order and bounded", async () => {
  const { store, counts, open } = countingStore();
  const keys = await putArchives(store, 100);
  const reading = eventsOf(store, { prefetchFiles: 7 });
  let settled = false;
  reading.finally(() => settled = true);
  while (!settled) {
    await settle();
    open();
  }
  deepStrictEqual(await reading, expected(keys));
  equal(counts.most, 7);
});

Deno.test("ArchiveReader holds no more bytes ahead than it may, however large the files", async () => {
  const { store, counts, open } = countingStore({ chunkSize: 100 });
  const events = Array.from({ length: 40 }, (_, i) => ({ i, noise: crypto.randomUUID() }));
  const file = archiveOf(events);
  ok(file.length > 1500);
  for (let i = 0; i < 10; i++) await store.put(`20150710/clicks-store-${i}.tri`, file);
  const reading = eventsOf(store, { prefetchBytes: 4000 });
  let settled = false;
  reading.finally(() => settled = true);
  while (!settled) {
    await settle();
    open();
  }
  equal((await reading).length, 400);
  // A file counts for a quarter of the bytes at most: so four at a time.
  equal(counts.most, 4);
});

/** An archive of one event, the last byte of which is wrong. */
function damagedArchive(): Uint8Array {
  const file = archiveOf([{ i: 3 }]);
  const at = file.findIndex((_, i) =>
    file[i] === 0x81 && file[i + 1] === 0xa1 && file[i + 3] === 3
  );
  file[at + 3] = 4;
  return file;
}

Deno.test("ArchiveReader shows damage after all records before it, with key and offset", async () => {
  const store = new MemoryObjectStore();
  const keys = await putArchives(store, 5);
  await store.put(keys[3]!, damagedArchive());
  const seen: unknown[] = [];
  await using reader = new ArchiveReader(store, JULY);
  await rejects(async () => {
    for await (const { data } of reader) seen.push(data);
  }, (error) => {
    ok(error instanceof ArchiveFormatError);
    ok(error.message.startsWith(`Cannot read "${keys[3]}": `));
    ok(error.cause instanceof ArchiveFormatError);
    equal(error.offset, error.cause.offset);
    return true;
  });
  deepStrictEqual(seen, expected(keys.slice(0, 3)));
});

Deno.test("ArchiveReader with onDamage goes on after damage", async () => {
  const store = new MemoryObjectStore();
  const keys = await putArchives(store, 5);
  await store.put(keys[3]!, damagedArchive());
  const damages: ArchiveFileDamage[] = [];
  const events = await eventsOf(store, { onDamage: (damage) => damages.push(damage) });
  deepStrictEqual(events, expected(keys).toSpliced(3, 1));
  deepStrictEqual(damages.map(({ key }) => key), [keys[3]]);
  ok(damages[0]!.error instanceof ArchiveFormatError);
});

Deno.test("ArchiveReader says which archive is cut off", async () => {
  const store = new MemoryObjectStore();
  const whole = archiveOf([{ a: 1 }]);
  await store.put("20150710/clicks-store-1.tri", whole.subarray(0, whole.length - 1));
  await rejects(eventsOf(store), {
    name: "ArchiveFormatError",
    message: /^Cannot read "20150710\/clicks-store-1\.tri": /,
  });
});

Deno.test("ArchiveReader goes on where a connection broke, and reads every record once", async () => {
  let requests = 0;
  const clock = new VirtualClock();
  const store = new MemoryObjectStore({
    chunkSize: 50,
    async intercept(request, proceed) {
      if (++requests % 3 === 0) {
        throw new ObjectStoreError("Cannot: SlowDown", { code: "SlowDown", retryable: true });
      }
      const answer = await proceed();
      return request.operation === "get" && requests % 2 === 0 ? breaking(answer) : answer;
    },
  });
  let keys: string[] = [];
  keys = await putAll(store);
  const retries: number[] = [];
  const onRetry = ({ attempt }: RetryEvent) => retries.push(attempt);
  const events = await passTime(clock, eventsOf(store, { clock, onRetry }));
  deepStrictEqual(events, expected(keys));
  ok(retries.length > 20);
});

/** Puts archives into a store that fails now and then. */
async function putAll(store: MemoryObjectStore): Promise<string[]> {
  const calm = new MemoryObjectStore();
  const keys = await putArchives(calm, 40);
  for (const key of keys) {
    const bytes = await (await calm.get(key)).bytes();
    await store.put(key, bytes).catch(() => store.put(key, bytes));
  }
  return keys;
}

/** Makes the body of an answer break after its first chunk. */
function breaking<T>(answer: T): T {
  const body = answer as AsyncIterable<Uint8Array> & { size: number };
  return {
    size: body.size,
    async *[Symbol.asyncIterator]() {
      for await (const chunk of body) {
        yield chunk;
        throw new ObjectStoreError("Cannot get: reset", { code: "ECONNRESET", retryable: true });
      }
    },
  } as T;
}

Deno.test("ArchiveReader reads all from an S3 that throttles, drops and truncates", async () => {
  await using server = await startS3Server({ buckets: ["bucket"] });
  await using store = await openObjectStore("bucket", s3Options(server.url));
  const keys = await putArchives(store, 30);
  let requests = 0;
  server.fault = (): S3Fault => {
    const faults: S3Fault[] = [
      new Response("<Error><Code>SlowDown</Code></Error>", { status: 503 }),
      "drop",
      { truncateAfter: 60 },
      undefined,
      "drop-after",
    ];
    return faults[requests++ % faults.length];
  };
  const clock = new VirtualClock();
  const options = { clock, from: "2015-07-10", to: "2015-07-10", maxAttempts: 20 };
  deepStrictEqual(await passTime(clock, eventsOf(store, options)), expected(keys));
});

Deno.test("ArchiveReader gives up after maxAttempts failures in a row", async () => {
  const clock = new VirtualClock();
  let lists = 0;
  const store = new MemoryObjectStore({
    intercept() {
      lists++;
      throw new ObjectStoreError("Cannot list: down", { code: "SlowDown", retryable: true });
    },
  });
  const options = { clock, maxAttempts: 4, from: "20150710", to: "20150710" };
  await rejects(passTime(clock, eventsOf(store, options)), { code: "SlowDown" });
  equal(lists, 4);
});

Deno.test("ArchiveReader fails at once where asking again cannot help", async () => {
  const store = new DirectoryObjectStore("/nothing/here");
  await rejects(eventsOf(store), { name: "ObjectStoreError", code: "NoSuchBucket" });
});

Deno.test("ArchiveReader stops at once on abort, also while the store does not answer", async () => {
  const { store, open } = countingStore();
  await putArchives(store, 10);
  const controller = new AbortController();
  const reason = new Error("enough");
  await using reader = new ArchiveReader(store, { ...JULY, signal: controller.signal });
  const next = reader[Symbol.asyncIterator]().next();
  await settle();
  controller.abort(reason);
  await rejects(next, reason);
  await rejects(Array.fromAsync(reader), reason);
  open();
});

Deno.test("ArchiveReader stops between records on abort", async () => {
  const store = new MemoryObjectStore();
  await putArchives(store, 10);
  const controller = new AbortController();
  const seen: unknown[] = [];
  await using reader = new ArchiveReader(store, { ...JULY, signal: controller.signal });
  await rejects(async () => {
    for await (const { data } of reader) {
      if (seen.push(data) === 3) controller.abort();
    }
  }, { name: "AbortError" });
  equal(seen.length, 3);
});

Deno.test("ArchiveReader stops in the middle of a file when it is aborted or disposed of", async () => {
  const store = new MemoryObjectStore();
  const events = Array.from({ length: 100 }, (_, n) => ({ n }));
  await store.put("20150710/clicks-store-1436486400.tri", archiveOf(events));
  for (const how of ["aborted", "disposed of"]) {
    const controller = new AbortController();
    await using reader = new ArchiveReader(store, { ...JULY, signal: controller.signal });
    const seen: unknown[] = [];
    await rejects(async () => {
      for await (const { data } of reader) {
        if (seen.push(data) < 3) continue;
        if (how === "aborted") controller.abort();
        else await reader[Symbol.asyncDispose]();
      }
    });
    equal(seen.length, 3);
  }
});

Deno.test("ArchiveReader can be disposed of by onInvalid, which is called no more then", async () => {
  const store = new MemoryObjectStore();
  await store.put("20150710/clicks-store-1436486400.tri", archiveOf([{ n: 1 }, { n: 2 }]));
  let called = 0;
  const reader: ArchiveReader<unknown> = new ArchiveReader<unknown>(store, {
    ...JULY,
    schema: z.never(),
    async onInvalid() {
      called++;
      await reader[Symbol.asyncDispose]();
    },
  });
  await rejects(Array.fromAsync(reader), { name: "TritonError" });
  equal(called, 1);
});

Deno.test("ArchiveReader that is left or disposed of fetches nothing more", async () => {
  let gets = 0;
  const store = new MemoryObjectStore({
    intercept(request, proceed) {
      if (request.operation === "get") gets++;
      return proceed();
    },
  });
  await putArchives(store, 50);
  await using reader = new ArchiveReader(store, { ...JULY, prefetchFiles: 3 });
  for await (const record of reader) {
    equal(record.key, "20150710/clicks-store-1436486400.tri");
    break;
  }
  await settle();
  ok(gets <= 4, `${gets} files`);
  const other = new ArchiveReader(store, JULY);
  const records = other[Symbol.asyncIterator]();
  await records.next();
  await other[Symbol.asyncDispose]();
  await rejects(records.next(), { message: /the reader is disposed/ });
});

Deno.test("openArchive() opens a URL when reading begins, and closes it", async () => {
  await using server = await startS3Server({ buckets: ["bucket"] });
  await using store = await openObjectStore("s3://bucket/logs", s3Options(server.url));
  const keys = await putArchives(store, 3);
  const options = { ...JULY, ...s3Options(server.url) };
  await using archive = openArchive("s3://bucket/logs", options);
  deepStrictEqual(await Array.fromAsync(archive, ({ data }) => data), expected(keys));
  await using missing = openArchive("s3://nothing", options);
  await rejects(Array.fromAsync(missing), { code: "NoSuchBucket" });
  await using unknown = openArchive("gs://bucket", JULY);
  await rejects(Array.fromAsync(unknown), TypeError);
});

Deno.test("openArchive() refuses a range that cannot be, before anything is read", () => {
  throws(() => openArchive("s3://bucket", { ...JULY, from: "2015-02-30" }), RangeError);
  throws(() => openArchive("s3://bucket", { ...JULY, from: "2015-08-01" }), RangeError);
});
