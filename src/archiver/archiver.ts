import { getLogger } from "@logtape/logtape";
import { formatArchiveKey } from "../codec/mod.ts";
import { ArchiveEnds } from "./archive_ends.ts";
import { monotonicNow } from "../base/clock.ts";
import { ServiceTime } from "../kinesis/mod.ts";
import { ArchiveWriter, type Unarchived } from "./archive_writer.ts";
import { ArchiverMonitor } from "./archiver_monitor.ts";
import type { ArchiverOptions } from "./archiver_options.ts";
import { type ArchiverStatus, observationsOf } from "./archiver_status.ts";
import { claimStore, refuseMissing } from "./claim_store.ts";
import { ConditionalStore } from "./conditional_store.ts";
import { aborted } from "./gate.ts";
import type { Lease } from "./lease.ts";
import { isWorthWaiting } from "./read_failure.ts";
import { untilRotation } from "./rotation.ts";
import { type ArchiverServices, randomName, type Services } from "./services.ts";
import { findRecreation } from "./same_stream.ts";
import { ShardArchiver } from "./shard_archiver.ts";
import { ShardLeases } from "./shard_leases.ts";
import { StreamShards } from "./stream_shards.ts";
import { takeStatus } from "./take_status.ts";

const log = getLogger(["triton", "archiver"]);

/** How often the stream's shards are listed anew, in milliseconds. */
const LISTING_INTERVAL_MS = 60_000;

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
  readonly #ends: ArchiveEnds;
  readonly #services: Services & { readonly signal: AbortSignal };
  readonly #store: ConditionalStore;
  readonly #worker: string;
  readonly #leaseMs: number;
  readonly #rotateMs: number;
  readonly #leases: ShardLeases;
  readonly #writer: ArchiveWriter;
  readonly #shards: StreamShards;
  readonly #shardArchiver: ShardArchiver;
  /** Aborted when it is time to stop. */
  readonly #stop = new AbortController();
  readonly #tasks = new Set<Promise<void>>();
  #wake = Promise.withResolvers<void>();
  #failure: { readonly error: unknown } | undefined;

  /**
   * Creates a worker.
   *
   * @param services Kinesis, object store and ledger; the ledger names the stream and the client.
   * @param options When files are closed, and where reading begins.
   * @throws {TypeError} If the client's name cannot stand in the key of an archive: it has a `-`, say.
   */
  constructor(services: ArchiverServices, options: ArchiverOptions = {}) {
    const { maxSize = 32 * 2 ** 20, maxMemory = 96 * 2 ** 20, onFile } = options;
    const { signal } = this.#stop;
    const { clock, ledger: { stream, client } } = services;
    formatArchiveKey({ stream, client, createdAt: 0 }); // or the first file would show that it cannot be
    this.#options = options;
    this.#store = new ConditionalStore(services.store);
    const pinned = options.shards && new Set(options.shards);
    const monitor = options.monitor ?? new ArchiverMonitor({ clock, stream, client });
    const time = new ServiceTime(clock);
    this.#services = { ...services, store: this.#store, monitor, time, signal };
    this.#worker = randomName(services.clock);
    this.#leaseMs = options.leaseMs ?? 20_000;
    this.#rotateMs = options.rotateMs ?? 3_600_000;
    this.#leases = new ShardLeases(this.#services, {
      worker: this.#worker,
      leaseMs: this.#leaseMs,
      pinned,
      onLost: (lease) => this.#writer.discard(lease),
    });
    // What was read is archived also when it is time to stop, however long that takes.
    this.#writer = new ArchiveWriter({ ...services, store: this.#store, monitor, time }, {
      worker: this.#worker,
      maxSize,
      maxMemory,
      onFile,
      findRecreation: () => findRecreation({ ...services, clock }, this.#shards),
      onLost: (lease) => this.#leases.lose(lease),
      onFailure: (error) => this.#fail(error),
    });
    const { from = { type: "trim-horizon" } } = options;
    this.#shards = new StreamShards(this.#services, { from, pinned });
    this.#ends = new ArchiveEnds(this.#services);
    this.#shardArchiver = new ShardArchiver({
      services: this.#services,
      writer: this.#writer,
      leases: this.#leases,
      shards: this.#shards,
      ends: this.#ends,
      options,
    });
  }

  /**
   * Archives until it is told to stop: then it archives what it has read, gives its shards back, and
   * returns. It can be run once.
   *
   * @param signal Tells it to stop.
   * @throws {TritonError} What made it impossible to go on, or which shards were left alone; all
   * that could be archived was.
   */
  async run(signal: AbortSignal): Promise<void> {
    const unobserve = this.#services.monitor.observe(() => observationsOf(this.status()));
    const stop = () => this.#stop.abort();
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    const renewing = new AbortController();
    const { ledger: { stream, client }, store: { url } } = this.#services;
    log.info("Archiving {stream} to {url} for client {client}, as worker {worker}", {
      event: "archiver.started",
      stream,
      client,
      url,
      worker: this.#worker,
    });
    try {
      this.#spawn(this.#work());
      this.#guard(this.#renew(renewing.signal));
      await aborted(this.#stop.signal);
      while (this.#tasks.size > 0) await Promise.all(this.#tasks);
      await this.#guard(this.#writer.close(this.#failure === undefined ? "shutdown" : "failure"));
    } finally {
      signal.removeEventListener("abort", stop);
      renewing.abort();
      await this.#leave();
      unobserve();
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#shardArchiver.refusal !== undefined) throw this.#shardArchiver.refusal;
    log.info("Stopped: all that was read of {stream} is archived", {
      event: "archiver.stopped",
      stream,
      client,
    });
  }

  /** What it has read and not archived yet; whoever reads the shards next reads that again. */
  get unarchived(): Unarchived {
    return this.#writer.unarchived;
  }

  /** How it stands at this moment. */
  status(): ArchiverStatus {
    return takeStatus({
      services: this.#services,
      leases: this.#leases,
      writer: this.#writer,
      shards: this.#shards,
      rotateMs: this.#rotateMs,
      stopping: this.#stop.signal.aborted,
    });
  }

  /** Looks at the bucket, the archive and the stream before anything is read; then works. */
  async #work(): Promise<void> {
    await claimStore(this.#services);
    await this.#store.probe(this.#services);
    if (this.#stop.signal.aborted) return;
    const stream = await this.#shards.describe();
    await this.#ends.begin(stream);
    await this.#ends.look();
    await refuseMissing(this.#services, stream, (key) => this.#ends.has(key));
    await this.#shards.refresh(stream);
    this.#spawn(this.#coordinate());
    this.#spawn(this.#rotate());
  }

  /** Runs a task that has to end before the worker can stop. */
  #spawn(task: Promise<void>): void {
    const guarded = this.#guard(task).finally(() => this.#tasks.delete(guarded));
    this.#tasks.add(guarded);
  }

  /** Stops the worker if a task fails. */
  async #guard(task: Promise<void>): Promise<void> {
    try {
      await task;
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const { signal } = this.#stop;
    // Whoever was waiting when it was time to stop throws the signal's reason.
    if (signal.aborted && error === signal.reason) return;
    this.#failure ??= { error };
    this.#services.monitor.failed(error instanceof Error ? error.message : String(error));
    this.#stop.abort();
  }

  /** Frees the leases at once; if that fails, they expire. */
  async #leave(): Promise<void> {
    try {
      await this.#services.ledger.leave(this.#worker);
    } catch (error) {
      log.warn("Cannot give the leases back, so they last until they expire: {reason}", {
        event: "lease.kept",
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }

  /** Sleeps; false if it is time to stop instead. */
  async #sleep(ms: number, signal: AbortSignal = this.#stop.signal): Promise<boolean> {
    try {
      await this.#services.clock.sleep(ms, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return !signal.aborted;
  }

  /** Keeps the leases, also while uploads take their time. */
  async #renew(signal: AbortSignal): Promise<void> {
    do await this.#leases.renew(); while (await this.#sleep(this.#leaseMs / 5, signal));
  }

  /** Closes files by the clock. */
  async #rotate(): Promise<void> {
    const { time } = this.#services;
    while (await this.#sleep(untilRotation(time.now(), this.#rotateMs))) {
      this.#writer.close("time");
      for (const lease of this.#leases.held) await this.#shardArchiver.confirm(lease);
    }
  }

  /** Takes shards, and hands them over, until it is time to stop. */
  async #coordinate(): Promise<void> {
    const { clock } = this.#services;
    let lookedAt = this.#shards.listedAt;
    for (let first = true; !this.#stop.signal.aborted; first = false) {
      this.#wake = Promise.withResolvers();
      if (monotonicNow(clock) - lookedAt >= LISTING_INTERVAL_MS) {
        await this.#lookAgain();
        lookedAt = monotonicNow(clock);
      }
      await this.#balance(first && this.#options.skipToLatest === true);
      await Promise.race([this.#sleep(this.#leaseMs / 10), this.#wake.promise]);
    }
  }

  /** Looks for new shards; while that is refused, those that are known are archived. */
  async #lookAgain(): Promise<void> {
    const { monitor, ledger: { stream } } = this.#services;
    try {
      await this.#shards.refresh();
      monitor.answered("Kinesis", this.#shards);
    } catch (error) {
      if (!isWorthWaiting(error, true)) throw error;
      monitor.retried("Kinesis", error, this.#shards);
      log.error("Cannot look for new shards of {stream}, which is retried: {reason}", {
        event: "stream.failed",
        stream,
        code: error.code,
        reason: error.message,
      });
    }
  }

  async #balance(skip: boolean): Promise<void> {
    const plan = await this.#leases.plan();
    for (const lease of this.#leases.held) {
      if (plan.release.includes(lease.shardId)) await this.#handOver(lease);
    }
    let { wanted } = plan;
    for (const shardId of plan.take) {
      if (wanted === 0 || this.#stop.signal.aborted) break;
      const lease = await this.#leases.take(shardId);
      if (lease === undefined) continue;
      wanted--;
      this.#spawn(this.#archive(lease, skip));
    }
  }

  async #archive(lease: Lease, skip: boolean): Promise<void> {
    await this.#shardArchiver.archive(lease, { skip });
    // The shard has ended, or is another's: there may be something else to do at once.
    this.#wake.resolve();
  }

  /** Archives what was read of a shard, and leaves the rest of it to another worker. */
  async #handOver(lease: Lease): Promise<void> {
    lease.end();
    await this.#writer.close("handover");
    await this.#leases.release(lease);
    log.info("Handed {shardId} over to another worker", {
      event: "shard.handed_over",
      shardId: lease.shardId,
    });
  }
}
