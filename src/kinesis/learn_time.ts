/**
 * Asking a service for its time.
 *
 * @module
 */

import { KinesisError } from "../base/errors.ts";
import type { KinesisApi } from "./kinesis_api.ts";
import { type RetryingOptions, retryRequest } from "../base/retry.ts";
import type { ServiceTime } from "../aws/service_time.ts";

/**
 * Asks a service for its time, by asking a stream about itself.
 *
 * Where that is refused, such as for want of a permission, the time stays what it was.
 *
 * @param kinesis The service.
 * @param stream The stream's name.
 * @param time Where the time is noted.
 * @param options Clock, signal, how often to ask, and who is told of retries.
 */
export async function learnTime(
  kinesis: KinesisApi,
  stream: string,
  time: ServiceTime,
  options: RetryingOptions,
): Promise<void> {
  const { signal } = options;
  try {
    await retryRequest(
      { service: "kinesis", operation: "DescribeStream", stream },
      () => time.of(() => kinesis.describeStream(stream, { signal })),
      options,
    );
  } catch (error) {
    if (!(error instanceof KinesisError)) throw error;
  }
}
