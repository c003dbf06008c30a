import { deepEqual, rejects } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { Archiver } from "../../src/archiver/mod.ts";
import { openLedger } from "../../src/exports/checkpoint.ts";
import { runUntil } from "../../src/testing/mod.ts";
import { Fixture, STREAM } from "./archiver_fixture.ts";

Deno.test("Archiver ends at its next transaction once a newer Triton has raised the schema", async () => {
  const fixture = new Fixture();
  const { kinesis, store, clock } = fixture;
  const database = new DatabaseSync(":memory:");
  const ledger = await openLedger(database, { client: "store", stream: STREAM, clock });
  await fixture.put(5);
  const run = new Archiver({ kinesis, store, ledger, clock }).run(new AbortController().signal);
  run.catch(() => {});
  await clock.advance(5_000);
  database.exec("UPDATE triton_schema SET version = 99");
  await rejects(runUntil(clock, run), {
    code: "SchemaTooNew",
    message: /^Cannot use the checkpoint database: a newer Triton has changed its tables/,
  });
  deepEqual(await fixture.archived(), [], "no file is put that the database does not know");
});
