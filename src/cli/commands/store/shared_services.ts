import type { KinesisApi } from "../../../kinesis/mod.ts";
import type { OpenedObjectStore } from "../../../objects/mod.ts";
import type { StreamConfig } from "../../../config/mod.ts";
import type { StreamJob } from "../../options/stream_jobs.ts";

/** Where a stream is. */
type Place = Pick<StreamConfig, "region" | "endpoint">;

/**
 * The clients of all streams of a process: one of Kinesis for each region and endpoint, and one object
 * store for each bucket and region.
 */
export class SharedServices implements AsyncDisposable {
  readonly #opened = new Map<string, Promise<AsyncDisposable>>();

  /** The client for a region and an endpoint. */
  async kinesis({ region, endpoint }: Place): Promise<KinesisApi> {
    const { openKinesis } = await import("../../../kinesis/sdk/open_kinesis.ts");
    const key = JSON.stringify(["kinesis", region, endpoint]);
    return await this.#once(key, () => openKinesis({ region, endpoint }));
  }

  /** The store for the archives of a stream. */
  async store({ bucket, config: { region } }: StreamJob): Promise<OpenedObjectStore> {
    const { openObjectStore } = await import("../../../objects/open_object_store.ts");
    const key = JSON.stringify(["store", bucket, region]);
    return await this.#once(key, () => openObjectStore(bucket, { region }));
  }

  /** Closes all clients. */
  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await Promise.all(this.#opened.values());
    await Promise.all(opened.map((client) => client[Symbol.asyncDispose]()));
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
