import type { ShardId, StartPosition } from "../../base/record.ts";
import type {
  GetRecordsOptions,
  KinesisApi,
  PutEntry,
  PutResult,
  RecordBatch,
  RequestOptions,
  Shard,
  StreamDescription,
} from "../kinesis_api.ts";

/** Forwards requests to a service that is opened by the first one. */
export class LazyKinesis implements KinesisApi, AsyncDisposable {
  readonly #open: () => Promise<KinesisApi & AsyncDisposable>;
  #opened: Promise<KinesisApi & AsyncDisposable> | undefined;

  /** Creates a service that `open` opens, once unless it fails. */
  constructor(open: () => Promise<KinesisApi & AsyncDisposable>) {
    this.#open = open;
  }

  async describeStream(stream: string, options?: RequestOptions): Promise<StreamDescription> {
    return (await this.#get()).describeStream(stream, options);
  }

  async *listShards(stream: string, options?: RequestOptions): AsyncGenerator<Shard> {
    yield* (await this.#get()).listShards(stream, options);
  }

  async getShardIterator(
    shard: { readonly stream: string; readonly shardId: ShardId },
    position: StartPosition,
    options?: RequestOptions,
  ): Promise<string> {
    return (await this.#get()).getShardIterator(shard, position, options);
  }

  async getRecords(iterator: string, options?: GetRecordsOptions): Promise<RecordBatch> {
    return (await this.#get()).getRecords(iterator, options);
  }

  async putRecords(
    stream: string,
    entries: readonly PutEntry[],
    options?: RequestOptions,
  ): Promise<PutResult[]> {
    return (await this.#get()).putRecords(stream, entries, options);
  }

  /** Closes the service, if it was ever opened. */
  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    await opened?.[Symbol.asyncDispose]();
  }

  #get(): Promise<KinesisApi & AsyncDisposable> {
    this.#opened ??= this.#open().catch((error) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }
}
