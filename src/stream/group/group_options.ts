/**
 * How a member of a group works.
 *
 * @module
 */

import type { EventData } from "../../base/record.ts";
import type { KinesisApi, RetryingOptions } from "../../kinesis/mod.ts";
import type { GroupEffects } from "../../shards/group/group_effects.ts";
import type { GroupTable } from "../../shards/group/group_table.ts";
import type { StreamStart } from "../../shards/stream_start.ts";
import type { MonitoredOptions } from "../../telemetry/program_monitor.ts";
import type { RecordCheckOptions } from "../record_checker.ts";
import type { ShardFetcherOptions } from "../shard_fetcher.ts";
import type { OnPoison } from "./poison.ts";

/** How long a lease lasts unless it is set, in milliseconds. */
export const DEFAULT_LEASE_MS = 20_000;
/** How long a handler may run unless it is set, in milliseconds. */
export const DEFAULT_STALL_MS = 300_000;

/** What a member of a group works with. */
export interface GroupServices {
  /** The service, which the caller closes. */
  readonly kinesis: KinesisApi;
  /** The table of the group, which the caller closes. It names the stream and the client. */
  readonly table: GroupTable;
  /** Transactions of the database that has the table: for `transact` and `commitIn`. */
  readonly effects?: GroupEffects | undefined;
}

/** Options of a member of a group. */
export interface GroupOptions<T = EventData>
  extends
    Pick<RetryingOptions, "clock" | "signal" | "onRetry">,
    Pick<ShardFetcherOptions, "pollIntervalMs" | "limit" | "maxBufferedBytes" | "time">,
    RecordCheckOptions<T>,
    MonitoredOptions {
  /**
   * Where the group begins, in shards that nothing is known of. Only the first member of a new group
   * uses it. Default: `"trim-horizon"`, the oldest record.
   */
  readonly from?: StreamStart | undefined;
  /** Name of this member, for people. A random suffix is added. Default: `"member"`. */
  readonly worker?: string | undefined;
  /**
   * How long a member keeps its shards without a sign of life, in milliseconds. Leases are renewed each
   * fifth of it. Default: 20,000.
   */
  readonly leaseMs?: number | undefined;
  /**
   * How long a shard that is handed over waits for its handler, in milliseconds. Default: 10,000. Also
   * at the end: a program should be given more time to stop.
   */
  readonly drainMs?: number | undefined;
  /**
   * How long a handler, or the body of a loop, may run, in milliseconds. A member that has one that
   * runs for longer leaves the group, so that others take its shards; it joins again when the handler
   * has returned. Default: 300,000. `Infinity` waits forever.
   */
  readonly stallMs?: number | undefined;
  /**
   * How many times records that a handler throws for are tried again, before they count as poison.
   * Failures that may pass, such as a lost connection or a conflict of transactions, are retried for as
   * long as it takes, and not counted. Default: 2.
   */
  readonly retries?: number | undefined;
  /**
   * What happens to a record for which a handler still throws after `retries`. Default: `"stop"`, so
   * that no record is passed over silently.
   */
  readonly onPoison?: OnPoison<T> | undefined;
}

/** How records are passed to a handler of batches. */
export interface BatchOptions {
  /**
   * Maximum number of records. A batch ends where a Kinesis record does: if that holds several, as the
   * Kinesis Producer Library makes them, there may be more. Default: 500.
   */
  readonly maxRecords?: number | undefined;
  /** How long a batch waits for more records after its first one, in milliseconds. Default: 200. */
  readonly maxWaitMs?: number | undefined;
  /**
   * How many batches are processed at once, each of another shard. The batches of one shard always
   * follow each other. Default: 4.
   */
  readonly concurrency?: number | undefined;
}

/** How records are passed to a handler one by one. */
export interface RunOptions {
  /**
   * How many records are processed at once, each of another partition key. The records of one key
   * always follow each other. Default: 8.
   */
  readonly concurrency?: number | undefined;
  /**
   * How many records of a shard may be in process or done beyond the first one that is not: so many
   * may come again after a crash. Default: 1,000.
   */
  readonly maxAhead?: number | undefined;
}

/** The options that are numbers. */
type Numbers =
  & Pick<GroupOptions, "leaseMs" | "drainMs" | "stallMs" | "retries">
  & BatchOptions
  & RunOptions;

/** Checks the numbers among options. */
export function checkOptions(options: Numbers): void {
  for (const name of ["leaseMs", "drainMs", "stallMs", "maxWaitMs"] as const) {
    const value = options[name];
    const least = name === "drainMs" || name === "maxWaitMs" ? 0 : 1;
    const isGood = value === undefined ||
      value >= least && (value < Infinity || name !== "leaseMs"); // dead members must expire
    if (!isGood) {
      throw new RangeError(
        `Cannot read as a group: ${name} is ${value}, not a number from ${least} up`,
      );
    }
  }
  for (const name of ["retries", "maxRecords", "concurrency", "maxAhead"] as const) {
    const value = options[name];
    const least = name === "retries" ? 0 : 1;
    if (value !== undefined && !(Number.isInteger(value) && value >= least)) {
      throw new RangeError(
        `Cannot read as a group: ${name} is ${value}, not a whole number from ${least} up`,
      );
    }
  }
}
