import type { SchemaPart } from "./versions.ts";

/**
 * The table of gaps that a person accepted. It has a version of its own and is created by the first
 * acceptance, so that archivers need neither know it nor be stopped for it.
 *
 * `gap` is the ID. Rows stay when an acceptance is withdrawn: they say who decided what, when and why.
 */
export const ACCEPTED: SchemaPart = {
  name: "accepted",
  versions: [
    [
      `CREATE TABLE triton_accepted_gap (
      client TEXT NOT NULL,
      stream TEXT NOT NULL,
      gap TEXT NOT NULL,
      shard TEXT NOT NULL,
      description TEXT NOT NULL,
      accepted_ms BIGINT NOT NULL,
      accepted_by TEXT NOT NULL,
      reason TEXT NOT NULL,
      withdrawn_ms BIGINT,
      withdrawn_by TEXT,
      withdrawn_reason TEXT,
      PRIMARY KEY (client, stream, gap, accepted_ms))`,
    ],
  ],
};
