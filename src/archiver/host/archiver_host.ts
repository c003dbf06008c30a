import { getLogger } from "@logtape/logtape";
import { TritonError } from "../../base/errors.ts";
import { whenAborted } from "../../base/notifier.ts";
import { type RequestMonitor, retryService } from "../../base/retry.ts";
import { formatArchiveKey } from "../../codec/mod.ts";
import type { Ledgers } from "../../ledger/mod.ts";
import { SharedLeases } from "../../shards/shared_leases.ts";
import type { Unarchived } from "../files/archive_writer.ts";
import { randomName } from "../files/random_name.ts";
import { type SharedWork, shareWork } from "../shared/shared_work.ts";
import { HostedStream } from "./hosted_stream.ts";
import type { HostedOptions, HostOptions, HostServices } from "./host_options.ts";
import type { HostStatus } from "./host_status.ts";
import { StreamsDownError } from "./streams_down_error.ts";

const log = getLogger(["triton", "archiver"]);

/** A stream of a host, and the client that its archives belong to. */
type StreamKey = Pick<HostedStream, "stream" | "client">;

/**
 * Archives any number of streams in one process, each exactly once, as an {@linkcode Archiver} does.
 *
 * A stream that fails permanently (access is denied, it is not found, it was created again, or its
 * archive goes further than the database) is retried after 1 second, with pauses that double up to 5
 * minutes, and the others continue. It holds neither memory nor leases until then. A database that
 * does not respond is waited for, and is no failure of a stream.
 *
 * @example Two streams
 * ```ts
 * import { ArchiverHost, MemoryKinesis, MemoryLedgers, MemoryObjectStore } from "@triton/triton";
 * import { systemClock } from "@triton/triton";
 * import { encodeEvent } from "@triton/triton/codec";
 * import { deepEqual } from "node:assert/strict";
 *
 * const kinesis = new MemoryKinesis(); // or: await openKinesis({ region: "us-west-1" })
 * const store = new MemoryObjectStore(); // or: await openObjectStore("s3://triton-prod")
 * const stop = new AbortController();
 * const archived = new Set<string>();
 * const ledgers = new MemoryLedgers(); // or: () => openLedgers("postgres://...")
 * const host = new ArchiverHost({ ledgers, clock: systemClock });
 * for (const stream of ["clicks", "orders"]) {
 *   kinesis.createStream(stream);
 *   await kinesis.putRecords(stream, [{ partitionKey: "ada", data: encodeEvent({ page: "/" }) }]);
 *   host.add(stream, {
 *     client: "store",
 *     kinesis,
 *     store,
 *     rotateMs: 100,
 *     onFile() {
 *       archived.add(stream);
 *       if (archived.size === 2) stop.abort(); // in a program, at SIGTERM
 *     },
 *   });
 * }
 * await host.run(stop.signal);
 * deepEqual(archived, new Set(["clicks", "orders"]));
 * ```
 */
export class ArchiverHost {
  readonly #services: HostServices;
  readonly #options: HostOptions;
  readonly #worker: string;
  /** What the streams share, except the leases, which are in the database. */
  readonly #shared: SharedWork;
  /** The streams by client and name, also those that are being removed. */
  readonly #streams = new Map<string, HostedStream>();
  /** Aborted when one failed that is not retried. */
  readonly #failed = new AbortController();
  /** Archives a stream, once the database is open. */
  #archiveStream: ((hosted: HostedStream) => Promise<void>) | undefined;
  #state: "new" | HostStatus["state"] = "new";

  /**
   * Creates a host of no streams.
   *
   * @param services The ledgers, and the clock.
   * @param options What the streams share.
   */
  constructor(services: HostServices, options: HostOptions = {}) {
    this.#services = services;
    this.#options = options;
    this.#worker = randomName(services.clock);
    this.#shared = shareWork(options);
  }

  /**
   * Adds a stream. If the host runs, archiving starts at once.
   *
   * @param stream Name of the stream, as Kinesis knows it.
   * @param options Where its records come from, where its archives go, and how it is archived.
   * @throws {TypeError} If the name of the stream or of the client cannot be part of an archive's key.
   * @throws {TritonError} If the stream is there with this client, or the host has stopped.
   */
  add(stream: string, options: HostedOptions): void {
    const { client } = options;
    formatArchiveKey({ stream, client, createdAt: 0 }); // or each attempt would fail with this
    const key = keyOf({ stream, client });
    const known = this.#streams.get(key);
    const why = this.#state === "stopping"
      ? "the host has stopped"
      : known?.status().state === "stopping"
      ? `it is being removed; wait for remove() with client "${client}"`
      : `it is there already with client "${client}"; give one of them another client`;
    if (known !== undefined || this.#state === "stopping") {
      throw new TritonError(`Cannot add stream "${stream}": ${why}`);
    }
    const { clock } = this.#services;
    const retries = this.#options.endsOnFailure !== true;
    const hosted = new HostedStream(stream, options, { clock, retries });
    this.#streams.set(key, hosted);
    this.#start(hosted);
  }

  /**
   * Removes a stream: archives what was read of it, and frees its leases.
   *
   * @param stream Name of the stream, as Kinesis knows it.
   * @param client Name of the client, if the stream is there with several.
   * @returns When everything that was read is archived.
   * @throws {RangeError} If there is no such stream, or it is there with several clients.
   * @throws {TritonError} What kept it from being archived. It is removed all the same, and whoever
   * archives it next reads the rest again.
   */
  async remove(stream: string, client?: string): Promise<void> {
    const hosted = this.#find(stream, client);
    const key = keyOf(hosted);
    try {
      await hosted.stop();
    } finally {
      if (this.#streams.get(key) === hosted) this.#streams.delete(key);
    }
    log.info("{stream} is no longer archived here", {
      event: "archiver.removed",
      stream,
      client: hosted.client,
    });
  }

  /**
   * Archives the streams until the signal is aborted. Then all stop reading at once, archive what they
   * have read, and release their shards. It can run once.
   *
   * @param signal Stops the host.
   * @throws {TritonError} Why a stream could not be archived, if it was down at the end: a
   * {@linkcode StreamsDownError}, or its own error if it is the only one. Everything that could be
   * archived was.
   */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#state !== "new") throw new TypeError("Cannot run a host again: create another one");
    this.#state = "running";
    try {
      const { ledgers } = this.#services;
      if (typeof ledgers !== "function") return await this.#archive(ledgers, signal);
      await using opened = await this.#open(ledgers, signal);
      if (opened !== undefined) await this.#archive(opened, signal);
    } finally {
      this.#state = "stopping";
    }
  }

  /** What was read of all streams and is not archived yet. It is read again by the next worker. */
  get unarchived(): Unarchived {
    const sum = { files: 0, events: 0, quarantined: 0 };
    for (const { unarchived } of this.#streams.values()) {
      sum.files += unarchived?.files ?? 0;
      sum.events += unarchived?.events ?? 0;
      sum.quarantined += unarchived?.quarantined ?? 0;
    }
    return sum;
  }

  /** The status as of this moment. */
  status(): HostStatus {
    const streams = [...this.#streams.values()].map((hosted) => hosted.status());
    const archivers = streams.flatMap(({ archiver }) => archiver ?? []);
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    return {
      at: new Date(this.#services.clock.now()),
      worker: this.#worker,
      workers: [...new Set(archivers.flatMap(({ workers }) => workers))].sort(),
      state: this.#state === "stopping" ? "stopping" : "running",
      memory: {
        buffered: this.#shared.memory.buffered,
        limit: this.#shared.memory.limit,
        rss: Deno.memoryUsage().rss,
      },
      uploads: sum(archivers.map(({ uploads }) => uploads)),
      streams,
    };
  }

  /** Opens the database, retrying until it responds; undefined if stopped before that. */
  async #open(open: () => Promise<Ledgers>, signal: AbortSignal): Promise<Ledgers | undefined> {
    const { clock } = this.#services;
    try {
      return await retryService("ledger", { clock, signal, monitor: this.#monitor }, open);
    } catch (error) {
      if (error === signal.reason) return undefined;
      throw error;
    }
  }

  /** What concerns all streams, as each of them is told. */
  get #monitor(): RequestMonitor {
    const each = (tell: (monitor: RequestMonitor) => void) => {
      for (const { monitor } of this.#streams.values()) tell(monitor);
    };
    return {
      asked: (service) => each((monitor) => monitor.asked(service)),
      answered: (service, request) => each((monitor) => monitor.answered(service, request)),
      retried: (...failure) => each((monitor) => monitor.retried(...failure)),
      gaveUp: (service, request) => each((monitor) => monitor.gaveUp(service, request)),
    };
  }

  /** Archives the streams until it is time to stop. */
  async #archive(ledgers: Ledgers, signal: AbortSignal): Promise<void> {
    const { clock } = this.#services;
    const { leaseMs = 20_000 } = this.#options;
    const options = { worker: this.#worker, leaseMs };
    const leases = new SharedLeases({ clock, tables: ledgers }, options);
    const shared = { ...this.#shared, leases };
    this.#archiveStream = (hosted) => hosted.start(ledgers, shared);
    for (const hosted of this.#streams.values()) this.#start(hosted);
    await whenAborted(AbortSignal.any([signal, this.#failed.signal]));
    this.#state = "stopping";
    const streams = [...this.#streams.values()];
    await Promise.allSettled(streams.map((hosted) => hosted.stop()));
    const down = streams.map((hosted) => hosted.down).filter((down) => down !== undefined);
    if (down.length === 0) return;
    throw streams.length === 1 ? down[0]!.error : new StreamsDownError(down, streams.length);
  }

  /** Starts a stream, once the database is open. */
  async #start(hosted: HostedStream): Promise<void> {
    if (this.#archiveStream === undefined) return;
    await this.#archiveStream(hosted);
    if (this.#options.endsOnFailure && hosted.down !== undefined) this.#failed.abort();
  }

  #find(stream: string, client: string | undefined): HostedStream {
    const found = [...this.#streams.values()].filter((hosted) =>
      hosted.stream === stream && hosted.client === (client ?? hosted.client)
    );
    if (found.length === 1) return found[0]!;
    const of = client === undefined ? "" : ` with client "${client}"`;
    const clients = found.map(({ client }) => `"${client}"`).join(", ");
    const why = found.length === 0 ? `it is not there${of}` : `name its client, one of ${clients}`;
    throw new RangeError(`Cannot remove stream "${stream}": ${why}`);
  }
}

/** As in the database: a client archives a stream once. */
function keyOf({ stream, client }: StreamKey): string {
  return JSON.stringify([client, stream]);
}
