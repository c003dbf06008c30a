import { deepStrictEqual, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { estimate, type Load, sum } from "../../../../src/cli/commands/cost/estimate.ts";
import { pricesOf, REGIONS } from "../../../../src/cli/commands/cost/prices.ts";

const PRICES = pricesOf("us-east-1");

const LOAD: Load = {
  ...{ eventsPerSecond: 1000, bytes: 500, streams: 1, shards: undefined, retentionHours: 24 },
  ...{ consumers: 0, rotateMs: 3_600_000, maxSize: 32 * 2 ** 20, compression: 0.37, months: 1 },
};

/** What, quantity and USD of each line, rounded as one would by hand. */
function bill(
  more: Partial<Load>,
  part: "kinesis" | "s3" | "firehose",
): [string, number, number][] {
  return estimate({ ...LOAD, ...more }, PRICES)[part].map(({ what, quantity, usd }) => [
    what,
    Math.round(quantity * 100) / 100,
    Math.round(usd * 100) / 100,
  ]);
}

Deno.test("estimate() of 1,000 events a second of 500 bytes, as by hand", () => {
  // A month has 730 * 3,600 = 2,628,000 s: 2,628 million events, 1,314 GB (1,223.76 of 2^30 bytes).
  const { events, gb, shards, files, usd, firehoseUsd } = estimate(LOAD, PRICES);
  deepStrictEqual([events, Math.round(gb * 100) / 100, shards], [2_628_000_000, 1223.76, 1]);
  deepStrictEqual(bill({}, "kinesis"), [
    ["shards", 730, 10.95],
    ["PUT payload units of 25 KB", 2628, 36.79],
  ]);
  // 1,223.76 * 0.37 = 452.79 GB; in files of 32 MiB, 32 in each GB: 14,489.
  deepStrictEqual(bill({}, "s3"), [["S3 storage", 452.79, 10.41], [
    "S3 PUT requests",
    14.49,
    0.07,
  ]]);
  equal(Math.round(files), 14_489);
  // Each event counts as 5 KB: 2,628,000,000 * 5 / 2^20 = 12,531.28 GB.
  deepStrictEqual(bill({}, "firehose"), [
    ["ingestion, records in steps of 5 KB", 12_531.28, 363.41],
    ["S3 storage", 452.79, 10.41],
    ["S3 PUT requests", 9.79, 0.05], // 1,223.76 GB in buffers of 128 MiB, 8 in each GB: 9,790
  ]);
  equal(usd.toFixed(2), "58.23");
  equal(firehoseUsd.toFixed(2), "421.61");
});

Deno.test("estimate() of large records: payload units, shards by bytes in and by bytes out", () => {
  const large = { eventsPerSecond: 100, bytes: 30_000 };
  // 30,000 bytes are two units of 25,600. 3,000,000 bytes a second are 2.86 MiB.
  deepStrictEqual(bill(large, "kinesis"), [
    ["shards", 3 * 730, 32.85],
    ["PUT payload units of 25 KB", 525.6, 7.36],
  ]);
  // Four readers get 11.44 MiB a second, and a shard gives 2.
  equal(estimate({ ...LOAD, ...large, consumers: 3 }, PRICES).shards, 6);
  equal(estimate({ ...LOAD, eventsPerSecond: 2500, bytes: 10 }, PRICES).shards, 3);
  // Each of two streams has 1,250 events a second, and needs two shards.
  equal(estimate({ ...LOAD, eventsPerSecond: 2500, bytes: 10, streams: 2 }, PRICES).shards, 4);
  deepStrictEqual(
    [
      estimate({ ...LOAD, shards: 7 }, PRICES).shards,
      estimate({ ...LOAD, shards: 7 }, PRICES).shardsNeeded,
    ],
    [7, 1],
  );
});

Deno.test("estimate() of streams on demand, as by hand", () => {
  const load = { shards: null, bytes: 3000, streams: 2, consumers: 1 };
  // 7,342.54 GB arrive, and count as 3 KB each: 7,518.77 GB.
  deepStrictEqual(bill(load, "kinesis"), [
    ["streams on demand", 1460, 58.4],
    ["data in, records in steps of 1 KB", 7518.77, 601.5],
    ["data out", 14_685.09, 587.4],
  ]);
  // Kept for 24 h for free, 24 h to 168 h at 0.10, and 168 h to 336 h at 0.023, of 730.
  deepStrictEqual(bill({ ...load, retentionHours: 336 }, "kinesis").slice(3), [
    ["retention over 24 hours", 1448.39, 144.84],
    ["retention over 7 days", 1689.79, 38.87],
  ]);
});

Deno.test("estimate() of retention with shards, of files by time, and of kept months", () => {
  deepStrictEqual(bill({ retentionHours: 168 }, "kinesis")[2], [
    "retention over 24 hours",
    730,
    14.6,
  ]);
  equal(bill({ retentionHours: 168 }, "kinesis").length, 3);
  equal(bill({ retentionHours: 24 }, "kinesis").length, 2);
  const little = { eventsPerSecond: 0.1, streams: 10 };
  equal(estimate({ ...LOAD, ...little }, PRICES).files, 7300);
  equal(estimate({ ...LOAD, ...little, rotateMs: 900_000 }, PRICES).files, 29_200);
  deepStrictEqual(bill({ months: 12 }, "s3")[0], ["S3 storage", 5433.48, 124.97]);
});

Deno.test("estimate() applies tiers to what lies within them", () => {
  // 122,375.78 GB * 0.37 * 12 = 543,348.49 GB-months: 51,200 at 0.023, 460,800 at 0.022, the rest at 0.021.
  const [storage] = estimate({ ...LOAD, eventsPerSecond: 100_000, months: 12 }, PRICES).s3;
  equal(storage!.quantity.toFixed(2), "543348.49");
  equal(storage!.usd.toFixed(2), (51_200 * 0.023 + 460_800 * 0.022 + 31_348.49 * 0.021).toFixed(2));
  equal(storage!.price, undefined);
});

Deno.test("estimate() of twice the load costs twice as much, apart from shards, streams and tiers", () => {
  const rates = fc.integer({ min: 1, max: 100_000 });
  const sizes = fc.integer({ min: 1, max: 1_000_000 });
  const flat = {
    ...PRICES,
    s3GbMonth: [[null, 0.023]] as const,
    firehoseGb: [[null, 0.029]] as const,
  };
  fc.assert(fc.property(rates, sizes, (eventsPerSecond, bytes) => {
    const of = (factor: number) =>
      estimate(
        { ...LOAD, eventsPerSecond: eventsPerSecond * factor, bytes, rotateMs: 8.64e7 },
        flat,
      );
    const [one, two] = [of(1), of(2)];
    const close = (a: number, b: number) =>
      ok(Math.abs(a - b) <= 1e-9 * Math.max(a, b, 1), `${a} ${b}`);
    close(two.kinesis[1]!.usd, 2 * one.kinesis[1]!.usd);
    close(two.s3[0]!.usd, 2 * one.s3[0]!.usd);
    close(two.firehose[0]!.usd, 2 * one.firehose[0]!.usd);
    close(two.usd, sum(two.kinesis) + sum(two.s3));
    ok(two.shardsNeeded >= one.shardsNeeded && two.shardsNeeded <= 2 * one.shardsNeeded);
    ok(two.firehoseUsd > sum(two.kinesis));
  }));
});

Deno.test("pricesOf() merges a file over a region, and needs all prices of an unknown one", () => {
  for (const region of REGIONS) equal(pricesOf(region).region, region);
  const some = pricesOf("us-east-1", '{"shardHour": 0.018, "s3GbMonth": 0.02, "asOf": "today"}');
  deepStrictEqual([some.shardHour, some.s3GbMonth, some.asOf], [0.018, [[null, 0.02]], "today"]);
  equal(some.putUnitsMillion, 0.014);
  const { region: _region, asOf: _asOf, ...all } = PRICES;
  const other = pricesOf("eu-central-1", JSON.stringify({ ...all, shardHour: 0.018 }));
  deepStrictEqual([other.region, other.asOf, other.shardHour], [
    ...["eu-central-1", "the file of --prices", 0.018],
  ]);
  throws(
    () => pricesOf("eu-central-1"),
    /Unknown prices of region "eu-central-1": pass one of us-/,
  );
  throws(() => pricesOf("eu-central-1", '{"shardHour": 1}'), /a file that has "putUnitsMillion", /);
  const wrong: [string, RegExp][] = [
    ["{", /the file is not JSON: /],
    ["[]", /must have one JSON object/],
    ['{"shardhour": 1}', /unknown key "shardhour"; did you mean "shardHour"\?/],
    ['{"shardHour": "1"}', /"shardHour" must be a price in USD, not "1"/],
    ['{"shardHour": -1}', /"shardHour" must be a price in USD, not -1/],
    ['{"s3GbMonth": []}', /"s3GbMonth" must be a price, or tiers/],
    ['{"s3GbMonth": [[5, 1], [5, 1], [null, 1]]}', /"s3GbMonth" must be a price, or tiers/],
    ['{"s3GbMonth": [[5, 1]]}', /"s3GbMonth" must be a price, or tiers/],
    ['{"asOf": 1}', /"asOf" must be text/],
  ];
  for (const [text, message] of wrong) throws(() => pricesOf("us-east-1", text), message);
});
