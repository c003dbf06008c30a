import { deepStrictEqual, rejects } from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import postgres from "postgres";
import { openCheckpointer, openLedger, readLedger } from "@triton/triton/checkpoint";
import { startPostgres } from "../support/postgres.ts";
import { positions, shard } from "../checkpoint/contract.ts";
import { GO_TRITON_ROWS, GO_TRITON_TABLE } from "../checkpoint/go_triton.ts";
import { at } from "./support.ts";

async function withFile(run: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "triton-history-" });
  try {
    await run(join(directory, "triton.db"));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("readLedger() gives checkpoints and gaps, also while the database is open", () =>
  withFile(async (path) => {
    const url = `sqlite://${path}`;
    await using ledger = await openLedger(url, { client: "store", stream: "clicks" });
    await using other = await openCheckpointer(url, { client: "other" });
    await other.save("views", positions({ 1: "9" }));
    await ledger.adopt(new Map([[shard(0), { checkpoint: at("7") }]]));
    const recordedAt = new Date("2026-01-02T03:04:05Z");
    const gap = {
      ...{ stream: "clicks", shardId: shard(0), after: at("5"), until: undefined },
      ...{ reason: "skipped", recordedAt },
    };
    await ledger.recordGap(gap);
    const all = await readLedger(url);
    deepStrictEqual(
      all.checkpoints.map(({ client, stream, sequenceNumber }) => [client, stream, sequenceNumber]),
      [["other", "views", "9"], ["store", "clicks", "7"]],
    );
    deepStrictEqual(all.gaps, [{ client: "store", ...gap }]);
    const some = await readLedger(url, { client: "other", stream: "views" });
    deepStrictEqual([some.checkpoints.length, some.gaps.length], [1, 0]);
    deepStrictEqual(await readLedger(url, { stream: "none" }), {
      checkpoints: [],
      gaps: [],
      groups: [],
      moves: [],
      shards: [],
    });
  }));

Deno.test("readLedger() names a file that is no database", () =>
  withFile(async (path) => {
    await Deno.writeTextFile(path, "Not a database, but long enough to have had a header of one.");
    await rejects(readLedger(`sqlite://${path}`), {
      code: "SQLITE_NOTADB",
      message: `Cannot open the checkpoint database "${path}": file is not a database ` +
        "(name another file, or remove this one)",
    });
  }));

Deno.test("readLedger() creates neither a file nor a table", () =>
  withFile(async (path) => {
    await rejects(readLedger(`sqlite://${path}`), {
      name: "CheckpointError",
      message:
        `Cannot open the checkpoint database "${path}": there is no such file; triton store creates it`,
    });
    deepStrictEqual(existsSync(path), false);
    const database = new DatabaseSync(path);
    database.exec(GO_TRITON_TABLE);
    database.exec(GO_TRITON_ROWS);
    const { checkpoints, gaps } = await readLedger(`sqlite://${path}`);
    deepStrictEqual([checkpoints.length > 0, gaps], [true, []]);
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    deepStrictEqual(tables.map(({ name }) => name), ["triton_checkpoint"]);
    database.close();
    deepStrictEqual(await readLedger("memory:"), {
      checkpoints: [],
      gaps: [],
      groups: [],
      moves: [],
      shards: [],
    });
    deepStrictEqual(await readLedger("sqlite::memory:"), {
      checkpoints: [],
      gaps: [],
      groups: [],
      moves: [],
      shards: [],
    });
  }));

Deno.test("readLedger() reads PostgreSQL, and creates no table there", async () => {
  await using server = await startPostgres();
  const url = await server.createDatabase();
  deepStrictEqual(await readLedger(url), {
    checkpoints: [],
    gaps: [],
    groups: [],
    moves: [],
    shards: [],
  });
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const tables = await sql`SELECT 1 FROM pg_tables WHERE tablename LIKE 'triton%'`;
  await sql.end();
  deepStrictEqual(tables.length, 0);
  await using ledger = await openLedger(url, { client: "store", stream: "clicks" });
  await ledger.adopt(new Map([[shard(0), { checkpoint: at("7") }]]));
  const recordedAt = new Date("2026-01-02T03:04:05.678Z");
  const gap = {
    ...{ stream: "clicks", shardId: shard(0), after: undefined, until: at("5") },
    ...{ reason: "retention", recordedAt },
  };
  await ledger.recordGap(gap);
  const history = await readLedger(url, { client: "store", stream: "clicks" });
  deepStrictEqual(history.checkpoints.map(({ sequenceNumber }) => sequenceNumber), ["7"]);
  deepStrictEqual(history.gaps, [{ client: "store", ...gap }]);
  deepStrictEqual((await readLedger(url, { client: "other" })).gaps, []);
});
