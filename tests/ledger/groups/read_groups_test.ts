import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openCheckpointer, readLedger } from "@triton/triton/checkpoint";
import { forgetPositions } from "../../../src/ledger/forget_positions.ts";
import { readGroupsOf } from "../../../src/ledger/read_ledger.ts";
import { positions, shard } from "../../checkpoint/contract.ts";
import { startPostgres } from "../../support/postgres.ts";
import { CREATED, expire, fillGroup, FIRST, GONE, LEASE_MS, SAVED, SECOND } from "./group_rows.ts";

async function withUrl(run: (url: string, path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "triton-groups-" });
  try {
    const path = join(directory, "triton.db");
    await run(`sqlite://${path}`, path);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Reads a database with two groups, and compares everything that is not a time of the server. */
async function readsGroups(url: string): Promise<void> {
  await fillGroup(url);
  await fillGroup(url, { client: "audit", stream: "views" });
  const { groups } = await readLedger(url);
  deepStrictEqual(groups!.map(({ client, stream }) => [client, stream]), [
    ["audit", "views"],
    ["billing", "clicks"],
  ]);
  const [, group] = groups!;
  deepStrictEqual(group!.createdAt, CREATED);
  deepStrictEqual(
    group!.shards.map(({ shardId, state, position, owner, epoch, parents }) => [
      ...[shardId, state, position, owner, epoch, parents],
    ]),
    [
      [shard(0), "ended", "50", undefined, 1, []],
      [shard(1), "open", "60", FIRST, 1, [shard(0)]],
      [shard(2), "open", undefined, undefined, 1, [shard(0)]],
      [shard(3), "open", undefined, FIRST, 1, []],
    ],
  );
  deepStrictEqual(
    group!.members.map(({ worker, isAlive, lastError }) => [worker, isAlive, lastError]),
    [
      [FIRST, true, undefined],
      [SECOND, true, "Error: no such customer\n    at handle (billing.ts:3:9)"],
      [GONE, false, "out of memory"],
    ],
  );
  deepStrictEqual(await readGroupsOf(url, { client: "billing" }), [group]);
  deepStrictEqual(await readGroupsOf(url, { client: "billing", stream: "views" }), []);
}

Deno.test("readLedger() reads groups of SQLite, also of a file that may only be read", () =>
  withUrl(async (url, path) => {
    await readsGroups(url);
    const [, group] = (await readLedger(url)).groups!;
    deepStrictEqual(group!.shards[1]!.knownAt, new Date(SAVED));
    deepStrictEqual(group!.members[0]!.expiresAt, new Date(SAVED + LEASE_MS));
    using database = new DatabaseSync(path, { readOnly: true });
    deepStrictEqual((await readLedger(database)).groups!.length, 2);
  }));

Deno.test("readLedger() reads groups of PostgreSQL", async () => {
  await using server = await startPostgres();
  await readsGroups(await server.createDatabase());
});

Deno.test("readGroupsOf() creates neither a file nor a table", () =>
  withUrl(async (url, path) => {
    deepStrictEqual(await readGroupsOf(url), []);
    equal(existsSync(path), false);
    await (await openCheckpointer(url, { client: "c" }))[Symbol.asyncDispose]();
    deepStrictEqual(await readGroupsOf(url), []);
    using database = new DatabaseSync(path);
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    deepStrictEqual(tables.map(({ name }) => name), ["triton_checkpoint"]);
  }));

const FORGET = { client: "billing", stream: "clicks", createdAt: new Date("2026-02-01T00:00:00Z") };

Deno.test("forgetPositions() refuses a group with a live member, or whose stream is the current one", () =>
  withUrl(async (url) => {
    await fillGroup(url);
    await rejects(forgetPositions(url, FORGET), {
      code: "Leased",
      message: `Cannot forget the positions of "clicks": member ${FIRST} of group "billing" is ` +
        "alive; stop the members, or wait until the leases of those that died have expired (20 s by " +
        "default)",
    });
    await rejects(forgetPositions(url, { ...FORGET, createdAt: CREATED }), { code: "SameStream" });
    deepStrictEqual((await readLedger(url)).groups!.length, 1);
  }));

Deno.test("forgetPositions() removes a group, and records where each of its shards was", () =>
  withUrl(async (url) => {
    await fillGroup(url);
    await fillGroup(url, { client: "audit" });
    {
      await using reader = await openCheckpointer(url, { client: "mail" });
      await reader.save("clicks", positions({ 0: "7" }));
      await expire(url, "client = 'billing'");
    }
    const forgotten = [["0", "50"], ["1", "60"], ["2", undefined], ["3", undefined]];
    for (const dryRun of [true, false]) {
      const shards = await forgetPositions(url, { ...FORGET, dryRun });
      deepStrictEqual(
        shards.map(({ shardId, archived }) => [shardId.slice(-1), archived]),
        forgotten,
      );
      const { groups, gaps } = await readLedger(url);
      deepStrictEqual([groups!.length, gaps.length], dryRun ? [2, 0] : [1, 2]);
    }
    const { groups, gaps, checkpoints } = await readLedger(url);
    deepStrictEqual([groups![0]!.client, checkpoints[0]!.client], ["audit", "mail"]);
    deepStrictEqual(groups![0]!.members.length, 3);
    deepStrictEqual(gaps.map(({ after, reason }) => [after, reason]), [
      ["50", "recreated"],
      ["60", "recreated"],
    ]);
    await rejects(forgetPositions(url, FORGET), { code: "SameStream" });
  }));
