import { type Clock, systemClock } from "../base/clock.ts";
import { CheckpointError } from "../base/errors.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";
import type { Database } from "../sql/database.ts";
import { parts, statement, tuple } from "../sql/steps.ts";
import type { Checkpoint, Checkpointer } from "./checkpointer.ts";
import {
  checkClient,
  type CheckpointRow,
  compareCheckpoints,
  inOrder,
  toCheckpoint,
  toSequenceNumber,
  unixSeconds,
} from "./rows.ts";

/**
 * Keeps positions in PostgreSQL or SQLite.
 *
 * A save is one transaction in one round trip, committed when it returns.
 */
export class SqlCheckpointer implements Checkpointer {
  readonly client: string;
  readonly #database: Database;
  readonly #clock: Clock;
  /** Whether there is a table of archived shards that the user may read. */
  #knowsArchivers = false;

  /** @param database The database, which has the table already; closed with the checkpointer. */
  constructor(database: Database, client: string, clock: Clock = systemClock) {
    this.client = checkClient(client);
    this.#database = database;
    this.#clock = clock;
  }

  async load(stream: string, shardId: ShardId): Promise<SequenceNumber | undefined> {
    const what = `Cannot load the position of ${shardId} in stream "${stream}"`;
    const [row] = await this.#database.batch<CheckpointRow>(what, [
      statement(
        "SELECT seq_num FROM triton_checkpoint WHERE client = ? AND stream = ? AND shard = ?",
        ...[this.client, stream, shardId],
      ),
    ]);
    return toSequenceNumber(row?.seq_num);
  }

  async save(stream: string, positions: ReadonlyMap<ShardId, SequenceNumber>): Promise<void> {
    const what = `Cannot save positions of stream "${stream}"`;
    const updated = unixSeconds(this.#clock);
    const findArchivers = statement(this.#database.dialect.findReadable, "triton_shard");
    this.#knowsArchivers ||= (await this.#database.batch(what, [findArchivers])).length > 0;
    const rows = inOrder(positions).map(([shardId, sequenceNumber]) =>
      [this.client, stream, shardId, sequenceNumber, updated] as const
    );
    const saved = await this.#database.batch(
      what,
      parts(rows).map((part) =>
        statement(
          `INSERT INTO triton_checkpoint (client, stream, shard, seq_num, updated)
          SELECT * FROM (VALUES ${part.map(tuple).join(", ")}) AS saved
          WHERE ${this.#knowsArchivers ? UNLESS_ARCHIVED : "true"}
          ON CONFLICT (client, stream, shard)
          DO UPDATE SET seq_num = excluded.seq_num, updated = excluded.updated RETURNING shard`,
          ...part.flat(),
          ...(this.#knowsArchivers ? [this.client, stream] : []),
        )
      ),
    );
    if (saved.length < rows.length) throw archiverError(this.client, stream);
  }

  async requireReader(stream: string): Promise<void> {
    const what = `Cannot find out who reads stream "${stream}"`;
    const find = statement(this.#database.dialect.findReadable, "triton_group");
    if ((await this.#database.batch(what, [find])).length === 0) return;
    const groups = await this.#database.batch(what, [
      statement(
        "SELECT client FROM triton_group WHERE client = ? AND stream = ?",
        ...[this.client, stream],
      ),
    ]);
    if (groups.length > 0) throw groupError(this.client, stream);
  }

  async list(stream?: string): Promise<Checkpoint[]> {
    const inStream = stream === undefined ? [] : [stream];
    const rows = await this.#database.batch<CheckpointRow>(
      `Cannot list the positions of client "${this.client}"`,
      [
        statement(
          `SELECT stream, shard, seq_num, updated FROM triton_checkpoint
          WHERE client = ?${inStream.map(() => " AND stream = ?").join("")}`,
          ...[this.client, ...inStream],
        ),
      ],
    );
    return rows.flatMap((row) => toCheckpoint(this.client, row)).sort(compareCheckpoints);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#database[Symbol.asyncDispose]());
  }
}

/** The error for a reader with the name of a group, which would read everything besides. */
function groupError(client: string, stream: string): CheckpointError {
  return new CheckpointError(
    `Cannot read stream "${stream}" alone as client "${client}": a consumer group of that name reads ` +
      "it; take part with openGroup(), or give the reader another client name",
    { code: "Group" },
  );
}

/** A consumer must not move the positions of an archiver, which say what is in the archive. */
const UNLESS_ARCHIVED = "NOT EXISTS (SELECT 1 FROM triton_shard WHERE client = ? AND stream = ?)";

/** The error for a consumer with the name of a client that archives the stream. */
function archiverError(client: string, stream: string): CheckpointError {
  return new CheckpointError(
    `Cannot save positions of stream "${stream}": client "${client}" archives it, and its archive ` +
      "would lack what a consumer passes over; give the consumer another client name",
    { code: "Archiver" },
  );
}
