/**
 * Names of all tables of Triton, in the order of their creation. Add new tables here.
 *
 * They are in one schema, and the owner of each must be trusted: opening a database checks all of
 * them, whichever it needs.
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
  "triton_group",
  "triton_group_shard",
  "triton_group_worker",
  "triton_accepted_gap",
];
