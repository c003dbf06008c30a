/**
 * What is counted and shown of shards.
 *
 * @module
 */

import type { ShardId } from "../base/record.ts";
import type { RequestMonitor } from "../base/retry.ts";

/** Receives what happens to the shards of a stream, to count it. */
export interface ShardMonitor extends RequestMonitor {
  /** Records of a shard may be lost. */
  gap(shardId: ShardId, reason: string): void;
  /** Another worker has the lease of a shard. */
  leaseLost(shardId: ShardId): void;
  /** The shards that have not ended were read from the lease table. */
  forgetEnded(open: ReadonlySet<ShardId>): void;
}

/** Passes what happens to requests of several streams on to the monitors of all of them. */
export function monitorOfAll(
  streams: readonly { readonly monitor?: RequestMonitor | undefined }[],
): RequestMonitor {
  const monitors = streams.flatMap(({ monitor }) => monitor ?? []);
  return {
    asked: (...args) => monitors.forEach((monitor) => monitor.asked(...args)),
    answered: (...args) => monitors.forEach((monitor) => monitor.answered(...args)),
    retried: (...args) => monitors.forEach((monitor) => monitor.retried(...args)),
    gaveUp: (...args) => monitors.forEach((monitor) => monitor.gaveUp(...args)),
  };
}
