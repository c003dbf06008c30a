import { configure, type LogRecord, reset } from "@logtape/logtape";
import { deepStrictEqual, equal, ok, rejects } from "node:assert/strict";
import fc from "fast-check";
import { VirtualClock } from "../../src/base/clock.ts";
import { ServiceError } from "../../src/base/errors.ts";
import {
  Retries,
  retry,
  retryDelayMs,
  type RetryEvent,
  retryRequest,
} from "../../src/base/retry.ts";

const THROTTLED = new ServiceError("Cannot read: throttled", { code: "Slow", retryable: true });
const REFUSED = new ServiceError("Cannot read: refused", { code: "Denied", retryable: false });
const REQUEST = { service: "kinesis", operation: "GetRecords", stream: "s", shardId: "shard-0" };

/** Advances the clock until the promise is settled. */
async function passTime<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  promise.catch(() => {}).finally(() => isSettled = true);
  while (!isSettled) await clock.advance(60_000);
  return await promise;
}

/** An operation that fails with these errors, one after the other, and then succeeds. */
function failing(...errors: readonly unknown[]) {
  const calls: number[] = [];
  const operation = () => {
    calls.push(calls.length);
    const error = errors[calls.length - 1];
    return error === undefined ? Promise.resolve("done") : Promise.reject(error);
  };
  return { calls, operation };
}

Deno.test("retry() retries until the operation succeeds, with events for onRetry", async () => {
  const clock = new VirtualClock();
  const events: RetryEvent[] = [];
  const { operation, calls } = failing(THROTTLED, THROTTLED);
  const onRetry = (event: RetryEvent) => events.push(event);
  const result = retry(operation, { clock, request: REQUEST, onRetry });
  equal(await passTime(clock, result), "done");
  equal(calls.length, 3);
  deepStrictEqual(
    events.map(({ delayMs: _, ...event }) => event),
    [1, 2].map((attempt) => ({ ...REQUEST, error: THROTTLED, attempt })),
  );
});

Deno.test("retry() throws a permanent error at once, and the last error after maxAttempts", async () => {
  const clock = new VirtualClock();
  for (const error of [REFUSED, new TypeError("misuse")]) {
    const { operation, calls } = failing(error);
    await rejects(retry(operation, { clock }), error);
    equal(calls.length, 1);
  }
  const { operation, calls } = failing(THROTTLED, THROTTLED, THROTTLED);
  await rejects(passTime(clock, retry(operation, { clock, maxAttempts: 3 })), THROTTLED);
  equal(calls.length, 3);
});

Deno.test("retry() stops with the signal's reason, in a pause and before an attempt", async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const { operation, calls } = failing(THROTTLED, THROTTLED);
  const options = { clock, signal: controller.signal };
  const result = retry(operation, options);
  await clock.advance(0);
  controller.abort(new Error("enough"));
  await rejects(result, /enough/);
  await rejects(retry(operation, options), /enough/);
  equal(calls.length, 1);
  equal(clock.nextWake, undefined);
});

Deno.test("retryRequest() does not wait for an operation that ignores the signal; retry() does", async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const pending = Promise.withResolvers<string>();
  const options = { clock, signal: controller.signal };
  const left = retryRequest(REQUEST, () => pending.promise, options);
  const waiting = retry(() => pending.promise, options);
  controller.abort(new Error("enough"));
  await rejects(left, /enough/);
  pending.resolve("done");
  equal(await waiting, "done");
});

Deno.test("retry() logs each retry as a warning, with a request only", async () => {
  const clock = new VirtualClock();
  const records: LogRecord[] = [];
  const loggers = [
    { category: "triton", sinks: ["all"] },
    { category: ["logtape", "meta"], sinks: [] },
  ];
  await configure({ sinks: { all: (record) => records.push(record) }, loggers, reset: true });
  try {
    await passTime(clock, retry(failing(THROTTLED).operation, { clock }));
    const log = ["triton", "archive"] as const;
    for (const options of [{}, { log }]) {
      const { operation } = failing(THROTTLED);
      await passTime(clock, retry(operation, { clock, request: REQUEST, ...options }));
    }
  } finally {
    await reset();
  }
  deepStrictEqual(records.map(({ category, level }) => [category, level]), [
    [["triton", "kinesis"], "warning"],
    [["triton", "archive"], "warning"],
  ]);
  const { delayMs, ...properties } = records[0]!.properties;
  ok(typeof delayMs === "number" && delayMs >= 100 && delayMs <= 200);
  const reason = THROTTLED.message;
  deepStrictEqual(properties, {
    ...{ event: "request.retried", ...REQUEST },
    ...{ attempt: 1, code: "Slow", reason },
  });
});

Deno.test("Retries.reset() restarts the pauses and the count", async () => {
  const clock = new VirtualClock();
  const attempts: number[] = [];
  const onRetry = ({ attempt }: RetryEvent) => attempts.push(attempt);
  const retries = new Retries({ clock, request: REQUEST, onRetry, maxAttempts: 3 });
  for (const isProgress of [false, true, false]) {
    if (isProgress) retries.reset();
    await passTime(clock, retries.pause(THROTTLED));
  }
  deepStrictEqual(attempts, [1, 1, 2]);
  await rejects(retries.pause(THROTTLED), THROTTLED);
});

Deno.test("retryDelayMs() is between half and all of a limit that doubles up to the longest pause", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.nat(), (attempt, seed) => {
      const clock = new VirtualClock({ seed });
      const limit = Math.min(5_000, 100 * 2 ** (attempt - 1));
      const delayMs = retryDelayMs(attempt, { clock, firstDelayMs: 100, maxDelayMs: 5_000 });
      ok(delayMs >= limit / 2 && delayMs <= limit);
    }),
  );
});
