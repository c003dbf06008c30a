import { owning } from "../../base/owning.ts";
import type { KinesisCredentials } from "../../kinesis/mod.ts";
import { reachStream, type StreamAddress } from "../reach_stream.ts";
import { StreamWriter, type StreamWriterOptions } from "./stream_writer.ts";

/** A stream, its place, and its partition key. */
export interface WriterAddress extends StreamAddress {
  /** The field of an event whose value picks the shard; only `putEvent` needs it. */
  readonly partitionKey?: string | undefined;
}

/** Options for {@linkcode openWriter}. */
export interface OpenWriterOptions extends StreamWriterOptions {
  /** Credentials. Default: those that the SDK finds. */
  readonly credentials?: KinesisCredentials | undefined;
}

/**
 * Opens a live stream for writing. The AWS SDK is loaded when the first batch is sent.
 *
 * @example Usage
 * ```ts
 * import { openWriter, parseConfig } from "@triton/triton";
 * const config = parseConfig("clicks: { name: clicks_prod, partition_key: user, region: eu-west-1 }");
 * await using writer = openWriter(config.stream("clicks"));
 * // await writer.putEvent({ user: "ada", page: "/" });
 * ```
 * @param stream The stream's name, or its settings, as in the configuration.
 * @param options Sizes, delay, clock and signal.
 * @returns The writer; dispose it to send the rest and close its connections.
 */
export function openWriter(
  stream: string | WriterAddress,
  options: OpenWriterOptions = {},
): StreamWriter {
  const { name, kinesis } = reachStream(stream, options.credentials);
  const partitionKey = typeof stream === "string" ? undefined : stream.partitionKey;
  const writer = new StreamWriter(kinesis, name, {
    ...options,
    partitionKey: options.partitionKey ?? partitionKey,
  });
  return owning(writer, kinesis);
}
