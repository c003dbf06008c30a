import { deepEqual, equal } from "node:assert/strict";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { acquireShard } from "../../../src/shards/group/sql/leases.ts";
import { GROUP } from "../../../src/sql/schema/group.ts";
import { shard } from "../../checkpoint/contract.ts";

Deno.test("acquireShard() gives a shard back whose parent was opened again meanwhile", () => {
  using database = new DatabaseSync(":memory:");
  for (const statement of GROUP.versions.flat()) database.exec(statement);
  database.exec(`INSERT INTO triton_group_shard
    (client, stream, shard, parents, start_at, started_ms, state, epoch) VALUES
    ('group', 'clicks', '${shard(0)}', '[]', '{}', 0, 'ended', 1),
    ('group', 'clicks', '${shard(1)}', '["${shard(0)}"]', '{}', 0, 'open', 1)`);
  const dialect = { now: "0", forUpdate: "", skipLocked: "" } as never;
  /** Acquires the child. `meanwhile` is what a statement sees only if it begins later. */
  const acquire = (meanwhile: string) => {
    const scope = { client: "group", stream: "clicks", dialect };
    const steps = acquireShard(scope, { shardId: shard(1), worker: "a" });
    let step = steps.next();
    while (!step.done) {
      const { text, values } = step.value;
      const rows = database.prepare(text).all(...values as SQLInputValue[]);
      database.exec(meanwhile);
      step = steps.next(rows as never);
    }
    return step.value;
  };
  const child = () => ({
    ...database.prepare("SELECT owner, epoch FROM triton_group_shard WHERE epoch > 1").get(),
  });
  equal(acquire("UPDATE triton_group_shard SET state = 'open'"), undefined);
  deepEqual(child(), { owner: null, epoch: 2 });
  database.exec(`UPDATE triton_group_shard SET state = 'ended' WHERE shard = '${shard(0)}'`);
  equal(acquire(""), 3);
  deepEqual(child(), { owner: "a", epoch: 3 });
});
