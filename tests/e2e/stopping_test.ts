/** How `triton store` ends. */

import { deepStrictEqual, equal } from "node:assert/strict";
import { encodeEvent } from "@triton/triton/codec";
import { untilTrue, within } from "../support/triton_process.ts";
import { EventCounter } from "./audit.ts";
import { BUCKET, type Pipeline, startPipeline, STREAM } from "./pipeline.ts";

const EVENTS = 50;

/** Small enough that one answer of Kinesis makes several files. */
const SMALL_FILES = ["--rotate", "1h", "--max-size", "4KiB"];

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`triton store archives all that it has read at ${signal}, and exits with 0`, async () => {
    await using pipeline = await startPipeline({ shards: 1 });
    await putEvents(pipeline);
    using archives = holdArchives(pipeline);
    const store = pipeline.store(...SMALL_FILES);
    await within(archives.held, "the first archive to be put");
    const ended = store.stop(signal);
    archives.release();
    equal((await ended).code, 0);
    const numbers = await new EventCounter(pipeline.s3.buckets.get(BUCKET)!).numbers();
    deepStrictEqual(numbers, Array.from({ length: EVENTS }, (_, n) => n));
  });
}

for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
  Deno.test(`triton store exits at once with ${code} at the second ${signal}`, async () => {
    await using pipeline = await startPipeline({ shards: 1 });
    await putEvents(pipeline);
    using archives = holdArchives(pipeline);
    const store = pipeline.store(...SMALL_FILES);
    await within(archives.held, "the first archive to be put");
    let over = false;
    store.ended.then(() => over = true);
    // Two signals may arrive as one, so it is sent until it is noticed twice.
    await untilTrue(() => {
      store.signal(signal);
      return over;
    }, "store to end");
    equal((await store.ended).code, code);
  });
}

/** Puts events that hardly compress, all of them before anybody reads. */
async function putEvents({ kinesis }: Pipeline): Promise<void> {
  const entries = Array.from({ length: EVENTS }, (_, n) => {
    const noise = crypto.getRandomValues(new Uint8Array(500));
    return { partitionKey: "one", data: encodeEvent({ n, noise }) };
  });
  const results = await kinesis.kinesis.putRecords(STREAM, entries);
  deepStrictEqual(results.filter(({ ok }) => !ok), []);
}

/** Archives that wait at the door of S3, which does not stop while there are any. */
interface HeldArchives extends Disposable {
  /** Waits for the first. */
  readonly held: Promise<void>;
  /** Lets all of them in. */
  release(): void;
}

/** Lets archives wait. */
function holdArchives({ s3 }: Pipeline): HeldArchives {
  const first = Promise.withResolvers<void>();
  const released = Promise.withResolvers<undefined>();
  s3.fault = ({ operation, key }) => {
    if (operation !== "PutObject" || !key.endsWith(".tri")) return undefined;
    first.resolve();
    return released.promise;
  };
  const release = () => released.resolve(undefined);
  return { held: first.promise, release, [Symbol.dispose]: release };
}
