import { throws } from "node:assert/strict";
import { toIntent, toShard } from "../../../src/ledger/tables/rows.ts";
import { toStart } from "../../../src/shards/table/rows.ts";
import { CheckpointError } from "../../../src/base/errors.ts";

const SHARD = {
  ...{ shard: "shardId-7", parents: "[]", start_at: '{"type":"latest"}', state: "open" },
  ...{ owner: null, epoch: 1, expires_ms: 0, seq_num: null, started_ms: 0, updated: null },
};

/** Expects an error for people, not a bare SyntaxError or TypeError. */
function isNamed(run: () => unknown, column: string): void {
  throws(run, (error: unknown) =>
    error instanceof CheckpointError && !error.retryable &&
    error.message.startsWith(`Cannot read column ${column} of the database: `));
}

for (const text of ["", "[}", "latest", "null", "5"]) {
  Deno.test(`Rows of the ledger that hold ${JSON.stringify(text)} for JSON are named`, () => {
    isNamed(() => toShard({ ...SHARD, parents: text }), "parents");
    isNamed(() => toShard({ ...SHARD, start_at: text }), "start_at");
    isNamed(() => toStart(text), "start_at");
    isNamed(() => toIntent({ id: "a", archive_key: "b", ranges: text }), "ranges");
  });
}
