import { KinesisError } from "../../base/errors.ts";
import { type RetryingOptions, retryRequest } from "../../base/retry.ts";
import { isAccessCode, type KinesisApi, type PutEntry } from "../../kinesis/mod.ts";
import { DEFAULT_MAX_RECORD_BYTES, entryBytes, faultOfEntry } from "../../kinesis/put_limits.ts";

/**
 * The size up to which a stream takes records.
 *
 * Every stream takes 1 MiB, and some take up to 10. So the stream is described only when a record is
 * larger than 1 MiB.
 */
export class RecordLimit {
  readonly #kinesis: KinesisApi;
  readonly #stream: string;
  readonly #options: RetryingOptions;
  #bytes = DEFAULT_MAX_RECORD_BYTES;
  #learning: Promise<void> | undefined;
  /** Why the stream could not be described. */
  #unknown = "";

  /** Creates the limit of a stream; `maxBytes` is it, if the caller knows. */
  constructor(
    kinesis: KinesisApi,
    stream: string,
    { maxRecordBytes, ...options }: RetryingOptions & { readonly maxRecordBytes?: number },
  ) {
    this.#kinesis = kinesis;
    this.#stream = stream;
    this.#options = options;
    if (maxRecordBytes === undefined) return;
    this.#bytes = maxRecordBytes;
    this.#learning = Promise.resolve();
  }

  /** Whether the limit decides about a record, and is not known yet. */
  isNeeded(entry: PutEntry): boolean {
    return this.#learning === undefined && entryBytes(entry) > DEFAULT_MAX_RECORD_BYTES;
  }

  /**
   * Learns the limit, once. If the stream must not be described, it is 1 MiB.
   *
   * @throws {KinesisError} If the service fails otherwise.
   */
  learn(): Promise<void> {
    return this.#learning ??= this.#describe();
  }

  /** Why the stream would refuse a record; undefined if it would not. */
  faultOf(entry: PutEntry): string | undefined {
    const fault = faultOfEntry(entry, this.#bytes);
    const isTooLarge = fault !== undefined && entryBytes(entry) > this.#bytes;
    return isTooLarge ? fault + this.#unknown : fault;
  }

  async #describe(): Promise<void> {
    const { signal } = this.#options;
    try {
      const { maxRecordBytes = DEFAULT_MAX_RECORD_BYTES } = await retryRequest(
        { service: "kinesis", operation: "DescribeStream", stream: this.#stream },
        () => this.#kinesis.describeStream(this.#stream, { signal }),
        this.#options,
      );
      this.#bytes = maxRecordBytes;
    } catch (error) {
      if (!(error instanceof KinesisError && isAccessCode(error.code))) throw error;
      this.#unknown = `; whether the stream takes more is not known (${error.message})`;
    }
  }
}
