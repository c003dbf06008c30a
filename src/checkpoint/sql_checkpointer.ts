import { type Clock, systemClock } from "../base/clock.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";
import type { Database } from "../sql/database.ts";
import { parts, statement, tuple } from "../sql/steps.ts";
import type { Checkpoint, Checkpointer } from "./checkpointer.ts";
import { OwnPositions } from "./own_positions.ts";
import {
  checkClient,
  type CheckpointRow,
  compareCheckpoints,
  inOrder,
  toCheckpoint,
  toSequenceNumber,
  unixSeconds,
} from "./rows.ts";
import { OTHER_USES, type OtherUse, readerError } from "./other_uses.ts";

/**
 * Keeps positions in PostgreSQL or SQLite.
 *
 * A save is one transaction in one round trip, committed when it returns.
 */
export class SqlCheckpointer implements Checkpointer {
  readonly client: string;
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #own: OwnPositions;
  /** Tables of other uses that are there, and that the user may read. */
  readonly #known = new Set<OtherUse>();

  /** @param database The database, which has the table already; closed with the checkpointer. */
  constructor(database: Database, client: string, clock: Clock = systemClock) {
    this.client = checkClient(client);
    this.#database = database;
    this.#clock = clock;
    this.#own = new OwnPositions(client);
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
    const uses = await this.#otherUses(what);
    const rows = inOrder(positions).map(([shardId, sequenceNumber]) =>
      [this.client, stream, shardId, sequenceNumber, updated] as const
    );
    const unused = uses.map(({ table }) =>
      `NOT EXISTS (SELECT 1 FROM ${table} WHERE client = ? AND stream = ?)`
    );
    this.#own.send(stream, positions);
    const results = await this.#database.batch<{ shard: ShardId; seq_num?: string | null }>(
      what,
      parts(rows).flatMap((part) => [
        statement(
          `SELECT shard, seq_num FROM triton_checkpoint
          WHERE client = ? AND stream = ? AND shard IN ${tuple(part)}`,
          ...[this.client, stream, ...part.map(([, , shardId]) => shardId)],
        ),
        statement(
          `INSERT INTO triton_checkpoint (client, stream, shard, seq_num, updated)
          SELECT * FROM (VALUES ${part.map(tuple).join(", ")}) AS saved
          WHERE ${["true", ...unused].join(" AND ")}
          ON CONFLICT (client, stream, shard)
          DO UPDATE SET seq_num = excluded.seq_num, updated = excluded.updated RETURNING shard`,
          ...part.flat(),
          ...uses.flatMap(() => [this.client, stream]),
        ),
      ]),
    );
    const { before = [], saved = [] } = Object.groupBy(
      results,
      (row) => "seq_num" in row ? "before" : "saved",
    );
    if (saved.length < rows.length) throw await this.#refusal(stream, uses);
    const found = before.map(({ shard, seq_num }) => [shard, toSequenceNumber(seq_num)] as const);
    this.#own.saved(stream, positions, new Map(found));
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

  async requireReader(stream: string): Promise<void> {
    const uses = await this.#otherUses(`Cannot find out who reads stream "${stream}"`);
    const group = uses.find(({ code }) => code === "Group");
    if (group !== undefined && await this.#isUsed(stream, group)) {
      throw readerError(this.client, stream);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#database[Symbol.asyncDispose]());
  }

  /** Other uses of clients that there may be. */
  async #otherUses(what: string): Promise<OtherUse[]> {
    const { dialect } = this.#database;
    for (const use of OTHER_USES.filter((use) => !this.#known.has(use))) {
      const find = statement(dialect.findReadable, use.table);
      if ((await this.#database.batch(what, [find])).length > 0) this.#known.add(use);
    }
    return OTHER_USES.filter((use) => this.#known.has(use));
  }

  async #isUsed(stream: string, { table }: OtherUse): Promise<boolean> {
    const rows = await this.#database.batch(`Cannot look for stream "${stream}" in ${table}`, [
      statement(
        `SELECT client FROM ${table} WHERE client = ? AND stream = ? LIMIT 1`,
        ...[this.client, stream],
      ),
    ]);
    return rows.length > 0;
  }

  /** Why positions were not saved. */
  async #refusal(stream: string, uses: readonly OtherUse[]): Promise<Error> {
    const used = await Array.fromAsync(uses, (use) => this.#isUsed(stream, use));
    return (uses.find((_, index) => used[index]) ?? uses[0]!).error(this.client, stream);
  }
}
