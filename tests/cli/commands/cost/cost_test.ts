import { deepStrictEqual, equal, match } from "node:assert/strict";
import { runCommand } from "../../fake_context.ts";

const COST = ["cost", "--events-per-second", "1000", "--bytes", "500"];

Deno.test("triton cost prints a bill, what it assumes, and the prices with their source", async () => {
  const { code, stdout, stderr } = await runCommand(COST);
  deepStrictEqual([code, stderr], [0, ""]);
  match(
    stdout,
    /^1,000 events\/s of 500 bytes in 1 stream with 1 shard: 2,628 million events, 1,224 GB/,
  );
  match(stdout, /^Kinesis +47\.74$/m);
  match(stdout, /^ {2}shards +730 shard-hours +0\.015 +10\.95$/m);
  match(stdout, /^Together +58\.23$/m);
  match(stdout, /^Together with Kinesis +421\.61$/m);
  match(stdout, /^Prices in USD: us-east-1, list prices known in November 2026\. Check them/m);
  match(stdout, /https:\/\/aws\.amazon\.com\/kinesis\/data-streams\/pricing\//);
  equal(/[ \t]$/m.test(stdout), false);
});

Deno.test("docs/cost.md shows what triton cost prints, and every price that --prices may have", async () => {
  const page = await Deno.readTextFile(new URL("../../../../docs/cost.md", import.meta.url));
  const [, shown] = /\$ triton cost [^\n]*\n([^]*?)\.\.\.\n```/.exec(page)!;
  const { stdout } = await runCommand(COST);
  equal(stdout.slice(0, shown!.length), shown);
  const { prices } = JSON.parse((await runCommand([...COST, "--json"])).stdout);
  for (const key of Object.keys(prices)) match(page, new RegExp(`\`${key}\``));
});

Deno.test("triton cost --json has prices that --prices takes", async () => {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  try {
    const { stdout } = await runCommand([...COST, "--json", "--on-demand", "--retention", "7d"]);
    const { load, usd, shards, prices } = JSON.parse(stdout);
    deepStrictEqual([load.retentionHours, shards, prices.region], [168, null, "us-east-1"]);
    await Deno.writeTextFile(path, JSON.stringify({ ...prices, streamHour: 1 }));
    const args = [...COST, "--json", "--on-demand", "--retention", "7d", "--prices", path];
    const other = JSON.parse((await runCommand(args)).stdout);
    equal((other.usd - usd).toFixed(4), (730 * 0.96).toFixed(4));
    const hours = await runCommand([...COST, "--json", "--retention", "168"]);
    equal(JSON.parse(hours.stdout).load.retentionHours, 168);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("triton cost warns of too few shards, and refuses what contradicts itself", async () => {
  const few = await runCommand([
    "cost",
    "--events-per-second",
    "5000",
    "--bytes",
    "10",
    "--shards",
    "2",
  ]);
  equal(few.code, 0);
  match(few.stdout, /^The load needs 5 shards: with 2, Kinesis refuses records\.$/m);
  const cases: [string[], RegExp][] = [
    [["--shards", "2", "--on-demand"], /Cannot use --shards with --on-demand/],
    [["--shards", "2", "--streams", "3"], /Cannot use --shards 2: each of 3 streams has a shard/],
    [["--retention", "12h"], /Use a time from 24h to 365d/],
    [["--retention", "7w"], /Use a time from 24h to 365d/],
    [["--compression", "2"], /Use a number over 0, up to 1/],
    [["--consumers", "-1"], /Use a positive integer/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await runCommand([...COST, ...args]);
    equal(code, 2);
    match(stderr, message);
  }
  equal((await runCommand(["cost", "--bytes", "5"])).code, 2);
  equal((await runCommand(["cost", "--events-per-second", "0", "--bytes", "5"])).code, 2);
  const unknown = await runCommand([...COST, "--region", "eu-west-1"]);
  equal(unknown.code, 1);
  match(unknown.stderr, /Unknown prices of region "eu-west-1": pass one of us-east-1, /);
  const missing = await runCommand([...COST, "--prices", "/none.json"]);
  match(missing.stderr, /Cannot read the prices of \/none\.json: there is no such file/);
});
