import { owning } from "../base/owning.ts";
import type { KinesisCredentials } from "../stream/mod.ts";
import { type ObjectStore, openObjectStore, type OpenObjectStoreOptions } from "../archive/mod.ts";
import type { EventData } from "../base/record.ts";
import { reachStream, type StreamAddress } from "../stream/reach_stream.ts";
import type { HistoryReaderOptions } from "./history_options.ts";
import { HistoryReader } from "./history_reader.ts";

/** Options of {@linkcode openHistory}. */
export interface OpenHistoryOptions<T = EventData> extends HistoryReaderOptions<T> {
  /** Where the archives are: an object store, or a URL as `openObjectStore` takes it. */
  readonly bucket: string | ObjectStore;
  /** How to reach the bucket. Default: in the region of the stream. */
  readonly s3?: OpenObjectStoreOptions | undefined;
  /** Credentials for Kinesis. Default: those that the SDK finds. */
  readonly credentials?: KinesisCredentials | undefined;
}

/**
 * Opens a stream for reading from a moment in the past: its archive first, and where that ends the
 * live stream, without a gap and without a duplicate. {@linkcode HistoryReader} has the details.
 *
 * `T` is the type of each record's `data`: what `schema` makes of an event, else `EventData`.
 *
 * @example Usage
 * ```ts
 * import { openHistory } from "@triton/triton";
 * await using history = openHistory({ name: "clicks_prod", region: "us-west-1" }, {
 *   bucket: "memory:", // or "s3://triton-prod"
 *   from: "2026-09-01",
 *   signal: AbortSignal.abort(), // so that this example ends
 * });
 * for await (const record of history) console.log(record.data);
 * ```
 * @param stream The stream's name, or its name and place.
 * @param options Where the archives are, where to begin, and how to read.
 * @returns The reader; disposing it also closes its connections.
 * @throws {RangeError} If `from` is no day.
 * @throws {TypeError} If `autoCheckpoint` is given, and no checkpointer.
 */
export function openHistory<T = EventData>(
  stream: string | StreamAddress,
  options: OpenHistoryOptions<T>,
): HistoryReader<T> {
  const { bucket, s3, credentials } = options;
  const { name, region, kinesis } = reachStream(stream, credentials);
  let store: Promise<ObjectStore & Partial<AsyncDisposable>> | undefined;
  const openStore = async () =>
    typeof bucket === "string" ? await openObjectStore(bucket, { region, ...s3 }) : bucket;
  const open = async () => ({ kinesis, store: await (store ??= openStore()) });
  return owning(new HistoryReader(open, name, options), {
    async [Symbol.asyncDispose]() {
      await kinesis[Symbol.asyncDispose]();
      const opened = await store?.catch(() => undefined);
      await opened?.[Symbol.asyncDispose]?.();
    },
  });
}
