import { deepStrictEqual, equal, match } from "node:assert/strict";
import { VirtualClock } from "../../../../src/base/clock.ts";
import type { SequenceNumber } from "../../../../src/base/record.ts";
import type { Lag } from "../../../../src/cli/commands/stats/stats_lag.ts";
import { toTables } from "../../../../src/cli/commands/stats/stats_by_stream.ts";
import { type StatsRow, statsRows } from "../../../../src/cli/commands/stats/stats_rows.ts";
import { colorsOf } from "../../../../src/cli/text/table.ts";
import { openCheckpointer, openLedger } from "../../../../src/exports/checkpoint.ts";
import { readLedger } from "../../../../src/ledger/read_ledger.ts";
import { shardId, START } from "../../../archive/chain_archives.ts";
import { withArchive } from "../../archive_place.ts";
import { type CommandResult, runCommand } from "../../fake_context.ts";

const CONFIG = `
clicks: { name: clicks_prod, region: us-west-1 }
views: { name: views_prod, region: us-west-1 }
orders: { name: orders_prod, region: us-west-1 }
`;

/** Two streams with positions, one of them with a gap, and one that is not in the configuration. */
async function fill(url: string): Promise<void> {
  const clock = new VirtualClock({ now: START });
  await using store = await openCheckpointer(url, { client: "store", clock });
  await store.save("clicks_prod", new Map([[shardId(0), "7" as SequenceNumber]]));
  await clock.advance(4_000);
  await store.save("clicks_prod", new Map([[shardId(1), "9" as SequenceNumber]]));
  await store.save("other_prod", new Map([[shardId(0), "1" as SequenceNumber]]));
  await using billing = await openCheckpointer(url, { client: "billing", clock });
  await billing.save("views_prod", new Map([[shardId(0), "42" as SequenceNumber]]));
  await using ledger = await openLedger(url, { client: "store", stream: "views_prod", clock });
  await ledger.recordGap({
    ...{ stream: "views_prod", shardId: shardId(0), after: "3" as SequenceNumber },
    ...{ until: undefined, reason: "retention", recordedAt: new Date(START) },
  });
}

async function stats(...args: readonly string[]): Promise<CommandResult> {
  const config = await Deno.makeTempFile({ suffix: ".yaml" });
  await Deno.writeTextFile(config, CONFIG);
  let result: CommandResult | undefined;
  try {
    await withArchive(async ({ database }) => {
      await fill(database);
      const clock = new VirtualClock({ now: START + 5_000 });
      const all = ["stats", "--checkpoint-db", database, "--config", config, ...args];
      result = await runCommand(all, { clock });
    });
    return result!;
  } finally {
    await Deno.remove(config);
  }
}

const TABLES = `\
clicks_prod: 2 shards, age 5s
shard                 owner  position  age  gaps
shardId-000000000000  -      7          5s
shardId-000000000001  -      9          1s

views_prod: 1 shard, age 1s, 1 gap
client   shard                 owner  position  age  gaps
billing  shardId-000000000000  -      42         1s
store    shardId-000000000000  -                        1

orders_prod: 0 shards
No positions yet.
`;

Deno.test("stats groups by stream if several are asked for, also those without positions", async () => {
  const all = await stats("--all-streams", "--format", "table");
  deepStrictEqual([all.code, all.stderr, all.stdout], [0, "", TABLES]);
  const some = await stats("--all-streams", "--except", "or*", "--format", "table");
  equal(some.stdout, TABLES.slice(0, TABLES.indexOf("\norders_prod")));
  const names = ["clicks", "views", "orders", "views"].flatMap((name) => ["--stream", name]);
  equal((await stats(...names, "--format", "table")).stdout, TABLES);
});

Deno.test("stats of one stream, and of none, is one table as before", async () => {
  const one = await stats("--stream", "clicks", "--format", "table");
  match(one.stdout, /^stream +shard +owner +position +age +gaps\nclicks_prod +shardId-0+ /);
  equal(one.stdout.split("\n").length, 4);
  const every = await stats("--format", "table");
  match(every.stdout, /^client +stream +shard +/);
  match(every.stdout, /other_prod/);
});

Deno.test("stats --json and Carbon have lines of all streams that are asked for, and no others", async () => {
  const { stdout } = await stats("--stream", "clicks", "--stream", "views", "--json");
  const lines = stdout.trim().split("\n").map((line) => JSON.parse(line));
  deepStrictEqual(lines.map(({ stream, gap }) => stream ?? gap.stream), [
    ...["views_prod", "clicks_prod", "clicks_prod", "views_prod"],
  ]);
  const carbon = await stats("--all-streams");
  match(carbon.stdout, /^billing\.views_prod\.shardId-0+\.age 1 /);
  equal(carbon.stdout.includes("other_prod"), false);
});

Deno.test("stats refuses unknown streams, and --stream with --all-streams", async () => {
  const unknown = await stats("--stream", "clicks", "--stream", "click");
  deepStrictEqual([unknown.code, unknown.stdout], [1, ""]);
  match(unknown.stderr, /"click"/);
  const both = await stats("--stream", "clicks", "--all-streams");
  equal(both.code, 2);
  match(both.stderr, /Cannot use --stream with --all-streams: pass one of them/);
  for (const args of [["--except", "a"], ["--stream", "clicks", "--except", "a"]]) {
    const { code, stderr } = await stats(...args);
    deepStrictEqual([code, /Cannot use --except with/.test(stderr)], [2, true], stderr);
  }
});

Deno.test("toTables() sums up the greatest lag of each stream, unknown if one is", async () => {
  await withArchive(async ({ database }) => {
    await fill(database);
    const rows = statsRows(await readLedger(database));
    const lagOf = ({ stream, shardId: shard }: StatsRow): Lag => {
      if (stream === "views_prod") return { type: "unknown", reason: "denied" };
      return { type: "behind", ms: shard === shardId(0) ? 65_000 : 1_000 };
    };
    const lags = new Map(rows.map((row) => [row, lagOf(row)]));
    const stats = { rows, gaps: [], members: [], lags, isPartial: false, now: START + 5_000 };
    const lines = toTables(stats, ["clicks_prod", "views_prod"], colorsOf(true));
    equal(lines[0], "\x1b[1mclicks_prod\x1b[0m: 2 shards, age 5s, lag 1m05s");
    equal(lines[5], "\x1b[1mviews_prod\x1b[0m: 1 shard, age 1s, lag ?, \x1b[31m1 gap\x1b[0m");
  });
});
