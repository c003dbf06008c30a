/**
 * The table of positions, and its creation.
 *
 * There is no version number: databases of go-triton and triton-python have none, and two versions of
 * Triton may share a database during an upgrade. So changes must not affect older versions.
 *
 * @module
 */

import type { SequenceNumber, ShardId } from "../../base/record.ts";
import type { Database } from "../database.ts";
import { type Row, statement } from "../steps.ts";

/** Width of all text columns. */
const MAX_LENGTH = 255;

const TABLE = "triton_checkpoint";

/** Creates the table as go-triton and triton-python do, so that a return to them is possible. */
export const CREATE_TABLE = `CREATE TABLE ${TABLE} (
  client VARCHAR(255) NOT NULL,
  stream VARCHAR(255) NOT NULL,
  shard VARCHAR(255) NOT NULL,
  seq_num VARCHAR(255) NOT NULL,
  updated INTEGER NOT NULL,
  PRIMARY KEY (client, stream, shard))`;

/** Adds the column that the first versions of go-triton did not have. */
const ADD_UPDATED = `ALTER TABLE ${TABLE} ADD COLUMN updated INTEGER NOT NULL DEFAULT 0`;

/**
 * Creates the table, or its missing column.
 *
 * @throws {CheckpointError} If that fails, or the owner of the table is not trusted.
 */
export async function prepareCheckpoints(database: Database): Promise<void> {
  const what = "Cannot prepare the checkpoint database";
  const { findTable, lockSchema } = database.dialect;
  const find = async () => missing(await database.batch(what, [statement(findTable, TABLE)]));
  // Looks first, without a lock: an up-to-date database may be read-only.
  const change = await find();
  if (change === undefined) return;
  const statements = lockSchema === undefined ? [change] : [lockSchema, change];
  try {
    await database.batch(what, statements.map((text) => statement(text)));
  } catch (error) {
    if (await find() !== undefined) throw error; // otherwise another process has made the change
  }
  await database.checkOwners();
}

/** The change that a table with these columns needs, if any. */
function missing(columns: readonly Row[]): string | undefined {
  if (columns.length === 0) return CREATE_TABLE;
  return columns.some(({ name }) => name === "updated") ? undefined : ADD_UPDATED;
}

/**
 * In the row of this shard, a reader saves the time at which it first began to read the stream, in
 * milliseconds since the Unix epoch. `triton_checkpoint` cannot get a column for it, because go-triton
 * inserts by position. No shard of Kinesis has such a name.
 */
export const START_ROW: ShardId = "triton-start" as ShardId;

/**
 * Checks the name of a client.
 *
 * @throws {RangeError} If it is empty, over 255 characters, or holds a control character.
 */
export function checkClient(client: string): string {
  // deno-lint-ignore no-control-regex
  if (client === "" || client.length > MAX_LENGTH || /[\x00-\x1f\x7f]/.test(client)) {
    throw new RangeError(
      `Cannot use client name ${
        JSON.stringify(client)
      }: it must be 1 to ${MAX_LENGTH} printable characters`,
    );
  }
  return client;
}

/** A position of the database. The first go-triton allowed null. */
export function toSequenceNumber(seqNum: string | null | undefined): SequenceNumber | undefined {
  return seqNum ? seqNum as SequenceNumber : undefined;
}
