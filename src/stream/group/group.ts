import { type Clock, systemClock } from "../../base/clock.ts";
import { anySignal } from "../../base/notifier.ts";
import type { EventData, StreamRecord } from "../../base/record.ts";
import type { DatabaseSync } from "node:sqlite";
import type { TransactionSql } from "postgres";
import type { GroupEffects, RunEffectsOptions } from "../../shards/group/mod.ts";
import { RecordChecker } from "../record_checker.ts";
import type { GroupBatch } from "./batch.ts";
import { EventHub, type GroupEvent } from "./events.ts";
import {
  type BatchOptions,
  checkOptions,
  DEFAULT_STALL_MS,
  type GroupOptions,
  type GroupServices,
  type RunOptions,
} from "./group_options.ts";
import { describeMember, type GroupStatus } from "./group_status.ts";
import type { HeldShard } from "./held_shard.ts";
import { yieldRecords } from "./loop.ts";
import { PartWatch } from "../watch/part_watch.ts";
import { readerGauges } from "../watch/reader_gauges.ts";
import { Membership } from "./membership.ts";
import { type OnPoison, PoisonHandler } from "./poison.ts";
import { BatchRunner } from "./run_batches.ts";
import { OrderedRunner, type RecordHandler } from "./run_in_order.ts";
import { Transactor } from "./transact.ts";

/** Options for {@linkcode Group.transact}. */
export interface TransactOptions<T = EventData, Tx = unknown> extends BatchOptions {
  /** What happens to poison in these transactions. Default: the `onPoison` of the group. */
  readonly onPoison?: OnPoison<T, Tx> | undefined;
  /**
   * The isolation of the transactions. Default: the database's. Those of SQLite are serializable.
   */
  readonly isolation?: RunEffectsOptions["isolation"];
}

/** What a handler of SQLite returns: no promise, since the database would be blocked until it resolves. */
export type Synchronous = void | undefined | null | boolean | number | string | bigint;

/** Something that processes the shards of a membership. */
interface Consumer {
  consume(shard: HeldShard, member: Membership): Promise<void>;
}

/**
 * One member of a consumer group: any number of processes share the shards of a stream.
 *
 * The member takes part in the group while records are consumed, in one of four ways:
 *
 * - `for await (const record of group)`: at least once, one record after the other. Asking for the next
 *   record marks this one as processed. Positions are saved each second or each 1,000 records, when a
 *   shard is handed over, and at the end.
 * - {@linkcode run}: at least once, several records at a time, in order for each partition key.
 * - {@linkcode runBatches}: at least once, in batches.
 * - {@linkcode transact} and {@linkcode transactSqlite}: exactly once, as far as effects in the group's
 *   database go. Effects and position are committed together.
 *
 * What holds in all of them:
 *
 * - Each record goes to one member. Shards move to others when one dies, stops or starts. A member that
 *   was cut off, and does not know it yet, may process records that another has already; it cannot save
 *   their positions, nor commit effects.
 * - The records of a shard come in order. After a split or a merge, a new shard is read from its oldest
 *   record once its parents have been processed to their end, by whichever member.
 * - After a crash, what followed the last saved position comes again, and no more.
 *
 * @example Usage
 * ```ts
 * import { Group, MemoryGroup, MemoryKinesis } from "@triton/triton";
 * import { encodeEvent } from "@triton/triton/codec";
 * import { equal } from "node:assert/strict";
 * const kinesis = new MemoryKinesis();
 * kinesis.createStream("orders");
 * await kinesis.putRecords("orders", [{ partitionKey: "a", data: encodeEvent({ n: 1 }) }]);
 * const table = new MemoryGroup("orders"); // or `openGroup(stream, { database, client })`
 * await using group = new Group({ kinesis, table });
 * for await (const record of group) {
 *   equal(record.data.n, 1);
 *   break;
 * }
 * ```
 */
export class Group<T = EventData> implements AsyncIterable<StreamRecord<T>>, AsyncDisposable {
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** Name of the client: the group's name. */
  readonly client: string;
  /**
   * What happens to the shards of this member: assigned, revoked (its handlers may still commit), lost
   * (they may not), ended. Each iteration yields what happens from its beginning on, until the group is
   * disposed.
   */
  readonly events: AsyncIterable<GroupEvent>;
  readonly #services: GroupServices;
  readonly #options: GroupOptions<T>;
  readonly #events = new EventHub();
  readonly #watch: PartWatch;
  readonly #checker: RecordChecker<T>;
  readonly #poison: PoisonHandler<T>;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  #member: Membership | undefined;
  #isConsuming = false;

  /**
   * Creates a member that takes no part in the group yet. No request is sent before records are consumed.
   *
   * @param services Kinesis and the table, which the caller closes.
   * @param options How to read, and what to do about failures.
   * @throws {RangeError} If a number among the options makes no sense.
   */
  constructor(services: GroupServices, options: GroupOptions<T> = {}) {
    const { table: { stream, client } } = services;
    checkOptions(options);
    this.stream = stream;
    this.client = client;
    this.events = this.#events;
    this.#services = services;
    this.#options = options;
    const { clock = systemClock, monitor } = options;
    this.#watch = new PartWatch({ type: "group", stream, client, clock, monitor });
    this.#checker = new RecordChecker(stream, options, this.#watch);
    this.#poison = new PoisonHandler(options.onPoison);
    this.#signal = anySignal(this.#stop.signal, options.signal);
  }

  /**
   * Yields records, in order within each shard, until the signal is aborted. Leaving the loop leaves the
   * group: positions are saved, except that of the last record, and other members take the shards.
   *
   * @throws {KinesisError} If the service refuses a request permanently.
   * @throws {CheckpointError} If the database does; with code `StreamRecreated` if the stream was deleted
   * and created again, and with code `Archiver` if the client archives the stream.
   * @throws {InvalidStreamRecordError} If a record is not an event, or does not fit the schema, unless
   * `onInvalid` handles it.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<StreamRecord<T>, void, undefined> {
    using _consuming = this.#consuming();
    while (!this.#signal.aborted) {
      const member = this.#join();
      try {
        yield* yieldRecords(member, this.#checker);
      } catch (error) {
        this.#watch.failed(error);
        throw error;
      } finally {
        await member.stop();
      }
    }
  }

  /**
   * Calls a handler with each record, with several at a time, but with those of one partition key one
   * after the other. Returns when the signal is aborted, or the group disposed.
   *
   * The position of a shard is that of the last record up to which all are processed.
   *
   * @param handler Processes a record. If it throws, it is called again with the same one.
   * @param options How many at a time.
   * @throws As iterating does, and what the handler throws for a record that is poison.
   */
  run(handler: RecordHandler<T>, options: RunOptions = {}): Promise<void> {
    checkOptions(options);
    return this.#consume(
      new OrderedRunner(handler, {
        ...{ checker: this.#checker, poison: this.#poison, options },
        retries: this.#retries,
      }),
    );
  }

  /**
   * Calls a handler with batches of records, those of one shard one after the other, and saves the
   * position after each. Returns when the signal is aborted, or the group disposed.
   *
   * A handler may commit a batch itself, with its effects: see `commitIn`.
   *
   * If the handler throws for a batch after all retries, it is called once with each Kinesis record of
   * it, and those for which it throws again are poison.
   *
   * @param handler Processes a batch. If it throws, it is called again with the same one.
   * @param options The size of batches, and how many at a time.
   * @throws As iterating does, and what the handler throws for records that are poison.
   */
  runBatches(
    handler: (batch: GroupBatch<T>) => unknown,
    options: BatchOptions = {},
  ): Promise<void> {
    return this.#consume(new BatchRunner(handler, this.#batchParts(options)));
  }

  /**
   * Calls a handler with batches of records, each in a transaction of the group's PostgreSQL: what it
   * writes takes effect exactly once, together with the position. Returns when the signal is aborted,
   * or the group disposed.
   *
   * The position is moved, and the transaction committed, after the handler has returned. If the shard
   * was lost meanwhile, everything is rolled back.
   *
   * If the handler throws for a batch after all retries, it is called with each record of it under a
   * savepoint, all in one transaction, and those for which it throws again are poison.
   *
   * @param handler Writes what follows from a batch, by the transaction that it gets: anything else is
   * not undone. If it throws, it is called again with the same batch in another transaction.
   * @param options The size of batches, how many at a time, and what happens to poison.
   * @throws As iterating does, and what the handler throws for records that are poison.
   * @throws {TypeError} If the group was not opened with PostgreSQL.
   */
  transact<Tx = TransactionSql>(
    handler: (tx: Tx, batch: GroupBatch<T>) => unknown,
    options: TransactOptions<T, Tx> = {},
  ): Promise<void> {
    return this.#transact(handler, options, ["postgres", "memory"], "transact() needs PostgreSQL");
  }

  /**
   * As {@linkcode transact}, in the group's SQLite database, with a synchronous handler: all other work
   * of the process, and writers of other processes, wait for it.
   *
   * @param handler Writes what follows from a batch. It must not begin or end a transaction.
   * @param options The size of batches, and what happens to poison.
   * @throws As `transact` does.
   * @throws {TypeError} If the group was not opened with SQLite, or the handler returns a promise.
   */
  transactSqlite<Tx = DatabaseSync>(
    handler: (database: Tx, batch: GroupBatch<T>) => Synchronous,
    options: TransactOptions<T, Tx> = {},
  ): Promise<void> {
    return this.#transact(handler, options, ["sqlite"], "transactSqlite() needs SQLite");
  }

  /** What this member is doing. */
  status(): GroupStatus {
    return {
      ...{ stream: this.stream, client: this.client },
      ...describeMember(this.#member),
      skipped: this.#checker.skipped + this.#poison.skipped,
    };
  }

  /** Stops consuming: waits for handlers for `drainMs`, saves positions, and leaves the group. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#member?.stop().catch(() => {}); // whoever consumes gets the error
    this.#events.close();
    this.#watch[Symbol.dispose]();
  }

  get #retries(): number {
    return this.#options.retries ?? 2;
  }

  #batchParts<Tx>(options: TransactOptions<T, Tx>) {
    checkOptions(options);
    return {
      ...{ effects: this.#services.effects, checker: this.#checker, poison: this.#poison },
      ...{ retries: this.#retries, options: options as TransactOptions<T> },
    };
  }

  async #transact<Tx>(
    handler: (tx: Tx, batch: GroupBatch<T>) => unknown,
    options: TransactOptions<T, Tx>,
    kinds: readonly GroupEffects["kind"][],
    need: string,
  ): Promise<void> {
    const effects = this.#services.effects as GroupEffects<Tx> | undefined;
    if (effects === undefined || !kinds.includes(effects.kind)) {
      throw new TypeError(
        `Cannot process records in transactions: ${need}, and the group has ${
          effects?.kind ?? "none"
        }`,
      );
    }
    const { stallMs = DEFAULT_STALL_MS } = this.#options;
    const maxMs = Number.isFinite(stallMs) ? stallMs : undefined;
    const running = { isolation: options.isolation, maxMs };
    const parts = { ...this.#batchParts(options), effects, running };
    await this.#consume(new Transactor(handler, parts));
  }

  /** Lets a consumer process the shards of this member, until it is time to stop. */
  async #consume(consumer: Consumer): Promise<void> {
    using _consuming = this.#consuming();
    while (!this.#signal.aborted) {
      const member = this.#join((shard, member) => consumer.consume(shard, member));
      await member.ended().catch((error) => {
        this.#watch.failed(error);
        throw error;
      });
      // A member whose handler has stalled joins again when that returns.
      await member.settled(this.#signal);
    }
  }

  /** Takes part in the group. */
  #join(consume?: (shard: HeldShard, member: Membership) => Promise<void>): Membership {
    const { clock = systemClock } = this.#options;
    const worker = `${this.#options.worker ?? "member"}-${randomSuffix(clock)}`;
    const watch = this.#watch;
    const parts = { services: this.#services, events: this.#events, watch, worker, consume };
    const member = new Membership(parts, { ...this.#options, signal: this.#signal });
    this.#member = member;
    const details = () => this.#member?.details ?? {};
    watch.show(details, () => readerGauges(details()));
    watch.state = "running";
    member.start();
    return member;
  }

  #consuming(): Disposable {
    if (this.#isConsuming) throw new TypeError("Cannot consume a group twice at the same time");
    this.#isConsuming = true;
    return {
      [Symbol.dispose]: () => {
        this.#isConsuming = false;
        this.#member = undefined;
      },
    };
  }
}

/** Digits that no other member has. */
function randomSuffix(clock: Clock): string {
  const word = () => Math.floor(clock.random() * 2 ** 32).toString(16).padStart(8, "0");
  return word() + word();
}
