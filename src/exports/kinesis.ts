/**
 * Kinesis behind an interface, {@linkcode KinesisApi}: {@linkcode openKinesis} opens the service
 * through the AWS SDK, and {@linkcode MemoryKinesis} is an in-memory implementation for tests.
 *
 * It also has the parts for reading a stream: {@linkcode pollShard} reads one shard,
 * {@linkcode listAllShards} lists the shards, {@linkcode ShardTree} knows their order,
 * {@linkcode findPositions} finds the positions for a time, and {@linkcode deaggregate} splits records
 * that the Kinesis Producer Library has aggregated. `openStream` of `@triton/triton` does all of that.
 *
 * @module
 */

export * from "../shards/mod.ts";
