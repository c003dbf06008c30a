import { owning } from "../base/owning.ts";
import type { KinesisCredentials } from "../kinesis/mod.ts";
import type { EventData } from "../base/record.ts";
import { reachStream, type StreamAddress } from "./reach_stream.ts";
import { StreamReader, type StreamReaderOptions } from "./stream_reader.ts";

/** Options for {@linkcode openStream}. */
export interface OpenStreamOptions<T = EventData> extends StreamReaderOptions<T> {
  /** Credentials. Default: those that the SDK finds. */
  readonly credentials?: KinesisCredentials | undefined;
}

/**
 * Opens a live stream for reading. The AWS SDK is loaded, and requests are sent, when the reader is
 * iterated.
 *
 * `T` is the type of each record's `data`: the output of `schema`, else `EventData`.
 *
 * @example Usage
 * ```ts
 * import { openStream } from "@triton/triton";
 * const stop = new AbortController();
 * await using stream = openStream(
 *   { name: "clicks_prod", region: "eu-west-1" },
 *   { from: "latest", signal: stop.signal },
 * );
 * stop.abort(); // In a program, a signal of the process would do this.
 * for await (const record of stream) console.log(record.data);
 * ```
 * @example Typed records
 * ```ts
 * import { openStream } from "@triton/triton";
 * import * as z from "zod"; // or valibot, arktype: any Standard Schema
 * await using stream = openStream("clicks_prod", {
 *   schema: z.object({ user: z.string(), ms: z.number() }),
 *   onInvalid: "skip", // counted in stream.skipped, each with a warning in the log
 *   signal: AbortSignal.abort(), // so that this example ends
 * });
 * for await (const { data } of stream) console.log(data.user.toUpperCase(), data.ms / 1_000);
 * ```
 * @param stream The stream's name, or its name, region and endpoint.
 * @param options Start, checkpointer, and how to read.
 * @returns The reader; dispose it to close its connections.
 */
export function openStream<T = EventData>(
  stream: string | StreamAddress,
  options: OpenStreamOptions<T> = {},
): StreamReader<T> {
  const { name, kinesis } = reachStream(stream, options.credentials);
  return owning(new StreamReader(kinesis, name, options), kinesis);
}
