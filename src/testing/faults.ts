/**
 * What can become of a call.
 *
 * @module
 */

import type { ArchiveLedger } from "../ledger/archive_ledger.ts";
import type { Checkpointer } from "../checkpoint/checkpointer.ts";
import type { KinesisApi } from "../kinesis/kinesis_api.ts";
import type { ObjectStore } from "../objects/object_store.ts";

/** The services that can fail. */
export type ServiceName = "kinesis" | "store" | "checkpointer" | "ledger";

/** The calls that can fail: every method of the four services. */
export type ServiceOperation = Exclude<
  keyof KinesisApi | keyof ObjectStore | keyof Checkpointer | keyof ArchiveLedger,
  symbol | "url" | "client" | "stream"
>;

/** One call of a service. */
export interface ServiceCall {
  /** The service. */
  readonly service: ServiceName;
  /** The method. */
  readonly operation: ServiceOperation;
  /** What it is called with. */
  readonly args: readonly unknown[];
}

/** What is to become of one call. */
export interface Fate {
  /**
   * - `answered`: it takes effect and answers.
   * - `refused`: it fails, without effect.
   * - `lost`: it takes effect, and the caller gets an error.
   * - `late`: the caller gets an error, and it takes effect some other time, or never.
   * - `crash`: the process dies as the call goes out; it may take effect or not.
   * - `crash after`: it takes effect, and the process dies before it learns of it.
   */
  readonly kind: "answered" | "refused" | "lost" | "late" | "crash" | "crash after";
  /** Time until it takes effect, in milliseconds: none unless given. */
  readonly before?: number;
  /** Time from then until the answer: none unless given. */
  readonly after?: number;
  /** When a call that is `late` or crashed takes effect, in milliseconds; never unless given. */
  readonly landsIn?: number | undefined;
  /** Whether it takes effect even if the process dies before. */
  readonly outlives?: boolean;
  /** Makes the error that the caller gets: one that can be tried again unless given. */
  readonly error?: () => Error;
}

/** Decides what becomes of each call: a script, chance, or a function of your own. */
export interface FaultPlan {
  /**
   * Decides one call's fate.
   *
   * @param call The call.
   * @param now The time, in milliseconds since the Unix epoch.
   */
  decide(call: ServiceCall, now: number): Fate;
}
