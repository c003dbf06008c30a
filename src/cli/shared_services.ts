import type { BucketSettings } from "../base/settings/bucket_settings.ts";
import type { StreamConfig } from "../config/mod.ts";
import type { KinesisApi } from "../kinesis/mod.ts";
import type { OpenedObjectStore } from "../objects/mod.ts";
import type { StreamJob } from "./options/stream_jobs.ts";

/** Where a stream is. */
export type StreamPlace = Pick<StreamConfig, "region" | "endpoint" | "arn">;

/** How clients are opened. */
export interface ServiceOpeners {
  readonly kinesis: (place: StreamPlace) => Promise<KinesisApi & AsyncDisposable>;
  readonly store: (
    bucket: string,
    options: Pick<StreamPlace, "region"> & BucketSettings,
  ) => Promise<OpenedObjectStore>;
}

/** Opens clients with the usual settings, and loads the AWS SDK only then. */
const USUAL: ServiceOpeners = {
  async kinesis({ region, endpoint, arn: streamArn }) {
    const { openKinesis } = await import("../kinesis/sdk/open_kinesis.ts");
    return await openKinesis({ region, endpoint, streamArn });
  },
  async store(bucket, options) {
    const { openObjectStore } = await import("../objects/open_object_store.ts");
    return await openObjectStore(bucket, options);
  },
};

/**
 * The clients of all streams of a process: one of Kinesis for each region and endpoint, and one object
 * store for each bucket and region, and each way to use it.
 */
export class SharedServices implements AsyncDisposable {
  readonly #open: ServiceOpeners;
  readonly #opened = new Map<string, Promise<AsyncDisposable>>();

  constructor(open: ServiceOpeners = USUAL) {
    this.#open = open;
  }

  /** The client for a region and an endpoint, and for the account of an ARN. */
  kinesis({ region, endpoint, arn }: StreamPlace): Promise<KinesisApi> {
    const key = JSON.stringify(["kinesis", region, endpoint, arn?.split("/")[0]]);
    return this.#once(key, () => this.#open.kinesis({ region, endpoint, arn }));
  }

  /** The store for the archives of a stream. */
  store({ bucket, settings, config: { region } }: StreamJob): Promise<OpenedObjectStore> {
    const options = { region, ...settings };
    const key = JSON.stringify(["store", bucket, options]);
    return this.#once(key, () => this.#open.store(bucket, options));
  }

  /** Closes all clients. */
  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await Promise.allSettled(this.#opened.values());
    await Promise.all(
      opened.map((client) => client.status === "fulfilled" && client.value[Symbol.asyncDispose]()),
    );
  }

  async #once<T extends AsyncDisposable>(key: string, open: () => Promise<T>): Promise<T> {
    const opened = this.#opened.get(key) as Promise<T> | undefined ?? open();
    this.#opened.set(key, opened);
    try {
      return await opened;
    } catch (error) {
      this.#opened.delete(key); // to be opened again
      throw error;
    }
  }
}
