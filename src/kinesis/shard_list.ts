import type { ShardId } from "../base/record.ts";
import { type RetryingOptions, retryRequest } from "../base/retry.ts";
import type { KinesisApi, Shard } from "./kinesis_api.ts";

/**
 * Lists all shards of a stream, closed ones included, to the last page.
 *
 * Throttling, 5xx and lost connections are retried, up to `maxAttempts` times. A listing that failed
 * halfway starts again.
 *
 * @example Usage
 * ```ts
 * import { listAllShards, MemoryKinesis } from "@triton/triton/kinesis";
 * import { deepEqual } from "node:assert/strict";
 * const kinesis = new MemoryKinesis();
 * const ids = kinesis.createStream("clicks", 2);
 * deepEqual((await listAllShards(kinesis, "clicks")).map((shard) => shard.id), ids);
 * ```
 * @param kinesis The service.
 * @param stream The stream's name.
 * @param options Clock, signal and retries.
 * @returns The shards, in the service's order.
 * @throws {KinesisError} If the listing is refused.
 */
export function listAllShards(
  kinesis: Pick<KinesisApi, "listShards">,
  stream: string,
  options: RetryingOptions = {},
): Promise<Shard[]> {
  const { signal } = options;
  return retryRequest(
    { service: "kinesis", operation: "ListShards", stream },
    async () => {
      const shards: Shard[] = [];
      for await (const shard of kinesis.listShards(stream, { signal })) shards.push(shard);
      return shards;
    },
    options,
  );
}

/**
 * Finds the shards that come, however far back, from certain others.
 *
 * @param ancestors Those others, such as all shards with a checkpoint.
 * @param shards All shards of the stream, in any order.
 * @returns Their children, the children of these, and so on.
 */
export function descendantsOf(
  ancestors: { has(shardId: ShardId): boolean },
  shards: readonly Pick<Shard, "id" | "parents">[],
): Set<ShardId> {
  const found = new Set<ShardId>();
  // Each round finds the next generation; the listing need not have parents first.
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const { id, parents } of shards) {
      if (parents.some((parent) => ancestors.has(parent) || found.has(parent))) found.add(id);
    }
  }
  return found;
}
