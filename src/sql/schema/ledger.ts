import type { SchemaPart } from "./versions.ts";

/**
 * The tables of archivers, and gaps.
 *
 * `_ms` is milliseconds since the Unix epoch, by the clock of the database, except in `created_ms` (by
 * Kinesis) and `recorded_ms` (by the worker). `parents`, `start_at` and `ranges` are JSON; `store` is
 * the identity of an object store.
 */
export const LEDGER: SchemaPart = {
  name: "ledger",
  versions: [
    [
      `CREATE TABLE triton_stream (
      client TEXT NOT NULL,
      stream TEXT NOT NULL,
      created_ms BIGINT NOT NULL,
      PRIMARY KEY (client, stream))`,
      `CREATE TABLE triton_shard (
      client TEXT NOT NULL,
      stream TEXT NOT NULL,
      shard TEXT NOT NULL,
      parents TEXT NOT NULL,
      start_at TEXT NOT NULL,
      started_ms BIGINT NOT NULL,
      state TEXT NOT NULL,
      owner TEXT,
      epoch BIGINT NOT NULL,
      expires_ms BIGINT NOT NULL,
      PRIMARY KEY (client, stream, shard))`,
      `CREATE TABLE triton_worker (
      client TEXT NOT NULL,
      stream TEXT NOT NULL,
      worker TEXT NOT NULL,
      expires_ms BIGINT NOT NULL,
      PRIMARY KEY (client, stream, worker))`,
      `CREATE TABLE triton_archive (
      client TEXT NOT NULL,
      stream TEXT NOT NULL,
      id TEXT NOT NULL,
      archive_key TEXT NOT NULL,
      state TEXT NOT NULL,
      ranges TEXT NOT NULL,
      intended_ms BIGINT NOT NULL,
      PRIMARY KEY (client, stream, id))`,
      // The table keeps all archives; few are open.
      `CREATE INDEX triton_archive_open ON triton_archive (client, stream) WHERE state = 'intent'`,
      `CREATE TABLE triton_gap (
      client TEXT NOT NULL,
      stream TEXT NOT NULL,
      shard TEXT NOT NULL,
      after_seq TEXT NOT NULL,
      until_seq TEXT NOT NULL,
      reason TEXT NOT NULL,
      recorded_ms BIGINT NOT NULL,
      PRIMARY KEY (client, stream, shard, after_seq, reason))`,
    ],
    [
      // Without a row, an older Triton has archived into an unknown store: see `useStore`.
      `CREATE TABLE triton_store (
      client TEXT NOT NULL,
      stream TEXT NOT NULL,
      store TEXT NOT NULL,
      PRIMARY KEY (client, stream))`,
      `CREATE TABLE triton_move (
      client TEXT NOT NULL,
      stream TEXT NOT NULL,
      shard TEXT NOT NULL,
      after_seq TEXT NOT NULL,
      from_store TEXT,
      to_store TEXT NOT NULL,
      moved_ms BIGINT NOT NULL,
      PRIMARY KEY (client, stream, shard, moved_ms))`,
      "ALTER TABLE triton_archive ADD COLUMN store TEXT",
    ],
  ],
};
