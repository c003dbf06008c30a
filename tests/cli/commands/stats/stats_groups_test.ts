import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { VirtualClock } from "../../../../src/base/clock.ts";
import type { Lag } from "../../../../src/cli/commands/stats/stats_lag.ts";
import { type StatsRow, statsRows } from "../../../../src/cli/commands/stats/stats_rows.ts";
import { toTable } from "../../../../src/cli/commands/stats/stats_text.ts";
import { memberRows } from "../../../../src/cli/text/group_text.ts";
import { colorsOf } from "../../../../src/cli/text/table.ts";
import { openCheckpointer } from "../../../../src/exports/checkpoint.ts";
import { readLedger } from "../../../../src/ledger/read_ledger.ts";
import { positions, shard } from "../../../checkpoint/contract.ts";
import { fillGroup, FIRST, LEASE_MS, SAVED } from "../../../ledger/groups/group_rows.ts";
import { query } from "../../../sql/postgres/support.ts";
import { startPostgres } from "../../../support/postgres.ts";
import { withArchive } from "../../archive_place.ts";
import { runCommand } from "../../fake_context.ts";

/** What a test reads: a group that has taken over its client's positions, and a consumer beside it. */
async function fill(database: string): Promise<void> {
  const clock = new VirtualClock({ now: SAVED - 60_000 });
  await using reader = await openCheckpointer(database, { client: "billing", clock });
  await reader.save("clicks", positions({ 0: "7", 3: "9" }));
  await using other = await openCheckpointer(database, { client: "mail", clock });
  await other.save("clicks", positions({ 3: "42" }));
  await fillGroup(database);
}

async function stats(...args: readonly string[]): Promise<string> {
  let printed = "";
  await withArchive(async ({ database }) => {
    await fill(database);
    const clock = new VirtualClock({ now: SAVED + 5_000 });
    const all = ["stats", "--checkpoint-db", database, ...args];
    const { code, stdout, stderr } = await runCommand(all, { clock });
    deepStrictEqual([code, stderr], [0, ""]);
    printed = stdout;
  });
  return printed;
}

const TABLE = `\
client   stream  shard                 owner        position        age  gaps
billing  clicks  shardId-000000000000  ended        50               5s
billing  clicks  shardId-000000000001  member-1111  60               5s
billing  clicks  shardId-000000000002  none         trim-horizon
billing  clicks  shardId-000000000003  member-1111  9             1m05s
mail     clicks  shardId-000000000003  -            42            1m05s

client   stream  member       lease    shards  last error
billing  clicks  member-1111  held          2
billing  clicks  member-2222  held          0  Error: no such customer
billing  clicks  member-3333  expired       0  out of memory
`;

Deno.test("stats shows the shards of a group with their owners, and its members", async () => {
  equal(await stats("--format", "table"), TABLE);
  const one = await stats("--format", "table", "--client-name", "billing");
  const [head, ...lines] = one.split("\n");
  equal(head, "stream  shard                 owner        position        age  gaps");
  equal(lines[5], "stream  member       lease    shards  last error");
});

Deno.test("stats prints the same lines for Carbon for a group as for a consumer", async () => {
  const now = SAVED / 1000 + 5;
  const lines = [
    ...["0.age 5", "1.age 5", "3.age 65"].map((text) =>
      `billing.clicks.shardId-00000000000${text}`
    ),
    "mail.clicks.shardId-000000000003.age 65",
  ];
  equal(await stats(), lines.map((line) => `${line} ${now}\n`).join(""));
});

Deno.test("stats --json has the leases of a group's shards, and its members", async () => {
  const lines = (await stats("--json", "--client-name", "billing")).trimEnd().split("\n")
    .map((line) => JSON.parse(line));
  const until = new Date(SAVED + LEASE_MS).toISOString();
  deepStrictEqual(lines[1], {
    ...{ client: "billing", stream: "clicks", shardId: shard(1), sequenceNumber: "60" },
    ...{ updatedAt: "2026-01-01T00:00:00.000Z", ageSeconds: 5, state: "open" },
    ...{ owner: FIRST, leasedUntil: until, epoch: 1 },
  });
  deepStrictEqual(lines.slice(0, 4).map(({ state, owner }) => [state, owner]), [
    ["ended", null],
    ["open", FIRST],
    ["open", null],
    ["open", FIRST],
  ]);
  deepStrictEqual(lines[4], {
    member: {
      ...{ client: "billing", stream: "clicks", worker: FIRST, isAlive: true, expiresAt: until },
      ...{ shards: [shard(1), shard(3)], lastError: null },
    },
  });
  equal(lines[5].member.lastError, "Error: no such customer\n    at handle (billing.ts:3:9)");
  deepStrictEqual([lines[6].member.isAlive, lines[6].member.shards], [false, []]);
  equal(lines.length, 7);
});

Deno.test("stats --lag shows the greatest lag of a member's shards, and hides secrets of its errors", () =>
  withArchive(async ({ database }) => {
    await fillGroup(database);
    const { groups, ...report } = await readLedger(database);
    const rows = statsRows({ ...report, groups });
    const env = { AWS_SECRET_ACCESS_KEY: "no such customer" };
    const members = memberRows(groups!, env);
    const lags = new Map<StatsRow, Lag>(
      rows.map((row, n) => [row, n === 0 ? { type: "ended" } : { type: "behind", ms: n * 10_000 }]),
    );
    const now = SAVED + 5_000;
    const stats = { rows, members, gaps: [], isPartial: false, lags, now };
    const lines = toTable(stats, colorsOf(false));
    deepStrictEqual(lines.slice(-3).map((line) => line.split(/ {2,}/).slice(1, 5)), [
      ["member-1111", "held", "2", "30s"],
      ["member-2222", "held", "0", lines.at(-2)!.split(/ {2,}/)[4]],
      ["member-3333", "expired", "0", "out of memory"],
    ]);
    ok(!lines.join("\n").includes("customer"));
    lags.set(rows[3]!, { type: "unknown", reason: "gone" });
    match(toTable(stats, colorsOf(false)).at(-3)!, / member-1111 +held +2 +\?$/);
  }));

const UNREADABLE =
  "triton: Consumer groups are not shown: this user of the database may not read triton_group, " +
  "triton_group_shard and triton_group_worker\n";

Deno.test("stats says that groups are not shown if it may not read their tables", async () => {
  await using server = await startPostgres();
  const owner = await server.createDatabase();
  await fillGroup(owner);
  await query(owner, "CREATE ROLE reader LOGIN PASSWORD 'r'");
  await query(
    owner,
    "GRANT SELECT ON triton_checkpoint, triton_gap, triton_shard, triton_move TO reader",
  );
  const url = new URL(owner);
  Object.assign(url, { username: "reader", password: "r" });
  const { code, stdout, stderr } = await runCommand(["stats", "--checkpoint-db", url.href]);
  deepStrictEqual([code, stdout, stderr], [0, "", UNREADABLE]);
});
