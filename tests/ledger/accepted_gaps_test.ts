import { deepStrictEqual, equal, ok, rejects } from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  acceptGap,
  type GapToAccept,
  openLedger,
  readAcceptedGaps,
  withdrawGap,
} from "@triton/triton/checkpoint";
import { shard } from "../checkpoint/contract.ts";
import { startPostgres } from "../support/postgres.ts";
import { query } from "../sql/postgres/support.ts";

const GAP: GapToAccept = {
  ...{ client: "store", stream: "clicks", id: "0123456789ab", shardId: shard(3) },
  ...{ description: "no file holds what lies between 2 and 4", by: "ada", reason: "no backup" },
};

/** Accepts, withdraws and accepts again; returns what the table says at last. */
async function keepsWhoDecided(
  url: string,
  rows: () => Promise<readonly object[]>,
): Promise<void> {
  const read = async (client?: string) =>
    (await readAcceptedGaps(url, { client, stream: "clicks" }))
      .map(({ id, client, shardId, by, reason }) => [id, client, shardId, by, reason]);
  (await openLedger(url, GAP))[Symbol.asyncDispose]();
  deepStrictEqual(await read(), []);
  equal(await withdrawGap(url, GAP), undefined);
  equal(await acceptGap(url, GAP), undefined);
  const again = await acceptGap(url, { ...GAP, by: "bob", reason: "other" });
  deepStrictEqual([again?.by, again?.reason], ["ada", "no backup"]);
  ok(Math.abs(again!.at.getTime() - Date.now()) < 3_600_000);
  await acceptGap(url, { ...GAP, client: "other", reason: undefined });
  await acceptGap(url, { ...GAP, stream: "views" });
  const [ours, others] = [
    ["0123456789ab", "store", shard(3), "ada", "no backup"],
    ["0123456789ab", "other", shard(3), "ada", undefined],
  ];
  deepStrictEqual((await read()).sort(), [ours, others].sort());
  deepStrictEqual(await read("store"), [ours]);
  equal((await withdrawGap(url, { ...GAP, by: "bob", reason: "found it" }))?.by, "ada");
  deepStrictEqual(await read("store"), []);
  deepStrictEqual(await rows(), [{
    ...{ shard: shard(3), description: GAP.description, accepted_by: "ada", reason: "no backup" },
    ...{ withdrawn_by: "bob", withdrawn_reason: "found it" },
  }]);
}

const ROWS = `SELECT shard, description, accepted_by, reason, withdrawn_by, withdrawn_reason
  FROM triton_accepted_gap WHERE client = 'store' AND stream = 'clicks'`;

Deno.test("acceptGap() and withdrawGap() keep who decided, when and why, in SQLite", async () => {
  const directory = await Deno.makeTempDir({ prefix: "triton-accepted-" });
  try {
    const path = join(directory, "triton.db");
    await keepsWhoDecided(`sqlite://${path}`, () => {
      using database = new DatabaseSync(path);
      return Promise.resolve(database.prepare(ROWS).all().map((row) => ({ ...row })));
    });
    using database = new DatabaseSync(path);
    database.exec("UPDATE triton_schema SET version = 9 WHERE part = 'accepted'");
    await rejects(acceptGap(`sqlite://${path}`, GAP), { code: "SchemaTooNew" });
    // Archivers do not need to know the table.
    (await openLedger(`sqlite://${path}`, GAP))[Symbol.asyncDispose]();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("acceptGap() and withdrawGap() keep who decided, when and why, in PostgreSQL", async () => {
  await using postgres = await startPostgres();
  const url = await postgres.createDatabase();
  await keepsWhoDecided(url, () => query(url, ROWS));
});

Deno.test("readAcceptedGaps() creates no file", async () => {
  const url = `sqlite:///${crypto.randomUUID()}/triton.db`;
  deepStrictEqual(await readAcceptedGaps(url, { stream: "clicks" }), []);
  deepStrictEqual(await readAcceptedGaps("memory:", { stream: "clicks" }), []);
});
