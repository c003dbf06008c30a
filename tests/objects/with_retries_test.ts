import { deepStrictEqual, equal, ok, rejects } from "node:assert/strict";
import fc from "fast-check";
import { VirtualClock } from "../../src/base/clock.ts";
import { ObjectStoreError } from "../../src/base/errors.ts";
import type { RetryEvent } from "../../src/base/retry.ts";
import { type ByteRange, MemoryObjectStore, type ObjectRequest } from "../../src/objects/mod.ts";
import { resolveRange } from "../../src/objects/byte_range.ts";
import { withRetries } from "../../src/objects/with_retries.ts";

const REFUSED = new ObjectStoreError("Cannot: down", { code: "SlowDown", retryable: true });

/** Moves the clock on until the promise is settled. */
async function passTime<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let settled = false;
  promise.catch(() => {}).finally(() => settled = true);
  while (!settled) await clock.advance(60_000);
  return await promise;
}

/** Bytes that differ from one another. */
const BYTES = Uint8Array.from({ length: 1000 }, (_, i) => (i * 31 + (i >> 8)) & 255);

/** A store that fails as a list of answers tells, request by request, and chunk by chunk. */
function shakyStore(isDown: () => boolean) {
  const requests: ObjectRequest[] = [];
  const store = new MemoryObjectStore({
    chunkSize: 64,
    pageSize: 3,
    async intercept(request, proceed) {
      if (request.operation === "put") return await proceed();
      requests.push(request);
      if (isDown()) throw REFUSED;
      const answer = await proceed();
      return request.operation === "get" ? shaky(answer, isDown) : answer;
    },
  });
  return { store, requests };
}

function shaky<T>(answer: T, isDown: () => boolean): T {
  const body = answer as AsyncIterable<Uint8Array> & { size: number };
  return {
    size: body.size,
    async *[Symbol.asyncIterator]() {
      for await (const chunk of body) {
        if (isDown()) throw REFUSED;
        yield chunk;
      }
    },
  } as T;
}

const ranges: fc.Arbitrary<ByteRange | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.record({ suffix: fc.nat(1100) }),
  fc.record({ offset: fc.nat(1100) }),
  fc.record({ offset: fc.nat(1100), length: fc.nat(1100) }),
);

Deno.test("withRetries() reads every byte of any range once, wherever requests and bodies break", async () => {
  await fc.assert(
    fc.asyncProperty(ranges, fc.array(fc.boolean(), { maxLength: 40 }), async (range, downs) => {
      const clock = new VirtualClock();
      const { store } = shakyStore(() => downs.shift() ?? false);
      await store.put("a", BYTES);
      const options = range === undefined ? {} : { range };
      const reading = withRetries(store, { clock }).get("a", options);
      const body = await passTime(clock, reading);
      equal(body.size, 1000);
      const { start, end } = resolveRange(range, 1000);
      const bytes = await passTime(clock, body.bytes());
      deepStrictEqual([...bytes], [...BYTES.subarray(start, end)]);
    }),
    { numRuns: 100 },
  );
});

Deno.test("withRetries() lists every key once, wherever pages fail", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(20),
      fc.array(fc.boolean(), { maxLength: 20 }),
      fc.option(fc.nat(20), { nil: undefined }),
      async (count, downs, after) => {
        const clock = new VirtualClock();
        const { store } = shakyStore(() => downs.shift() ?? false);
        const keys = Array.from({ length: count }, (_, i) => `a${String(i).padStart(2, "0")}`);
        for (const key of keys) await store.put(key, new Uint8Array(1));
        const startAfter = after === undefined ? undefined : `a${String(after).padStart(2, "0")}`;
        const options = startAfter === undefined ? {} : { startAfter };
        const listing = withRetries(store, { clock }).list("a", options);
        const listed = await passTime(clock, Array.fromAsync(listing, ({ key }) => key));
        deepStrictEqual(listed, keys.filter((key) => startAfter === undefined || key > startAfter));
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("withRetries() lists each folder once, whatever fails", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(20),
      fc.array(fc.boolean(), { maxLength: 20 }),
      async (count, downs) => {
        const clock = new VirtualClock();
        const { store } = shakyStore(() => downs.shift() ?? false);
        const folders = Array.from({ length: count }, (_, i) => `a${100 + i}/`);
        for (const folder of folders) await store.put(`${folder}x`, new Uint8Array(1));
        const listing = withRetries(store, { clock }).folders("", { from: "a105/" });
        deepStrictEqual(await passTime(clock, Array.fromAsync(listing)), folders.slice(5));
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("withRetries() restarts the count of attempts whenever something arrived", async () => {
  const clock = new VirtualClock();
  // Each chunk takes three attempts: never more in a row than allowed, though 45 in all.
  let turn = 0;
  const { store, requests } = shakyStore(() => turn++ % 4 < 2);
  await store.put("a", BYTES);
  const attempts: number[] = [];
  const request = { service: "object store" };
  const onRetry = ({ attempt }: RetryEvent) => attempts.push(attempt);
  const retrying = withRetries(store, { clock, maxAttempts: 4, request, onRetry });
  const body = await passTime(clock, retrying.get("a"));
  deepStrictEqual([...await passTime(clock, body.bytes())], [...BYTES]);
  ok(requests.length > 16);
  equal(Math.max(...attempts) < 4, true);
});

Deno.test("withRetries() gives up after maxAttempts, and at once on other errors", async () => {
  const clock = new VirtualClock();
  const { store, requests } = shakyStore(() => true);
  const retrying = withRetries(store, { clock, maxAttempts: 3 });
  await rejects(passTime(clock, retrying.head("a")), REFUSED);
  equal(requests.length, 3);
  const calm = withRetries(new MemoryObjectStore(), { clock });
  await rejects(calm.get("a"), { code: "NoSuchKey" });
});

Deno.test("withRetries() asks a put once", async () => {
  let puts = 0;
  const store = new MemoryObjectStore({
    intercept() {
      puts++;
      throw REFUSED;
    },
  });
  await rejects(withRetries(store, { clock: new VirtualClock() }).put("a", BYTES), REFUSED);
  equal(puts, 1);
});

Deno.test("withRetries() notices an object that changes while it is read", async () => {
  const clock = new VirtualClock();
  const downs = [false, false, true];
  const { store } = shakyStore(() => downs.shift() ?? false);
  await store.put("a", BYTES);
  const body = await withRetries(store, { clock }).get("a");
  await rejects(
    passTime(
      clock,
      (async () => {
        for await (const _ of body) await store.put("a", BYTES.subarray(1));
      })(),
    ),
    { code: "ObjectChanged" },
  );
});

Deno.test("withRetries() stops pausing when a signal aborts", async () => {
  const clock = new VirtualClock();
  const { store } = shakyStore(() => true);
  const reason = new Error("enough");
  for (const which of ["call", "both"]) {
    const controller = new AbortController();
    const outer = which === "both" ? { signal: new AbortController().signal } : {};
    const retrying = withRetries(store, { clock, ...outer });
    const asking = retrying.get("a", { signal: controller.signal });
    await clock.advance(0);
    controller.abort(reason);
    await rejects(asking, reason);
  }
  equal(clock.nextWake, undefined);
});
