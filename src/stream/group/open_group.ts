import { owning } from "../../base/owning.ts";
import type { EventData } from "../../base/record.ts";
import { type GroupSource, openGroupDatabase } from "../../shards/group/open_group.ts";
import type { KinesisCredentials } from "../../kinesis/mod.ts";
import { reachStream, type StreamAddress } from "../reach_stream.ts";
import { Group } from "./group.ts";
import { DEFAULT_LEASE_MS, type GroupOptions } from "./group_options.ts";

/** Where a group is: a database by its URL, or one that is open, which stays open. */
export type GroupPlace =
  | {
    /**
     * URL of the database, as for `openCheckpointer`: `postgres://...`, `sqlite://path`, or `memory:` for
     * a group of this process alone.
     */
    readonly database: string;
  }
  | Exclude<GroupSource, string>;

/** Options for {@linkcode openGroup}. */
export type OpenGroupOptions<T = EventData> = GroupOptions<T> & GroupPlace & {
  /**
   * Name of the client, which is the group's: 1 to 255 printable characters. All members have it, and
   * nobody else: no archiver, and no reader of `openStream`.
   */
  readonly client: string;
  /** Credentials for Kinesis. Default: those that the SDK finds. */
  readonly credentials?: KinesisCredentials | undefined;
};

/**
 * Opens one member of a consumer group: each process that opens a group with the same client reads a
 * part of the stream. Start as many as you like, and as many times as you like.
 *
 * The database has the positions, and who reads which shard. It is opened at once, and its tables are
 * created; the AWS SDK is loaded, and the group joined, when records are consumed. If the database
 * that you pass is open already, transactions begin on it or beside it, but positions and leases have
 * connections of their own.
 *
 * The first start of a group takes over the positions that its client has saved as a reader of
 * `openStream`.
 *
 * @example At least once
 * ```ts
 * import { openGroup } from "@triton/triton";
 * const stop = new AbortController();
 * await using group = await openGroup("orders", {
 *   database: "sqlite::memory:", // or postgres://...
 *   client: "billing",
 *   signal: stop.signal,
 * });
 * stop.abort(); // In a program, a signal of the process would do this.
 * for await (const record of group) console.log(record.data);
 * ```
 * @example Exactly once, in PostgreSQL
 * ```ts ignore
 * import { openGroup } from "@triton/triton";
 * await using group = await openGroup("orders", {
 *   database: "postgres://billing@db/shop",
 *   client: "billing",
 * });
 * await group.transact(async (tx, batch) => {
 *   await tx`insert into sales ${tx(batch.records.map(({ data }) => ({ id: String(data.id) })))}`;
 * });
 * ```
 * @param stream The stream's name, or its name, region and endpoint.
 * @param options Database, client, and how to read.
 * @returns The member; dispose it to leave the group and to close its connections.
 * @throws {CheckpointError} If the database cannot be opened.
 * @throws {RangeError} If the client's name, or a number among the options, makes no sense.
 */
export async function openGroup<T = EventData>(
  stream: string | StreamAddress,
  options: OpenGroupOptions<T>,
): Promise<Group<T>> {
  const { client, credentials, clock, leaseMs = DEFAULT_LEASE_MS } = options;
  const { name, kinesis } = reachStream(stream, credentials);
  const place = { client, stream: name, leaseMs, clock };
  const database = await openGroupDatabase(sourceOf(options), place);
  try {
    const { table, effects } = database;
    const group = new Group({ kinesis, table, effects }, options);
    return owning(owning(group, database), kinesis);
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}

function sourceOf(place: GroupPlace): GroupSource {
  if ("database" in place) return place.database;
  if ("sql" in place) return { sql: place.sql };
  if ("sqlite" in place) return { sqlite: place.sqlite };
  throw new TypeError("Cannot open a group: pass a database, sql or sqlite");
}
