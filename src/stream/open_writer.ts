/**
 * Opening a live stream for writing by its name.
 *
 * @module
 */

import type { LazyKinesis } from "../kinesis/sdk/lazy_kinesis.ts";
import type { KinesisCredentials } from "../kinesis/mod.ts";
import { reachStream, type StreamAddress } from "./reach_stream.ts";
import { StreamWriter, type StreamWriterOptions } from "./stream_writer.ts";

/** Which stream, where it is, and how its events are spread over its shards. */
export interface WriterAddress extends StreamAddress {
  /** The field of an event whose value picks the shard; only `putEvent` needs it. */
  readonly partitionKey?: string | undefined;
}

/** How a stream is opened and written. */
export interface OpenWriterOptions extends StreamWriterOptions {
  /** Keys to sign with; unless given, the SDK looks for them where it always does. */
  readonly credentials?: KinesisCredentials | undefined;
}

/**
 * Opens a live stream for writing. The AWS SDK is loaded, and the service asked, when the first
 * batch is sent.
 *
 * @example Usage
 * ```ts
 * import { openWriter, parseConfig } from "@triton/triton";
 * const config = parseConfig("clicks: { name: clicks_prod, partition_key: user, region: eu-west-1 }");
 * await using writer = openWriter(config.stream("clicks"));
 * // await writer.putEvent({ user: "ada", page: "/" });
 * ```
 * @param stream The stream's name, or its name and place, as the configuration has it.
 * @param options Sizes, delay, clock and signal.
 * @returns The writer; disposing it sends what is left, and closes its connections.
 */
export function openWriter(
  stream: string | WriterAddress,
  options: OpenWriterOptions = {},
): StreamWriter {
  const { name, kinesis } = reachStream(stream, options.credentials);
  const partitionKey = typeof stream === "string" ? undefined : stream.partitionKey;
  return new OpenedWriter(kinesis, name, {
    ...options,
    partitionKey: options.partitionKey ?? partitionKey,
  });
}

/** A writer whose service goes with it. */
class OpenedWriter extends StreamWriter {
  readonly #kinesis: LazyKinesis;

  constructor(kinesis: LazyKinesis, name: string, options: StreamWriterOptions) {
    super(kinesis, name, options);
    this.#kinesis = kinesis;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    try {
      await super[Symbol.asyncDispose]();
    } finally {
      await this.#kinesis[Symbol.asyncDispose]();
    }
  }
}
