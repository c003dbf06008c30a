import { systemClock } from "../base/clock.ts";
import { KinesisError } from "../base/errors.ts";
import { type RetryingOptions, retryRequest } from "../base/retry.ts";
import type { KinesisApi, StreamSummary } from "./kinesis_api.ts";

/** Pause between two requests for tags, in milliseconds: AWS allows five per second and account. */
const TAGS_PAUSE_MS = 300;

/** Options of {@linkcode findStreams}. */
export interface FindStreamsOptions extends RetryingOptions {
  /** Whether a name is that of a stream to find. Default: every name is. */
  readonly accepts?: ((name: string) => boolean) | undefined;
  /** Tags that a stream must have, all of them. Default: none. */
  readonly tags?: ReadonlyMap<string, string> | undefined;
}

/**
 * Finds streams of the account in the region, by their names and tags.
 *
 * Throttling, 5xx and lost connections are retried, up to `maxAttempts` times. Tags are only requested
 * of streams whose names are accepted, three streams per second.
 *
 * @example Usage
 * ```ts
 * import { findStreams, MemoryKinesis } from "@triton/triton/kinesis";
 * import { deepEqual } from "node:assert/strict";
 * const kinesis = new MemoryKinesis();
 * kinesis.createStream("clicks_prod", 1, { tags: { team: "data" } });
 * kinesis.createStream("clicks_test");
 * const found = await findStreams(kinesis, { tags: new Map([["team", "data"]]) });
 * deepEqual(found, ["clicks_prod"]);
 * ```
 * @param kinesis The service.
 * @param options Names and tags; clock, signal and retries.
 * @returns The names of the streams, sorted; also of those that are being deleted, which can still be read.
 * @throws {KinesisError} If a request is refused.
 */
export async function findStreams(
  kinesis: Pick<KinesisApi, "listStreams" | "listTags">,
  options: FindStreamsOptions = {},
): Promise<string[]> {
  const { accepts = () => true, tags = new Map(), clock = systemClock, signal } = options;
  const streams = (await listAll(kinesis, options))
    .map(({ name }) => name).filter((name) => accepts(name)).sort();
  if (tags.size === 0) return streams;
  const found: string[] = [];
  for (const [index, stream] of streams.entries()) {
    if (index > 0) await clock.sleep(TAGS_PAUSE_MS, signal);
    const present = await tagsOf(kinesis, stream, options);
    if ([...tags].every(([key, value]) => present?.get(key) === value)) found.push(stream);
  }
  return found;
}

function listAll(
  kinesis: Pick<KinesisApi, "listStreams">,
  options: RetryingOptions,
): Promise<StreamSummary[]> {
  const list = () => Array.fromAsync(kinesis.listStreams({ signal: options.signal }));
  return retryRequest({ service: "kinesis", operation: "ListStreams" }, list, options);
}

/** The tags of a stream; undefined if it has been deleted meanwhile. */
async function tagsOf(
  kinesis: Pick<KinesisApi, "listTags">,
  stream: string,
  options: RetryingOptions,
): Promise<ReadonlyMap<string, string> | undefined> {
  const request = { service: "kinesis", operation: "ListTagsForStream", stream };
  try {
    return await retryRequest(
      request,
      () => kinesis.listTags(stream, { signal: options.signal }),
      options,
    );
  } catch (error) {
    if (error instanceof KinesisError && error.code === "ResourceNotFoundException") {
      return undefined;
    }
    throw error;
  }
}
