import { deepStrictEqual, equal, ok, rejects } from "node:assert/strict";
import {
  CheckpointError,
  openCheckpointer,
  openLedger,
  readLedger,
} from "@triton/triton/checkpoint";
import { inspectDatabase } from "../../src/ledger/inspect_database.ts";
import { positions, shard } from "./contract.ts";

/** What opening fails with. */
async function errorOf(url: string): Promise<CheckpointError> {
  try {
    await using _ = await openCheckpointer(url, { client: "c" });
  } catch (error) {
    ok(error instanceof CheckpointError, `${error}`);
    return error;
  }
  throw new Error(`opened ${url}`);
}

Deno.test("openCheckpointer() refuses other URLs and says what to write", async () => {
  const cases: Readonly<Record<string, string>> = {
    "triton.db": "it has no scheme; a SQLite file is named by sqlite://path",
    "": "it has no scheme; a SQLite file is named by sqlite://path",
    "mysql://u:s3cret@h/db":
      'it begins with "mysql:", not with "sqlite:", "postgres:" or "memory:"',
    "memory:x": 'nothing may follow "memory:"',
    "sqlite://": "it names no file; write sqlite://path",
    "sqlite:": "it names no file; write sqlite://path",
    "sqlite://a.db?mode=ro":
      "a SQLite file has no parameters; where the path has a ? or #, write %3F or %23",
    "sqlite://a.db#x":
      "a SQLite file has no parameters; where the path has a ? or #, write %3F or %23",
    "postgres:db":
      "write postgres://user:password@host:5432/database, with other characters escaped (%40 for @)",
  };
  for (const [url, why] of Object.entries(cases)) {
    const error = await errorOf(url);
    equal(error.message, `Cannot open the checkpoint database: ${why}`);
    deepStrictEqual([error.code, error.retryable], ["InvalidUrl", false]);
  }
});

Deno.test("openCheckpointer() never shows a password", async () => {
  for (
    const url of [
      "postgres://u:s3cret@h:x/db",
      "postgres://u:s3cret%zz@h/db",
      "postgres://u:a/s3cret@h/db",
      "postgres://u:1/s3cret@h/db",
      "postgres://u:1?s3cret@h/db",
      "postgres://u:s3cret@:::/db",
      "postgres://u@h:0/db?password=s3cret",
      "postgres://u:s3cret@127.0.0.1:1/db",
      "postgres://u@127.0.0.1:1/db?password=s3cret",
      "postgres://u:s3cret@127.0.0.1:1/db?target_session_attrs=none",
      "postgress://u:s3cret@h/db",
      "sqlite://u:s3cret@h/db?x",
    ]
  ) {
    const error = await errorOf(url);
    ok(!Deno.inspect(error, { depth: 10 }).includes("s3cret"), Deno.inspect(error));
  }
});

Deno.test("openCheckpointer() opens SQLite files whose names have any character", async () => {
  const parent = await Deno.makeTempDir();
  const directory = `${parent}/a ?#%20`;
  await Deno.mkdir(directory);
  const escaped = `${parent}/a %3F%23%2520`;
  const names: Readonly<Record<string, string>> = {
    "a%3Fmode=ro": "a?mode=ro",
    "b%23c": "b#c",
    "d e": "d e",
    "f%20g": "f g",
    "h%": "h%",
    "100%25.db": "100%.db",
    "%253F": "%3F",
    "%zz": "%zz",
    "%FF": "%FF",
    "%C3%A4": "ä",
    "file:x%3Fmode=memory": "file:x?mode=memory",
  };
  for (const [name, file] of Object.entries(names)) {
    const url = `sqlite://${escaped}/${name}`;
    {
      await using checkpointer = await openCheckpointer(url, { client: "c" });
      await checkpointer.save("s", positions({ 0: "1" }));
    }
    ok((await Deno.stat(`${directory}/${file}`)).isFile, name);
    equal((await readLedger(url)).checkpoints.length, 1);
    await using ledger = await openLedger(url, { client: "c", stream: "other" });
    deepStrictEqual(await ledger.shards(), []);
    const facts = await inspectDatabase(url, { client: "c", stream: "s" });
    equal(facts.isNew, false);
  }
  await Deno.remove(parent, { recursive: true });
});

Deno.test("openCheckpointer() of sqlite::memory: is a database of its own each time", async () => {
  await using one = await openCheckpointer("sqlite::memory:", { client: "c" });
  await one.save("s", positions({ 0: "1" }));
  await using two = await openCheckpointer("sqlite://:memory:", { client: "c" });
  equal(await two.load("s", shard(0)), undefined);
});

Deno.test("openCheckpointer() checks the client's name before it opens anything", async () => {
  await rejects(openCheckpointer("postgres://127.0.0.1:1/db", { client: "" }), {
    name: "RangeError",
    message: 'Cannot use client name "": it must be 1 to 255 printable characters',
  });
});
