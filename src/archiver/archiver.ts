import { getLogger } from "@logtape/logtape";
import { pause } from "../base/clock.ts";
import type { CheckpointError } from "../base/errors.ts";
import type { ShardId } from "../base/record.ts";
import { formatArchiveKey } from "../codec/mod.ts";
import { ServiceTime } from "../kinesis/mod.ts";
import type { LedgerShard } from "../ledger/archive_ledger.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import { isLost, type Lease } from "../shards/lease.ts";
import { LeasedShards } from "../shards/leased_shards.ts";
import { sharedLeasesOf } from "../shards/shared_leases.ts";
import { ArchiveEnds } from "./archive_ends.ts";
import { ArchiveWriter, type Unarchived } from "./files/archive_writer.ts";
import type { ArchiverOptions, ArchiverServices } from "./archiver_options.ts";
import { claimStore, refuseMissing } from "./checks/claim_store.ts";
import { ConditionalStore } from "./checks/conditional_store.ts";
import { FileArchiver } from "./files/file_archiver.ts";
import { randomName } from "./files/random_name.ts";
import { rotationOffset, untilRotation } from "./files/rotation.ts";
import { findRecreation } from "./same_stream.ts";
import { ShardArchiver, type ShardArchiverServices } from "./shard_archiver.ts";
import { ShardProgress } from "./shard_progress.ts";
import { countedTurns } from "./shared/counted_turns.ts";
import type { SharedMemory } from "./shared/shared_memory.ts";
import { shareWork } from "./shared/shared_work.ts";
import { ArchiverMonitor } from "./status/archiver_monitor.ts";
import {
  type ArchiverStatus,
  memoryObservations,
  observationsOf,
} from "./status/archiver_status.ts";
import { takeStatus } from "./status/take_status.ts";
import { WorkerTasks } from "./worker_tasks.ts";

const log = getLogger(["triton", "archiver"]);

/**
 * Archives one stream: one of any number of workers that share its shards through a ledger.
 *
 * Every record that Kinesis kept lands in exactly one archive file, in order within its shard,
 * whatever is killed, delayed or run twice, as long as the object store honours conditional writes.
 * A record that is not an event lands in the quarantine of its file. What the stream dropped before
 * it could be read is recorded as a gap.
 */
export class Archiver {
  readonly #options: ArchiverOptions;
  readonly #tasks: WorkerTasks;
  /** Ends the renewal of leases. */
  readonly #renewing = new AbortController();
  readonly #services: ShardArchiverServices & { readonly store: ObjectStore };
  readonly #store: ConditionalStore;
  readonly #rotateMs: number;
  readonly #memory: SharedMemory;
  readonly #shards: LeasedShards<LedgerShard>;
  readonly #writer: ArchiveWriter;
  readonly #ends: ArchiveEnds;
  readonly #shardArchiver: ShardArchiver;
  /** How far the shards have been read that this worker archives. */
  readonly #reading = new Map<ShardId, ShardProgress>();
  /** Why a shard was refused, if one was. */
  #refusal: CheckpointError | undefined;

  /**
   * Creates a worker.
   *
   * @param services Kinesis, object store and ledger; the ledger names the stream and the client.
   * @param options When files are closed, and where reading begins.
   * @throws {TypeError} If the client's name cannot stand in the key of an archive: it has a `-`, say.
   */
  constructor(services: ArchiverServices, options: ArchiverOptions = {}) {
    const { clock, ledger, ledger: { stream, client } } = services;
    formatArchiveKey({ stream, client, createdAt: 0 }); // or the first file would show that it cannot be
    const monitor = options.monitor ?? new ArchiverMonitor({ clock, stream, client });
    const time = new ServiceTime(clock);
    const store = this.#store = new ConditionalStore(services.store);
    this.#options = options;
    this.#rotateMs = options.rotateMs ?? 3_600_000;
    this.#tasks = new WorkerTasks(monitor);
    this.#services = { ...services, store, monitor, time, signal: this.#tasks.signal, stream };
    const shared = services.shared ?? shareWork({ maxMemory: options.maxMemory });
    this.#memory = shared.memory;
    const { from = { type: "trim-horizon" }, leaseMs = 20_000 } = options;
    const pinned = options.shards && new Set(options.shards);
    const shards = { ...this.#services, table: ledger };
    const leases = shared.leases ?? sharedLeasesOf(shards, { worker: randomName(clock), leaseMs });
    const { worker } = leases;
    this.#shards = new LeasedShards(shards, { leases, from, pinned });
    // What was read is archived also when it is time to stop, however long that takes.
    const files = new FileArchiver({ store, ledger, clock, monitor, shared }, {
      worker,
      findRecreation: () => findRecreation(services, this.#shards.stream),
    });
    const { maxSize = 32 * 2 ** 20, onFile } = options;
    const writer = { clock, time, files, leases: this.#shards, memory: shared.memory };
    this.#writer = new ArchiveWriter(writer, { stream, maxSize, onFile });
    this.#writer.failed.addEventListener(
      "abort",
      () => this.#tasks.fail(this.#writer.failed.reason),
    );
    this.#ends = new ArchiveEnds(this.#services);
    this.#shardArchiver = new ShardArchiver({
      services: this.#services,
      writer: this.#writer,
      stream: this.#shards.stream,
      ends: this.#ends,
      turns: countedTurns(shared.turns.lineOf(this), shared.memory),
      options,
    });
  }

  /**
   * Archives until the signal is aborted. Then it archives what it has read, releases its shards, and
   * returns. It can run once.
   *
   * @param signal Stops the worker.
   * @throws {TritonError} Why archiving stopped, or which shards were refused. Everything that could be
   * archived was.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { monitor, ledger: { stream, client }, store: { url } } = this.#services;
    const unobserve = monitor.observe(() => [
      ...observationsOf(this.status()),
      ...memoryObservations(this.#memory),
    ]);
    const stop = () => this.#tasks.stop();
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    log.info("Archiving {stream} to {url} for client {client}, as worker {worker}", {
      event: "archiver.started",
      stream,
      client,
      url,
      worker: this.#shards.worker,
    });
    this.#writer.join();
    try {
      this.#tasks.run(this.#work());
      await this.#tasks.ended();
      const reason = this.#tasks.failure === undefined ? "shutdown" : "failure";
      await this.#tasks.guard(this.#writer.close(reason));
    } finally {
      signal.removeEventListener("abort", stop);
      this.#renewing.abort();
      this.#writer.leave();
      await this.#shards.leave();
      unobserve();
      if (this.#options.monitor === undefined) monitor[Symbol.dispose]();
    }
    if (this.#tasks.failure !== undefined) throw this.#tasks.failure.error;
    if (this.#refusal !== undefined) throw this.#refusal;
    log.info("Stopped: all that was read of {stream} is archived", {
      event: "archiver.stopped",
      stream,
      client,
    });
  }

  /** What was read and is not archived yet. It is read again by the next worker of the shards. */
  get unarchived(): Unarchived {
    return this.#writer.unarchived;
  }

  /** Whether bucket, archive and stream have been checked, so that shards are read. */
  get isReading(): boolean {
    return this.#shards.open !== undefined;
  }

  /** The status as of this moment. */
  status(): ArchiverStatus {
    return takeStatus({
      ...this.#services,
      url: this.#store.url,
      shards: this.#shards,
      reading: this.#reading,
      writer: this.#writer,
      rotateMs: this.#rotateMs,
      rotateOffsetMs: this.#rotationOffset,
      stopping: this.#tasks.signal.aborted,
    });
  }

  /** Looks at the bucket, the archive and the stream before anything is read; then works. */
  async #work(): Promise<void> {
    await claimStore(this.#services);
    await this.#store.probe(this.#services);
    if (this.#tasks.signal.aborted) return;
    const stream = await this.#shards.stream.describe();
    await this.#ends.begin(stream);
    await this.#ends.look();
    await refuseMissing(this.#services, stream, (key) => this.#ends.has(key));
    await this.#shards.stream.refresh(stream);
    // Others count this worker from here on, and the leases are kept also while uploads take their time.
    this.#tasks.guard(this.#shards.renew(this.#renewing.signal));
    this.#tasks.run(this.#archiveShards());
    this.#tasks.run(this.#rotate());
  }

  /** Archives the shards that this worker leases, until it is time to stop. */
  async #archiveShards(): Promise<void> {
    for await (const lease of this.#shards) {
      const skip = this.#shards.rounds === 0 && this.#options.skipToLatest === true;
      this.#tasks.run(this.#archive(lease, skip));
    }
  }

  /** Archives a shard until its lease ends. */
  async #archive(lease: Lease, skip: boolean): Promise<void> {
    const shard = new ShardProgress(lease);
    this.#reading.set(shard.shardId, shard);
    lease.signal.addEventListener("abort", () => this.#noteLost(shard), { once: true });
    const end = await this.#shardArchiver.archive(shard, { skip });
    if (end.type === "ended") this.#shards.end(lease);
    else if (end.type === "lost") this.#shards.lose(lease);
    else if (end.type === "refused") await this.#refuse(lease, end.error);
    else await this.#handOver(shard);
    if (this.#reading.get(shard.shardId) === shard) this.#reading.delete(shard.shardId);
  }

  /** Discards what was read under a lease that another worker has. */
  #noteLost(shard: ShardProgress): void {
    if (isLost(shard.lease)) this.#writer.discard(shard);
  }

  /** Refuses a shard that cannot be archived. The others are archived. */
  async #refuse(lease: Lease, error: CheckpointError): Promise<void> {
    log.error("{reason}", {
      event: "shard.refused",
      stream: this.#services.ledger.stream,
      shardId: lease.shardId,
      reason: error.message,
    });
    this.#refusal ??= error;
    this.#services.monitor.failed(error.message);
    await this.#shards.refuse(lease);
    if (this.#shards.held.size === 0) throw error;
  }

  /** Archives what was read of a shard, and hands the shard over to another worker. */
  async #handOver(shard: ShardProgress): Promise<void> {
    const { shardId, lease } = shard;
    // Lost meanwhile: its signal had no news of that.
    if (this.#shards.held.get(shardId) !== lease) return this.#writer.discard(shard);
    if (this.#tasks.signal.aborted) return;
    await this.#writer.close("handover");
    await this.#shards.release(lease);
    const { stream } = this.#services.ledger;
    log.info("Handed {shardId} over to another worker", {
      event: "shard.handed_over",
      stream,
      shardId,
    });
  }

  /** How long after the multiples of the interval files are closed. */
  get #rotationOffset(): number {
    const { stream } = this.#services.ledger;
    return this.#memory.streams === 1 ? 0 : rotationOffset(stream, this.#rotateMs);
  }

  /** Closes files by the clock. */
  async #rotate(): Promise<void> {
    const { clock, time, signal } = this.#services;
    const untilNext = () => untilRotation(time.now(), this.#rotateMs, this.#rotationOffset);
    while (await pause(clock, untilNext(), signal)) {
      this.#writer.close("time");
      for (const shard of [...this.#reading.values()]) {
        if (!await this.#shardArchiver.confirm(shard)) this.#shards.lose(shard.lease);
      }
    }
  }
}
