import { getLogger } from "@logtape/logtape";
import type { LedgerShard, NewShard } from "../ledger/archive_ledger.ts";
import type { StreamDescription } from "../kinesis/kinesis_api.ts";
import { listAllShards, type RetryEvent, type Shard } from "../kinesis/mod.ts";
import { monotonicNow } from "../base/clock.ts";
import { descendantsOf, planShards } from "../shards/plan_shards.ts";
import type { ShardId, StartPosition } from "../base/record.ts";
import { type Patience, persist, type Services } from "./services.ts";

const log = getLogger(["triton", "archiver"]);

const HOUR_MS = 3_600_000;

/** Options of {@linkcode StreamShards}. */
export interface StreamShardsOptions {
  /** Where to begin shards that nothing is known of. */
  readonly from: Exclude<StartPosition, { readonly type: "after" }>;
  /** Shards that are placed by hand: said to be missing if they are nowhere. */
  readonly pinned?: ReadonlySet<ShardId> | undefined;
}

/** The shards of a stream, as Kinesis lists them, and what the ledger is told of them. */
export class StreamShards {
  readonly #services: Pick<Services, "kinesis" | "ledger" | "time"> & Patience;
  readonly #options: StreamShardsOptions;
  /** Shards placed by hand that were said to be missing. */
  readonly #missing = new Set<ShardId>();
  #retentionMs = Infinity;
  #ended = 0;
  #createdAt: Date | undefined;
  #listedAt = -Infinity;
  /** When this began: what arrives later is wanted, however long the services take to answer. */
  readonly #begunAt: number;

  /**
   * @param services Kinesis, the ledger, and how long to ask them.
   * @param options Where to begin, and which shards to look for.
   */
  constructor(
    services: Pick<Services, "kinesis" | "ledger" | "time"> & Patience,
    options: StreamShardsOptions,
  ) {
    this.#begunAt = services.time.monotonic();
    this.#services = services;
    this.#options = options;
  }

  /** How long the stream keeps a record, in milliseconds. */
  get retentionMs(): number {
    return this.#retentionMs;
  }

  /** When the stream was created, as the ledger knows it; undefined before {@linkcode refresh}. */
  get createdAt(): Date | undefined {
    return this.#createdAt;
  }

  /** How many shards the ledger had ended when the shards were last listed. */
  get ended(): number {
    return this.#ended;
  }

  /** When the shards were last listed, in monotonic time. */
  get listedAt(): number {
    return this.#listedAt;
  }

  /**
   * Lists the stream's shards, and adds those that the ledger does not know.
   *
   * @param stream What the stream says of itself. Default: it is asked.
   * @throws {CheckpointError} With code `StreamRecreated` if it is another stream than before.
   */
  async refresh(stream?: StreamDescription): Promise<void> {
    const { ledger, clock } = this.#services;
    await this.#identify(stream);
    const listed = await this.#list();
    // Also those that have ended: the stream lists them until its retention is over.
    const shards = await persist("ledger", this.#services, () => ledger.shards());
    const known = knownShards(shards);
    if (known.size > 0) {
      await this.#addChildren(listed.filter(({ id }) => !known.has(id)), known);
    } else if (!await this.#addFirst(listed)) {
      // Another worker was faster; what was made since its listing begins with the oldest record.
      return await this.refresh();
    }
    this.#warnOfMissing(known, listed);
    this.#ended = shards.filter(({ state }) => state === "ended").length;
    this.#listedAt = monotonicNow(clock);
  }

  async #identify(stream?: StreamDescription): Promise<void> {
    const { createdAt } = stream ?? await this.describe();
    await persist("ledger", this.#services, () => this.#services.ledger.identify(createdAt));
    this.#createdAt = createdAt;
  }

  /** Asks the stream about itself, and keeps in mind how long it keeps a record. */
  async describe(): Promise<StreamDescription> {
    const { kinesis, ledger, time } = this.#services;
    const ask = () => time.of(() => kinesis.describeStream(ledger.stream));
    const stream = await persist("Kinesis", this.#services, ask);
    this.#retentionMs = stream.retentionHours * HOUR_MS;
    return stream;
  }

  /**
   * The shards that go on from one that was closed, and those that they come from besides.
   *
   * A child of a merge has another parent. If the ledger did not know that one, because it was made
   * after the last listing, it would count as one that left the stream, and hold no child back.
   */
  async childrenOf(shardId: ShardId): Promise<NewShard[]> {
    const listed = new Map((await this.#list()).map((shard) => [shard.id, shard]));
    const found = new Set([...listed.values()].filter(({ parents }) => parents.includes(shardId)));
    // A set that grows while it is walked: ancestors have ancestors.
    for (const { parents } of found) {
      for (const parent of parents) {
        const shard = listed.get(parent);
        if (shard !== undefined && parent !== shardId) found.add(shard);
      }
    }
    const known = await persist("ledger", this.#services, () => this.#services.ledger.shards());
    return await this.#asChildren([...found], knownShards(known));
  }

  /**
   * Whether a shard is no longer part of the stream, while the stream is there.
   *
   * @throws {CheckpointError} With code `StreamRecreated` if it is another stream than before.
   */
  async hasLeft(shardId: ShardId): Promise<boolean> {
    await this.#identify();
    return (await this.#list()).every(({ id }) => id !== shardId);
  }

  /** A shard that is placed by hand and not there may be a slip; or it comes with a later split. */
  #warnOfMissing(known: KnownShards, listed: readonly Shard[]): void {
    const found = new Set([...known.keys(), ...listed.map(({ id }) => id)]);
    for (const shardId of this.#options.pinned ?? []) {
      if (found.has(shardId) || this.#missing.has(shardId)) continue;
      this.#missing.add(shardId);
      const { stream } = this.#services.ledger;
      log.warn("Nothing is archived of shard {shardId}: stream {stream} has no such shard", {
        event: "shard.missing",
        stream,
        shardId,
      });
    }
  }

  #list(): Promise<Shard[]> {
    const { kinesis, ledger, clock, signal, monitor } = this.#services;
    const onRetry = ({ error }: RetryEvent) => monitor?.retried("Kinesis", error);
    return listAllShards(kinesis, ledger.stream, { clock, signal, onRetry });
  }

  /**
   * Adds the shards of a stream that the ledger knows nothing of, and where each begins; false if
   * it knows some by now.
   *
   * An older Triton left checkpoints, but did not follow splits and merges. Shards that come from
   * those it knew are children, of which anything may be missing that arrived since.
   */
  async #addFirst(listed: readonly Shard[]): Promise<boolean> {
    const { ledger, time } = this.#services;
    const checkpoints = await persist("ledger", this.#services, () => ledger.checkpoints());
    const plan = planShards(listed, { checkpoints, from: this.#options.from });
    const knownAt = new Date(time.now());
    const shards = listed.map(({ id, parents }): NewShard => {
      // A shard with a checkpoint begins there. One that is passed over is closed: it ends at once.
      return { shardId: id, parents, start: this.#asWritten(plan.get(id)), knownAt };
    });
    const descendants = descendantsOf(checkpoints, listed);
    const children = listed.filter(({ id }) => descendants.has(id) && !checkpoints.has(id));
    const others = shards.filter(({ shardId }) => !children.some(({ id }) => id === shardId));
    if (!await persist("ledger", this.#services, () => ledger.addFirstShards(others))) return false;
    if (children.length > 0) {
      const written = await persist("ledger", this.#services, () => ledger.shards());
      await this.#addChildren(children, knownShards(written));
    }
    return true;
  }

  /** A start that stays the same when it is used again later, and that Kinesis accepts. */
  #asWritten(position: StartPosition = { type: "latest" }): StartPosition {
    const { time } = this.#services;
    if (position.type === "trim-horizon") return position;
    const begun = time.startAt(this.#begunAt);
    if (position.type !== "at-timestamp") return { type: "at-timestamp", timestamp: begun };
    // A time in the future is one of a machine whose clock is ahead: it means now.
    return position.timestamp.getTime() <= time.now()
      ? position
      : { type: "at-timestamp", timestamp: begun };
  }

  async #addChildren(shards: readonly Shard[], known: KnownShards): Promise<void> {
    const added = await this.#asChildren(shards, known);
    if (added.length === 0) return;
    await persist("ledger", this.#services, () => this.#services.ledger.addShards(added));
  }

  /** Shards that are read from their oldest record, after their parents. */
  async #asChildren(shards: readonly Shard[], known: KnownShards): Promise<NewShard[]> {
    const added = new Set(shards.map(({ id }) => id));
    const missing = new Set(
      shards.flatMap(({ parents }) => parents).filter((parent) =>
        !known.has(parent) && !added.has(parent)
      ),
    );
    for (const parent of missing) await this.#recordMissing(parent);
    const createdAfter = creationTimes(shards, known);
    return shards.map(({ id, parents }) => (
      { shardId: id, parents, start: { type: "trim-horizon" }, knownAt: createdAfter(id) }
    ));
  }

  /** Records a shard that came and went while nobody looked. */
  async #recordMissing(shardId: ShardId): Promise<void> {
    const { ledger, time } = this.#services;
    const gap = {
      stream: ledger.stream,
      shardId,
      after: undefined,
      until: undefined,
      reason: "expired",
      recordedAt: new Date(time.now()),
    };
    await persist("ledger", this.#services, () => ledger.recordGap(gap));
    this.#services.monitor?.gap(shardId, gap.reason);
    log.error("Records of {shardId} may be lost: it has left the stream before it was read", {
      event: "records.lost",
      shardId,
      reason: "expired",
    });
  }
}

/** The shards that the ledger knows, and up to when each is known to be archived. */
type KnownShards = ReadonlyMap<ShardId, Date>;

function knownShards(shards: readonly LedgerShard[]): KnownShards {
  return new Map(shards.map(({ shardId, knownAt }) => [shardId, knownAt]));
}

/**
 * Finds for each of some new shards a time at which it did not exist, since its parents were not
 * closed yet.
 *
 * Where a parent is known neither to the ledger nor to the stream, anything may be missing. Each
 * shard is looked at once: after a split and a merge there are two ways to each ancestor, after
 * fourteen of them 16,384.
 */
function creationTimes(shards: readonly Shard[], known: KnownShards): (id: ShardId) => Date {
  const parents = new Map(shards.map((shard) => [shard.id, shard.parents]));
  const times = new Map<ShardId, Date>();
  const createdAfter = (id: ShardId): Date => {
    const found = times.get(id);
    if (found !== undefined) return found;
    const bounds = (parents.get(id) ?? []).map((parent) =>
      known.get(parent) ?? createdAfter(parent)
    );
    const latest = new Date(Math.max(0, ...bounds.map((time) => time.getTime())));
    times.set(id, latest);
    return latest;
  };
  return createdAfter;
}
