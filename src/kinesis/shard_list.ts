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
