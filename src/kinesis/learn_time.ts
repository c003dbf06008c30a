import { KinesisError } from "../base/errors.ts";
import type { KinesisApi } from "./kinesis_api.ts";
import { type RetryingOptions, retryRequest } from "../base/retry.ts";
import type { ServiceTime } from "../aws/service_time.ts";

/**
 * Gets the time of the service, by describing a stream.
 *
 * If the request is refused, for example because of a missing permission, the time stays unchanged.
 *
 * @param kinesis The service.
 * @param stream The stream's name.
 * @param time Receives the time.
 * @param options Clock, signal and retries.
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
