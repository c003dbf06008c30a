import { TritonError } from "../../../base/errors.ts";
import { closest, quotedList } from "../../../base/suggest.ts";

/** A price that falls with the amount: the end of each tier, and the price within it. */
export type Tiers = readonly (readonly [upTo: number | null, price: number])[];

/** What AWS charges in one region, in USD. A GB is 2^30 bytes. */
export interface Prices {
  /** The region, or what the prices are called. */
  readonly region: string;
  /** Since when, and by whom, the prices are known. */
  readonly asOf: string;
  /** One shard for one hour. */
  readonly shardHour: number;
  /** A million PUT payload units: 25 KB of a record each. */
  readonly putUnitsMillion: number;
  /** One shard for one hour, where records are kept for more than 24 hours. */
  readonly extendedShardHour: number;
  /** One stream on demand for one hour. */
  readonly streamHour: number;
  /** A GB put into a stream on demand. */
  readonly onDemandInGb: number;
  /** A GB read from a stream on demand. */
  readonly onDemandOutGb: number;
  /** A GB kept for a month in a stream on demand, beyond 24 hours. */
  readonly onDemandExtendedGbMonth: number;
  /** A GB kept for a month in any stream, beyond 7 days. */
  readonly longTermGbMonth: number;
  /** A GB kept for a month in S3 Standard. */
  readonly s3GbMonth: Tiers;
  /** A thousand PUT requests to S3 Standard. */
  readonly s3PutThousand: number;
  /** A GB that Firehose takes from a stream; each record counts in steps of 5 KB. */
  readonly firehoseGb: Tiers;
}

/** Pages with the prices. */
export const PRICE_PAGES: readonly string[] = [
  "https://aws.amazon.com/kinesis/data-streams/pricing/",
  "https://aws.amazon.com/s3/pricing/",
  "https://aws.amazon.com/firehose/pricing/",
];

/** Prices of the regions that are the least expensive, and cost the same. */
const US: Omit<Prices, "region"> = {
  asOf: "list prices known in November 2026",
  shardHour: 0.015,
  putUnitsMillion: 0.014,
  extendedShardHour: 0.02,
  streamHour: 0.04,
  onDemandInGb: 0.08,
  onDemandOutGb: 0.04,
  onDemandExtendedGbMonth: 0.1,
  longTermGbMonth: 0.023,
  s3GbMonth: [[51_200, 0.023], [512_000, 0.022], [null, 0.021]],
  s3PutThousand: 0.005,
  firehoseGb: [[512_000, 0.029], [2_048_000, 0.025], [null, 0.02]],
};

/** Regions whose prices are known. */
export const REGIONS: readonly string[] = ["us-east-1", "us-east-2", "us-west-2"];

const TIERED: readonly string[] = ["s3GbMonth", "firehoseGb"] satisfies (keyof Prices)[];
const TEXTS: readonly string[] = ["region", "asOf"] satisfies (keyof Prices)[];

/**
 * The prices of a region.
 *
 * @param file The text of a file with other prices: a JSON object with some or all of
 * {@linkcode Prices}.
 * @throws {TritonError} If the region is not known and the file does not have all prices, or the file
 * is not valid.
 */
export function pricesOf(region: string, file?: string): Prices {
  const others = file === undefined ? {} : parsePrices(file);
  if (REGIONS.includes(region)) return { ...US, region, ...others };
  const missing = Object.keys(US).filter((key) => key !== "asOf" && !Object.hasOwn(others, key));
  if (missing.length === 0) return { ...US, region, asOf: "the file of --prices", ...others };
  throw new TritonError(
    `Unknown prices of region "${region}": pass one of ${
      REGIONS.join(", ")
    }, or --prices with a file ` +
      `that has ${quotedList(missing)}`,
  );
}

function parsePrices(text: string): Partial<Prices> {
  const refuse = (why: string): never => {
    throw new TritonError(`Cannot read the prices: ${why}`);
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    refuse(`the file is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse("the file must have one JSON object, as triton cost --json prints in `prices`");
  }
  const known = ["region", ...Object.keys(US)];
  for (const [key, price] of Object.entries(value)) {
    if (!known.includes(key)) {
      const meant = closest(key, known);
      refuse(`unknown key "${key}"${meant === undefined ? "" : `; did you mean "${meant}"?`}`);
    }
    if (TEXTS.includes(key)) {
      if (typeof price !== "string") refuse(`"${key}" must be text`);
    } else if (TIERED.includes(key) && Array.isArray(price)) {
      if (!areTiers(price)) {
        refuse(`"${key}" must be a price, or tiers such as [[51200, 0.023], [null, 0.022]]`);
      }
    } else if (!isPrice(price)) {
      refuse(`"${key}" must be a price in USD, not ${JSON.stringify(price)}`);
    }
  }
  const entries = Object.entries(value).map(([key, price]) => [
    key,
    TIERED.includes(key) && typeof price === "number" ? [[null, price]] : price,
  ]);
  return Object.fromEntries(entries);
}

function isPrice(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && Number.isFinite(value);
}

/** Whether these are tiers in order, the last one without an end. */
function areTiers(tiers: readonly unknown[]): boolean {
  let from = 0;
  return tiers.length > 0 && tiers.every((tier, at) => {
    if (!Array.isArray(tier) || tier.length !== 2 || !isPrice(tier[1])) return false;
    const [upTo] = tier;
    if (at === tiers.length - 1) return upTo === null;
    if (typeof upTo !== "number" || upTo <= from) return false;
    from = upTo;
    return true;
  });
}
