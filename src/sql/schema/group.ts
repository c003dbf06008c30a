import type { SchemaPart } from "./versions.ts";

/**
 * The tables of consumer groups.
 *
 * Owner, epoch and position of a shard are one row, so that one conditional UPDATE is a fence. Leases are
 * the rows of their workers: renewing one must not wait for a transaction of a user that has moved a
 * position. Columns are as in the tables of archivers; `moved_ms` is when the position was saved.
 */
export const GROUP: SchemaPart = {
  name: "group",
  versions: [
    [
      `CREATE TABLE triton_group (
        client TEXT NOT NULL,
        stream TEXT NOT NULL,
        created_ms BIGINT NOT NULL,
        PRIMARY KEY (client, stream))`,
      `CREATE TABLE triton_group_shard (
        client TEXT NOT NULL,
        stream TEXT NOT NULL,
        shard TEXT NOT NULL,
        parents TEXT NOT NULL,
        start_at TEXT NOT NULL,
        started_ms BIGINT NOT NULL,
        state TEXT NOT NULL,
        owner TEXT,
        epoch BIGINT NOT NULL,
        position TEXT,
        moved_ms BIGINT,
        PRIMARY KEY (client, stream, shard))`,
      `CREATE TABLE triton_group_worker (
        client TEXT NOT NULL,
        stream TEXT NOT NULL,
        worker TEXT NOT NULL,
        expires_ms BIGINT NOT NULL,
        last_error TEXT,
        PRIMARY KEY (client, stream, worker))`,
    ],
  ],
};
