/**
 * What a stream holds.
 *
 * @module
 */

import { HOUR_MS } from "../base/clock.ts";
import { type RetryingOptions, retryRequest } from "../base/retry.ts";
import { type KinesisApi, listAllShards, type ServiceTime, type Shard } from "../kinesis/mod.ts";

/** What a stream holds now. */
export interface StreamState {
  /** Its shards. */
  readonly shards: readonly Shard[];
  /** Records that arrived earlier are not in it, in milliseconds since the Unix epoch. */
  readonly horizon: number;
}

/** Reads what a stream holds, by the service's time. */
export async function readStreamState(
  kinesis: KinesisApi,
  stream: string,
  options: RetryingOptions & { readonly time: ServiceTime },
): Promise<StreamState> {
  const { signal, time } = options;
  const { retentionHours } = await retryRequest(
    { service: "kinesis", operation: "DescribeStream", stream },
    () => time.of(() => kinesis.describeStream(stream, { signal })),
    options,
  );
  const horizon = time.now() - retentionHours * HOUR_MS;
  return { shards: await listAllShards(kinesis, stream, options), horizon };
}
