/**
 * What can happen to a call.
 *
 * @module
 */

import type { ArchiveLedger, Checkpointer } from "../ledger/mod.ts";
import type { KinesisApi } from "../kinesis/kinesis_api.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import type { GroupTable } from "../shards/group/group_table.ts";

/** The services that can fail. */
export type ServiceName = "kinesis" | "store" | "checkpointer" | "ledger" | "group";

/** The calls that can fail: every method of the five services. */
export type ServiceOperation = Exclude<
  | keyof KinesisApi
  | keyof ObjectStore
  | keyof Checkpointer
  | keyof ArchiveLedger
  | keyof GroupTable,
  symbol | "url" | "client" | "stream"
>;

/** One call of a service. */
export interface ServiceCall {
  /** The service. */
  readonly service: ServiceName;
  /** The method. */
  readonly operation: ServiceOperation;
  /** The arguments. */
  readonly args: readonly unknown[];
}

/** What happens to one call. */
export interface Fate {
  /**
   * - `answered`: it takes effect and succeeds.
   * - `refused`: it fails without effect.
   * - `lost`: it takes effect, but the caller gets an error.
   * - `late`: the caller gets an error, and it takes effect later, or never.
   * - `crash`: the process dies while sending the call, which may or may not take effect.
   * - `crash after`: it takes effect, and the process dies before it receives the response.
   */
  readonly kind: "answered" | "refused" | "lost" | "late" | "crash" | "crash after";
  /** Time until it takes effect, in milliseconds. Default: 0. */
  readonly before?: number;
  /** Time from then until the response, in milliseconds. Default: 0. */
  readonly after?: number;
  /** When a `late` or crashed call takes effect, in milliseconds. Default: never. */
  readonly landsIn?: number | undefined;
  /** Whether it takes effect even if the process dies first. Default: false. */
  readonly outlives?: boolean;
  /** Creates the error that the caller gets. Default: a retryable one. */
  readonly error?: () => Error;
}

/** Decides what happens to each call: a script, random faults, or your own function. */
export interface FaultPlan {
  /**
   * Decides what happens to a call.
   *
   * @param call The call.
   * @param now The time, in milliseconds since the Unix epoch.
   */
  decide(call: ServiceCall, now: number): Fate;
}
