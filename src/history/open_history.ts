import type { KinesisApi, KinesisCredentials } from "../stream/mod.ts";
import {
  type ObjectStore,
  type OpenedObjectStore,
  openObjectStore,
  type OpenObjectStoreOptions,
} from "../archive/mod.ts";
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
  const { name, kinesis } = reachStream(stream, credentials);
  const region = typeof stream === "string" ? undefined : stream.region;
  const openStore = () =>
    typeof bucket === "string" ? openObjectStore(bucket, { region, ...s3 }) : bucket;
  return new OpenedHistory({ kinesis, openStore }, name, options);
}

/** What an opened reader closes. */
interface OpenedServices {
  readonly kinesis: KinesisApi & AsyncDisposable;
  readonly openStore: () => ObjectStore | Promise<OpenedObjectStore>;
}

/** A reader whose services go with it. */
class OpenedHistory<T> extends HistoryReader<T> {
  readonly #close: () => Promise<void>;

  constructor(
    { kinesis, openStore }: OpenedServices,
    name: string,
    options: HistoryReaderOptions<T>,
  ) {
    let store: Promise<ObjectStore | OpenedObjectStore> | undefined;
    super(
      async () => ({ kinesis, store: await (store ??= Promise.resolve(openStore())) }),
      name,
      options,
    );
    this.#close = async () => {
      await kinesis[Symbol.asyncDispose]();
      const opened = await store?.catch(() => undefined);
      if (opened !== undefined && Symbol.asyncDispose in opened) {
        await opened[Symbol.asyncDispose]();
      }
    };
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    try {
      await super[Symbol.asyncDispose]();
    } finally {
      await this.#close();
    }
  }
}
