import { deepStrictEqual, equal, match, ok, rejects } from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import {
  type ArchiveReport,
  isInPart,
  MemoryObjectStore,
  ObjectStoreError,
  type RecordedGap,
  verifyArchive,
  type VerifyArchiveOptions,
} from "../../../src/archive/mod.ts";
import { VirtualClock } from "../../../src/base/clock.ts";
import { EMPTY_ARCHIVE, encodeEvent, encodeSnappyFrames } from "../../../src/codec/mod.ts";
import type { SequenceNumber } from "../../../src/base/record.ts";
import { runUntil } from "../../../src/testing/mod.ts";
import {
  chainOf,
  fileOf,
  type FileSpec,
  keyOf,
  putFiles,
  shardId,
  START,
} from "../chain_archives.ts";

/** Verifies the archive of the tests' stream, on a clock that says 2026-01-03. */
function verify(
  store: MemoryObjectStore,
  options: Partial<VerifyArchiveOptions> = {},
): Promise<ArchiveReport> {
  const clock = new VirtualClock({ now: START + 2 * 86_400_000 });
  return verifyArchive(store, { stream: "clicks", clock, ...options });
}

/** A store with these files. */
async function storeOf(...specs: readonly FileSpec[]): Promise<MemoryObjectStore> {
  const store = new MemoryObjectStore();
  await putFiles(store, ...specs);
  return store;
}

/** Type and number of keys of each problem. */
function typesOf({ problems }: ArchiveReport): string[] {
  return problems.map(({ type, keys }) => `${type} ${keys.length}`);
}

async function framesOf(bytes: Uint8Array): Promise<Uint8Array> {
  const frames = await Array.fromAsync(encodeSnappyFrames(bytes));
  return new Uint8Array(await new Blob(frames as BlobPart[]).arrayBuffer());
}

function gapOf(n: number, after: number | undefined, recordedAt = START): RecordedGap {
  return {
    client: "store",
    shardId: shardId(n),
    after: after === undefined ? undefined : String(after) as SequenceNumber,
    until: undefined,
    reason: "skipped",
    recordedAt: new Date(recordedAt),
  };
}

function knowing(gaps: readonly RecordedGap[], checkpoint?: number) {
  const sequenceNumber = String(checkpoint) as SequenceNumber;
  const checkpoints = checkpoint === undefined
    ? []
    : [{ client: "store", shardId: shardId(0), sequenceNumber }];
  return {
    knowledge: {
      gaps: () => Promise.resolve(gaps),
      checkpoints: () => Promise.resolve(checkpoints),
    },
  };
}

Deno.test("verifyArchive() tells what a whole archive holds", async () => {
  const store = await storeOf(
    { shards: { 0: [undefined, 1, 2], 1: [undefined, 7, -8] }, at: 0 },
    { shards: { 0: [2, 3], 2: [undefined, 100] }, at: 3600 },
    { shards: { 0: [undefined, 50] }, at: 10, client: "other" },
    { shards: { 0: [undefined, 1] }, at: 10, stream: "clicks-more" },
  );
  await store.put("20260101/clicks-store-1767225999.tri", EMPTY_ARCHIVE);
  await store.put("20260101/notes.txt", new Uint8Array(3));
  for (const deep of [false, true]) {
    const report = await verify(store, { deep });
    deepStrictEqual(report.problems, []);
    equal(report.whole, true);
    deepStrictEqual(
      [report.files, report.empty, report.events, report.quarantined],
      [4, 1, 6, 1],
    );
    deepStrictEqual(
      report.shards.map((
        { client, shardId, files, previous, first, last },
      ) => [client, shardId, files, previous, first, last]),
      [
        ["other", shardId(0), 1, undefined, "50", "50"],
        ["store", shardId(0), 2, undefined, "1", "3"],
        ["store", shardId(1), 1, undefined, "7", "8"],
        ["store", shardId(2), 1, undefined, "100", "100"],
      ],
    );
    deepStrictEqual(report.quarantine, [{ key: keyOf({ shards: {}, at: 0 }), records: 1 }]);
    equal(JSON.parse(JSON.stringify(report)).shards[1].lastArrival, "2026-01-01T00:00:00.003Z");
  }
  equal((await verify(store, { client: "other" })).files, 1);
});

Deno.test("verifyArchive() follows the chain, not the order of keys", async () => {
  const store = await storeOf(
    { shards: { 0: [undefined, 1] }, at: 7 },
    { shards: { 0: [1, 2] }, at: 6 },
    { shards: { 0: [2, 10] }, at: 8 },
    { shards: { 0: [10, 11] }, at: 5 },
  );
  deepStrictEqual((await verify(store)).problems, []);
});

Deno.test("verifyArchive() finds any cut of any chain", async () => {
  const lengths = fc.array(fc.integer({ min: 2, max: 6 }), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(lengths, fc.nat(), fc.nat(), async (lengths, a, b) => {
      // The files of all shards, each at a second of its own.
      const chains = lengths.map((length, n) =>
        chainOf(length, n).map((spec) => ({ ...spec, at: Number(spec.at) + n }))
      );
      equal((await verify(await storeOf(...chains.flat()))).whole, true);
      const n = a % chains.length;
      // Not the last file of a shard: nothing says that there was one.
      const [cut] = chains[n]!.splice(b % (chains[n]!.length - 1), 1);
      const report = await verify(await storeOf(...chains.flat()));
      equal(report.whole, false, `without ${keyOf(cut!)}`);
      deepStrictEqual(report.problems.map(({ type, shardId }) => [type, shardId]), [
        ["gap", shardId(n)],
      ]);
    }),
    { numRuns: 60 },
  );
});

Deno.test("verifyArchive() tells where a gap is", async () => {
  const [first, , third] = chainOf(3);
  const store = await storeOf(first!, third!);
  const [problem] = (await verify(store)).problems;
  deepStrictEqual(problem, {
    type: "gap",
    keys: [keyOf(first!), keyOf(third!)],
    client: "store",
    shardId: shardId(0),
    after: "2",
    id: "a6670d5f9eac",
    message: "no file holds what lies between 2 and 4",
  });
});

Deno.test("verifyArchive() finds the last file missing by the database's checkpoint", async () => {
  const store = await storeOf(...chainOf(2));
  equal((await verify(store, knowing([], 4))).whole, true);
  const report = await verify(store, knowing([], 6));
  match(report.problems[0]!.message, /the database says that it is archived up to 6, but/);
  equal((await verify(store, { ...knowing([], 6), to: "20260101" })).whole, true);
});

Deno.test("verifyArchive() finds by the database that all files of a shard are missing", async () => {
  const known = (gaps: readonly RecordedGap[], isArchivers?: boolean) => {
    const { knowledge } = knowing(gaps);
    const checkpoints = [0, 1].map((n) => ({
      ...{ client: "store", shardId: shardId(n), sequenceNumber: "4" as SequenceNumber },
      isArchivers,
    }));
    return { knowledge: { ...knowledge, checkpoints: () => Promise.resolve(checkpoints) } };
  };
  const store = await storeOf(...chainOf(2));
  const report = await verify(store, known([]));
  equal(report.whole, false);
  deepStrictEqual(report.problems, [{
    ...{ type: "gap", keys: [], client: "store", shardId: shardId(1) },
    id: "213b3ab8fc62",
    message: "the database says that it is archived up to 4, but no file holds any of it",
  }]);
  equal((await verify(store, { ...known([]), from: "20260101" })).whole, true);
  deepStrictEqual((await verify(store, { ...known([]), client: "other" })).problems, []);
  equal((await verify(store, known([gapOf(1, undefined)]))).problems.length, 1);
  const empty = await storeOf();
  const allowEmpty = await verify(empty, { ...known([]), allowEmpty: true });
  equal(allowEmpty.whole, true, "the positions may be a consumer's");
  equal((await verify(empty, known([], true))).problems.length, 2);
});

Deno.test("verifyArchive() finds duplicates, overlaps and forks", async () => {
  const [first, second, third] = chainOf(3);
  const copy = { ...second!, at: 9000 };
  deepStrictEqual(typesOf(await verify(await storeOf(first!, second!, third!, copy))), [
    "duplicate 2",
  ]);
  const overlap = { shards: { 0: [2, 3, 4, 5] as const }, at: 9000 };
  deepStrictEqual(typesOf(await verify(await storeOf(first!, second!, overlap))), ["overlap 2"]);
  const fork = { shards: { 0: [2, 9] as const }, at: 9000 };
  deepStrictEqual(typesOf(await verify(await storeOf(first!, second!, fork))), ["overlap 2"]);
  const backwards = { shards: { 0: [6, 9, 8] as const }, at: 9000 };
  deepStrictEqual(typesOf(await verify(await storeOf(first!, second!, third!, backwards))), [
    "count 1",
  ]);
});

Deno.test("verifyArchive() takes a chain that begins anew for a gap, unless one was recorded", async () => {
  const store = await storeOf(
    { shards: { 0: [undefined, 1, 2] }, at: 0 },
    { shards: { 0: [undefined, 9] }, at: 3600 },
  );
  const report = await verify(store);
  deepStrictEqual(typesOf(report), ["gap 2"]);
  match(report.problems[0]!.message, /^the chain ends with 2 and begins anew with 9$/);
  const recorded = await verify(store, knowing([gapOf(0, 2)]));
  const gap = { ...gapOf(0, 2), id: "57dee0b509c2" };
  deepStrictEqual([recorded.problems, recorded.gaps, recorded.whole], [[], [gap], false]);
  deepStrictEqual(typesOf(await verify(store, knowing([gapOf(0, 1)]))), ["gap 2"]);
  const later = await verify(store, { ...knowing([gapOf(0, 2)]), from: "20260102" });
  deepStrictEqual([later.gaps, later.problems], [[], []]);
});

Deno.test("verifyArchive() of a range takes what came before for granted, and looks beside it", async () => {
  const at = (time: string) => `2026-01-${time}Z`;
  const store = await storeOf(
    { shards: { 0: [undefined, 1] }, at: at("01T12:00:00") },
    // Written by one whose clock was behind: it comes after the next file.
    { shards: { 0: [2, 3] }, at: at("01T23:59:59") },
    { shards: { 0: [1, 2] }, at: at("02T00:00:01") },
    { shards: { 0: [3, 4] }, at: at("02T12:00:00") },
    { shards: { 0: [4, 5] }, at: at("03T00:00:01") },
  );
  for (const [from, to] of [["20260102", "20260102"], ["20260102"], ["20260101", "20260101"]]) {
    const report = await verify(store, { from, to });
    deepStrictEqual(report.problems, [], `${from} ${to}`);
  }
  equal((await verify(store, { from: "20260102", to: "20260102" })).files, 2);
  await rejects(verify(store, { from: "20260102", to: "20260101" }), RangeError);
  const cut = await storeOf(
    { shards: { 0: [1, 2] }, at: at("02T00:00:01") },
    { shards: { 0: [3, 4] }, at: at("02T12:00:00") },
  );
  deepStrictEqual(typesOf(await verify(cut, { from: "20260102", to: "20260102" })), ["gap 2"]);
  deepStrictEqual(typesOf(await verify(cut)), ["gap 1", "gap 2"]);
});

Deno.test("verifyArchive() finds a file that was cut off, wherever", async () => {
  const [first, second, third] = chainOf(3);
  const bytes = fileOf(second!);
  for (const length of [11, 22, 23, 40, bytes.length - 20, bytes.length - 1]) {
    const store = await storeOf(first!, third!);
    await store.put(keyOf(second!), bytes.slice(0, length));
    deepStrictEqual(typesOf(await verify(store)), ["damaged 1", "gap 2"], `${length} bytes`);
  }
});

Deno.test("verifyArchive() finds a large file that was cut off by its first bytes", async () => {
  const records = Array.from({ length: 3000 }, (_, i) => i + 1);
  const spec: FileSpec = { shards: { 0: [undefined, ...records] }, at: 0 };
  const store = new MemoryObjectStore();
  const random = crypto.getRandomValues(new Uint8Array(20_000));
  const body = new Uint8Array([...fileOf(spec).slice(0, 23), ...random]);
  await store.put(keyOf(spec), body);
  deepStrictEqual(typesOf(await verify(store)), ["damaged 1"]);
});

Deno.test("verifyArchive() finds each flipped bit of a file if it reads all of it", async () => {
  const spec: FileSpec = { shards: { 0: [undefined, 1, 2, -3] }, at: 0 };
  const bytes = fileOf(spec);
  const [all, some] = [{ deep: true }, {}];
  let foundByTail = 0;
  for (let at = 0; at < bytes.length; at++) {
    const flipped = bytes.slice();
    flipped[at]! ^= 1 << (at % 8);
    const store = new MemoryObjectStore();
    await store.put(keyOf(spec), flipped);
    ok((await verify(store, all)).problems.length > 0, `byte ${at}`);
    if ((await verify(store, some)).problems.length > 0) foundByTail++;
  }
  ok(foundByTail > bytes.length / 2, "the manifest is most of a small file");
  ok(foundByTail < bytes.length, "what is in the events only their bytes can show");
});

Deno.test("verifyArchive() finds a file that says more than it holds, or is another's", async () => {
  const spec: FileSpec = { shards: { 0: [undefined, 1, 2] }, at: 0 };
  const store = new MemoryObjectStore();
  await store.put(keyOf(spec), fileOf(spec, { client: "other" }));
  await store.put(keyOf({ ...spec, at: 1 }), fileOf(spec, { stream: "views" }));
  const report = await verify(store);
  deepStrictEqual(typesOf(report), ["misplaced 1", "misplaced 1"]);
  match(
    report.problems[1]!.message,
    /^it says that it belongs to stream "views" and client "store"$/,
  );
});

Deno.test("verifyArchive() of no archive at all is not whole, unless that is allowed", async () => {
  const store = await storeOf({ shards: { 0: [undefined, 1] }, at: 0 });
  for (const options of [{ stream: "cliks" }, { client: "stor" }, { from: "20260102" }]) {
    const report = await verify(store, options);
    deepStrictEqual([report.files, report.problems, report.whole], [0, [], false]);
    equal((await verify(store, { ...options, allowEmpty: true })).whole, true);
  }
});

Deno.test("verifyArchive() finds a file of no bytes, which is no empty archive", async () => {
  const store = await storeOf(...chainOf(2));
  await store.put("20260101/clicks-store-1767225999.tri", new Uint8Array(0));
  for (const deep of [false, true]) {
    const report = await verify(store, { deep });
    deepStrictEqual([report.whole, report.empty], [false, 0]);
    deepStrictEqual(report.problems, [{
      ...{ type: "damaged", keys: ["20260101/clicks-store-1767225999.tri"] },
      message: "Cannot read archive: the file has no bytes, and even an empty archive has 10",
    }]);
  }
});

Deno.test("verifyArchive() lists files of other programs as unprovable, and takes their chain over", async () => {
  const store = await storeOf({ shards: { 0: [5, 6] }, at: 3600 });
  deepStrictEqual(typesOf(await verify(store)), ["gap 1"]);
  const foreign = "20251231/clicks-store-1767220000.tri";
  await store.put(foreign, await framesOf(encodeEvent({ a: 1 })));
  const large = "20251231/clicks-archive-1767220000.tri";
  await store.put(
    large,
    await framesOf(encodeEvent({ a: [...crypto.getRandomValues(new Uint8Array(20_000))] })),
  );
  const report = await verify(store);
  deepStrictEqual([report.problems, report.whole], [[], true]);
  deepStrictEqual(report.unprovable, [large, foreign]);
  equal(report.events, 1);
  equal((await verify(store, { deep: true })).events, 3);
  const damaged = (await framesOf(encodeEvent({ a: "x".repeat(9000) }))).slice(0, -1);
  await store.put("20251230/clicks-store-1767120000.tri", damaged);
  deepStrictEqual(typesOf(await verify(store, { deep: true })), ["damaged 1"]);
});

Deno.test("verifyArchive() takes two requests a file at most, many at once", async () => {
  const count = 3000;
  let [gets, running, most] = [0, 0, 0];
  const store = new MemoryObjectStore({
    async intercept(request, proceed) {
      if (request.operation !== "get") return await proceed();
      gets++;
      most = Math.max(most, ++running);
      await setImmediate();
      try {
        return await proceed();
      } finally {
        running--;
      }
    },
  });
  await putFiles(store, ...chainOf(count));
  const shards = Object.fromEntries(
    Array.from({ length: 120 }, (_, n) => [n + 1, [undefined, 1] as const]),
  );
  await putFiles(store, { shards, at: 1 });
  const clock = new VirtualClock({ now: START + 400 * 86_400_000 });
  const report = await verifyArchive(store, { stream: "clicks", clock });
  deepStrictEqual([report.whole, report.files, report.shards.length], [true, count + 1, 121]);
  equal(gets, count + 2, "the manifest of 120 shards takes two");
  ok(most > 8 && most <= 32, `${most} at once`);
});

Deno.test("verifyArchive() asks again where that can help, and gives up at last", async () => {
  let failures = 5;
  const store = new MemoryObjectStore({
    intercept(request, proceed) {
      if (request.operation === "put" || failures-- <= 0) return proceed();
      throw new ObjectStoreError("Cannot get: slow down", { code: "SlowDown", retryable: true });
    },
  });
  await putFiles(store, ...chainOf(3));
  const clock = new VirtualClock({ now: START + 86_400_000 });
  const options = { stream: "clicks", clock, maxAttempts: 4 };
  failures = 5;
  equal((await runUntil(clock, verifyArchive(store, { ...options, maxAttempts: 8 }))).whole, true);
  failures = Infinity;
  await rejects(runUntil(clock, verifyArchive(store, options)), ObjectStoreError);
});

Deno.test("verifyArchive() stops on abort, and reports progress", async () => {
  const store = await storeOf(...chainOf(5));
  const controller = new AbortController();
  const seen: number[] = [];
  const onProgress = (files: number) => {
    seen.push(files);
    if (files === 3) controller.abort(new Error("enough"));
  };
  await rejects(verify(store, { onProgress, signal: controller.signal }), /enough/);
  deepStrictEqual(seen, [1, 2, 3]);
});

Deno.test("verifyArchive() reports a file that vanishes while it is verified", async () => {
  const store = new MemoryObjectStore({
    intercept(request, proceed) {
      if (request.operation !== "get") return proceed();
      throw new ObjectStoreError("Cannot get it: no such object", {
        code: "NoSuchKey",
        retryable: false,
      });
    },
  });
  await putFiles(store, ...chainOf(1));
  deepStrictEqual(typesOf(await verify(store)), ["damaged 1"]);
});

Deno.test("verifyArchive() finds records that are there twice also where a gap was recorded", async () => {
  const store = await storeOf(
    { shards: { 0: [undefined, 1, 2, 3] }, at: 0 },
    { shards: { 0: [undefined, 3, 4] }, at: 3600 },
  );
  const knowledge = {
    checkpoints: () => Promise.resolve([]),
    gaps: () => Promise.resolve([gapOf(0, 3)]),
  };
  deepStrictEqual(typesOf(await verify(store, { knowledge })), ["overlap 2"]);
});

/** Any archive: files of two shards, in which a file may be missing, damaged or twice, or of another client. */
const anyArchive = fc.array(
  fc.record({
    shard: fc.nat(1),
    what: fc.constantFrom("whole", "whole", "whole", "missing", "damaged", "twice", "quarantine"),
  }),
  { minLength: 1, maxLength: 12 },
).map((files) => {
  const last: (number | undefined)[] = [undefined, undefined];
  return files.flatMap(({ shard, what }, i) => {
    const records = [10 * i + 1, what === "quarantine" ? -(10 * i + 2) : 10 * i + 2];
    const spec = { shards: { [shard]: [last[shard], ...records] as const }, at: 3600 * i };
    last[shard] = 10 * i + 2;
    if (what === "missing") return [];
    return [{ spec, isDamaged: what === "damaged" }].concat(
      what === "twice" ? [{ spec: { ...spec, at: spec.at + 60 }, isDamaged: false }] : [],
    );
  });
});

Deno.test("verifyArchive() of all parts finds what one verification finds, each thing once", async () => {
  await fc.assert(
    fc.asyncProperty(anyArchive, fc.integer({ min: 1, max: 5 }), fc.boolean(), async (
      files,
      count,
      isRange,
    ) => {
      const store = new MemoryObjectStore();
      for (const { spec, isDamaged } of files) {
        const bytes = fileOf(spec);
        await store.put(keyOf(spec), isDamaged ? bytes.slice(0, -5) : bytes);
      }
      const range = isRange ? { from: "20260101", to: "20260101" } : {};
      const options = { ...range, deep: true, allowEmpty: true, ...knowing([gapOf(0, 2)], 500) };
      const whole = await verify(store, options);
      const parts = await Promise.all(
        Array.from(
          { length: count },
          (_, i) => verify(store, { ...options, part: { number: i + 1, of: count } }),
        ),
      );
      for (const name of ["files", "empty", "size", "events", "bytes", "quarantined"] as const) {
        equal(parts.reduce((sum, report) => sum + report[name], 0), whole[name]);
      }
      for (const name of ["problems", "gaps", "quarantine", "unprovable"] as const) {
        const found = parts.flatMap((report): unknown[] => [...report[name]]);
        deepStrictEqual(sorted(found), sorted(whole[name]));
      }
      equal(parts.every((report) => report.whole), whole.whole);
      for (const report of parts) equal(report.files + report.otherFiles!, whole.files);
    }),
    { numRuns: 60 },
  );
});

function sorted(found: readonly unknown[]): string[] {
  return found.map((one) => JSON.stringify(one)).sort();
}

Deno.test("verifyArchive() of a part reads only its own files whole", async () => {
  const store = await storeOf(...chainOf(8));
  const part = { number: 2, of: 3 };
  const whole: string[] = [];
  const { get } = store;
  store.get = (key, options) => {
    if (options?.range === undefined) whole.push(key);
    return get.call(store, key, options);
  };
  const report = await verify(store, { deep: true, part });
  deepStrictEqual(whole, chainOf(8).map(keyOf).filter((key) => isInPart(key, part)));
  equal(report.part, "2/3");
  await rejects(verify(store, { part: { number: 4, of: 3 } }), { name: "RangeError" });
});

Deno.test("verifyArchive() of listed files reports what is wrong with them, and nothing else", async () => {
  const [first, second, third, fourth, ...rest] = chainOf(6);
  const store = await storeOf(first!, second!, fourth!, ...rest);
  const last = rest.at(-1)!;
  await store.put(keyOf(last), fileOf(last).slice(0, -5));
  const keys = (...specs: FileSpec[]) => ({ keys: specs.map(keyOf) });
  const { problems, files, whole } = await verify(store, keys(first!));
  deepStrictEqual([problems, files, whole], [[], 1, true]);
  // Both sides of a gap show it.
  for (const spec of [second!, fourth!]) {
    deepStrictEqual(typesOf(await verify(store, keys(spec))), ["gap 2"]);
  }
  deepStrictEqual(typesOf(await verify(store, keys(last))), ["damaged 1"]);
  await rejects(verify(store, keys(first!, third!)), {
    name: "TritonError",
    message: `Cannot find "${keyOf(third!)}" (key 2): there is no such archive in memory:`,
  });
});
