/**
 * What the rows share: data, a directory for files, a bucket.
 *
 * @module
 */

import { join as joinPath } from "node:path";
import {
  type S3Bucket,
  s3Environment,
  type S3Server,
  type S3ServerOptions,
  startS3Server,
} from "../../tests/support/s3_server.ts";
import { type MadeArchive, makeArchives, STREAM } from "./archives.ts";
import { join, makeEvents } from "./events.ts";
import type { Case } from "./measure.ts";

/** Name of the bucket on the benchmarks' S3 servers. */
export const BUCKET = "archive";
const CONFIG = "triton.yaml";

/** One row of the table, which may be several lines. */
export interface Row {
  readonly name: string;
  /** What is measured, for `--help`. */
  readonly summary: string;
  /** Whether it takes minutes; then only `--all` or its name runs it. */
  readonly long?: boolean;
  /** Yields what to measure; its data and servers last until the next is requested. */
  cases(bench: Workbench): AsyncGenerator<Case> | Generator<Case>;
}

/** Creates data on demand, and cleans up. */
export class Workbench implements AsyncDisposable {
  readonly #directory = Deno.makeTempDirSync({ prefix: "triton-bench-" });
  #events: Uint8Array[] | undefined;
  #joined: Uint8Array<ArrayBuffer> | undefined;
  #file: string | undefined;

  /** Path of an executable of an empty script, if there is one. */
  readonly empty: string | undefined;

  constructor({ empty }: { readonly empty?: string | undefined } = {}) {
    this.empty = empty;
    const config = `${STREAM}: { name: ${STREAM}, partition_key: id, region: us-east-1 }\n`;
    Deno.writeTextFileSync(this.path(CONFIG), config);
  }

  /** The events, one array each. */
  get events(): readonly Uint8Array[] {
    return this.#events ??= makeEvents();
  }

  /** The MessagePack of all events in one array. */
  get joined(): Uint8Array<ArrayBuffer> {
    return this.#joined ??= join(this.events);
  }

  /** Path of one archive with all events. */
  get archiveFile(): string {
    if (this.#file !== undefined) return this.#file;
    const [archive] = this.makeArchives(1, this.events.length);
    Deno.writeFileSync(this.#file = this.path("events.tri"), archive!.body);
    return this.#file;
  }

  /** Builds archives with a number of events each. */
  makeArchives(archives: number, eventsEach: number): Iterable<MadeArchive> {
    return makeArchives(this.events, { archives, eventsEach });
  }

  /** The archive with all events, many times, under keys of their own. */
  copyArchive(times: number): MadeArchive[] {
    const [archive] = this.makeArchives(1, this.events.length);
    return Array.from({ length: times }, (_, n) => ({
      ...archive!,
      key: archive!.key.replace(/\d+(?=\.tri$)/, (seconds) => String(Number(seconds) + n)),
    }));
  }

  /** A path in a directory that is removed at the end. */
  path(name: string): string {
    return joinPath(this.#directory, name);
  }

  /** Starts an S3 server with archives. */
  async startS3(
    archives: Iterable<MadeArchive>,
    options: Omit<S3ServerOptions, "buckets"> = {},
  ): Promise<S3Server> {
    const server = await startS3Server({ direct: true, ...options, buckets: [BUCKET] });
    const bucket: S3Bucket = server.buckets.get(BUCKET)!;
    const modifiedAt = new Date();
    for (const { key, body } of archives) {
      bucket.set(key, { body, etag: '"0"', modifiedAt, metadata: {} });
    }
    return server;
  }

  /** The MB of all events. */
  get megabytes(): number {
    return this.joined.length / 1e6;
  }

  /** Environment variables of a `triton` that uses an S3 server. */
  environment(s3: S3Server): Record<string, string> {
    return { ...s3Environment(s3), TRITON_CONFIG: this.path(CONFIG) };
  }

  /** Removes all files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#directory, { recursive: true });
  }
}
