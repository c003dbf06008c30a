/**
 * Names of all tables that any part of Triton keeps, in the order in which they are created.
 *
 * They are all in one schema, and none may belong to somebody who could run code as the user; so
 * opening a database looks at all of them, whoever asked for it. A new table gets its name here.
 */
export const TABLES: readonly string[] = [
  "triton_checkpoint",
  "triton_schema",
  "triton_stream",
  "triton_shard",
  "triton_worker",
  "triton_archive",
  "triton_gap",
  "triton_store",
  "triton_move",
];
