import type { Mutant } from "../mutant.ts";

const SQL = ["tests/ledger/sqlite_ledger_test.ts"];
const MEMORY = ["tests/ledger/memory_ledger_test.ts", "tests/ledger/ledger_model_test.ts"];

/** Wrong changes to the ledger: leases, intents, positions, gaps. */
export const LEDGER_MUTANTS: readonly Mutant[] = [
  {
    breaks: "an intent under an older epoch is refused",
    file: "src/ledger/tables/intents.ts",
    find:
      "return shard.owner !== null && shard.epoch === epoch && saved.get(shardId) === previous;",
    replace:
      "return shard.owner !== null && shard.epoch >= epoch && saved.get(shardId) === previous;",
    tests: SQL,
  },
  {
    breaks: "an intent that does not follow on the checkpoint is refused",
    file: "src/ledger/tables/intents.ts",
    find:
      "return shard.owner !== null && shard.epoch === epoch && saved.get(shardId) === previous;",
    replace: "return shard.owner !== null && shard.epoch === epoch && previous !== null;",
    tests: SQL,
  },
  {
    breaks: "an intent under a lease that was given back is refused",
    file: "src/ledger/tables/intents.ts",
    find:
      "return shard.owner !== null && shard.epoch === epoch && saved.get(shardId) === previous;",
    replace: "return shard.epoch === epoch && saved.get(shardId) === previous;",
    tests: SQL,
  },
  {
    breaks: "an intent for another store than the archive's is refused",
    file: "src/ledger/tables/intents.ts",
    find: "if (known !== undefined && known !== intent.store) {",
    replace: 'if (known !== undefined && known === intent.store + "?") {',
    tests: SQL,
  },
  {
    breaks: "an intent of another worker under the same epoch is refused",
    file: "src/ledger/tables/intents.ts",
    find: "    if (shard.owner !== (intent.worker ?? shard.owner)) return false;\n",
    replace: "",
    tests: SQL,
  },
  {
    breaks: "an archive is not moved while it is not known what became of a file",
    file: "src/ledger/tables/store.ts",
    find: "if (open !== undefined && !isGone)",
    replace: "if (open !== undefined && isGone)",
    tests: SQL,
  },
  {
    breaks: "an intent whose answer was lost is written once",
    file: "src/ledger/tables/intents.ts",
    find: "  if (written !== undefined) return written.ranges.map(({ shardId }) => shardId);\n",
    replace: "  if (written !== undefined) return [];\n",
    tests: SQL,
  },
  {
    breaks: "an intent with a new key voids the one that it replaces",
    file: "src/ledger/tables/intents.ts",
    find: '  if (replaces !== undefined) yield* settle(scope, replaces, "void");\n',
    replace: "",
    tests: SQL,
  },
  {
    breaks: "what became of an intent is decided once",
    file: "src/ledger/tables/intents.ts",
    find: "AND id = ? AND state = 'intent' RETURNING id`",
    replace: "AND id = ? RETURNING id`",
    tests: SQL,
  },
  {
    breaks: "open intents of a shard are found by whoever takes its lease",
    file: "src/ledger/tables/intents.ts",
    find: ".filter(({ ranges }) => ranges.some((range) => range.shardId === shardId)),",
    replace: ".filter(({ ranges }) => ranges[0]?.shardId === shardId),",
    tests: SQL,
  },
  {
    breaks: "a commit refuses where a checkpoint has moved",
    file: "src/ledger/tables/checkpoints.ts",
    find: "  if (moved !== undefined) return moved.shardId;\n",
    replace: "",
    tests: SQL,
  },
  {
    breaks: "each lease has a new epoch",
    file: "src/shards/table/sql_leases.ts",
    find: "SET owner = ?, epoch = epoch + 1, expires_ms",
    replace: "SET owner = ?, epoch = epoch, expires_ms",
    tests: SQL,
  },
  {
    breaks: "a lease that another worker holds is not given",
    file: "src/shards/table/sql_leases.ts",
    find: "AND (owner IS NULL OR owner = ? OR expires_ms <= ${now}) RETURNING epoch`",
    replace: "AND (owner IS NULL OR owner = ? OR expires_ms > 0) RETURNING epoch`",
    tests: SQL,
  },
  {
    breaks: "a renewal prolongs leases of the named streams alone",
    file: "src/shards/table/sql_leases.ts",
    find: "FROM triton_shard WHERE owner = ? AND ${condition}",
    replace: "FROM triton_shard WHERE owner = ? AND (${condition} OR 1 = 1)",
    tests: ["tests/ledger/many/ledgers_test.ts"],
  },
  {
    breaks: "a shard is ended under its own epoch alone",
    file: "src/shards/table/sql_shards.ts",
    find: "  if (shard.epoch !== epoch) return false;\n  if (shard.state",
    replace: "  if (shard.state",
    tests: SQL,
  },
  {
    breaks: "a shard that is known keeps its start position when it is listed again",
    file: "src/shards/table/sql_shards.ts",
    find: "ON CONFLICT (client, stream, shard) DO NOTHING`,\n      ...rows.flat(),",
    replace:
      "ON CONFLICT (client, stream, shard) DO UPDATE SET start_at = excluded.start_at`,\n      ...rows.flat(),",
    tests: SQL,
  },
  {
    breaks: "of two workers that start at once, one decides where shards begin",
    file: "src/shards/table/sql_shards.ts",
    find: "  if (known.length > 0) return false;\n",
    replace: "",
    tests: SQL,
  },
  {
    breaks: "a gap is recorded under the lease that noticed it alone",
    file: "src/shards/table/sql_gaps.ts",
    find: "  if (shard.epoch !== epoch || shard.owner === null) return false;\n",
    replace: "",
    tests: SQL,
  },
  {
    breaks: "a gap is recorded under the lease that noticed it alone, in memory",
    file: "src/shards/table/memory_leases.ts",
    find: "return row.epoch === epoch && row.owner !== undefined;",
    replace: "return row.owner !== undefined;",
    tests: MEMORY,
  },
];
