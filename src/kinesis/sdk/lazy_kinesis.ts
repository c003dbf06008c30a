import type { KinesisApi, Shard, StreamSummary } from "../kinesis_api.ts";

type Args<Operation extends keyof KinesisApi> = Parameters<KinesisApi[Operation]>;

/** Forwards requests to a service that is opened by the first one. */
export class LazyKinesis implements KinesisApi, AsyncDisposable {
  readonly #open: () => Promise<KinesisApi & AsyncDisposable>;
  #opened: Promise<KinesisApi & AsyncDisposable> | undefined;

  /** Creates a service that `open` opens, once unless it fails. */
  constructor(open: () => Promise<KinesisApi & AsyncDisposable>) {
    this.#open = open;
  }

  async *listStreams(...args: Args<"listStreams">): AsyncGenerator<StreamSummary> {
    yield* (await this.#get()).listStreams(...args);
  }

  async listTags(...args: Args<"listTags">) {
    return (await this.#get()).listTags(...args);
  }

  async describeStream(...args: Args<"describeStream">) {
    return (await this.#get()).describeStream(...args);
  }

  async *listShards(...args: Args<"listShards">): AsyncGenerator<Shard> {
    yield* (await this.#get()).listShards(...args);
  }

  async getShardIterator(...args: Args<"getShardIterator">) {
    return (await this.#get()).getShardIterator(...args);
  }

  async getRecords(...args: Args<"getRecords">) {
    return (await this.#get()).getRecords(...args);
  }

  async putRecords(...args: Args<"putRecords">) {
    return (await this.#get()).putRecords(...args);
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
