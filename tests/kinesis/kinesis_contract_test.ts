import { MemoryKinesis } from "../../src/kinesis/mod.ts";
import { testContract } from "./kinesis_contract.ts";

testContract("MemoryKinesis", () => {
  const kinesis = new MemoryKinesis();
  return Promise.resolve({
    kinesis,
    createStream: async (name, shardCount) => void await kinesis.createStream(name, shardCount),
    splitShard: async (stream, shardId) => void await kinesis.splitShard(stream, shardId),
    mergeShards: async (stream, shardId, neighbourId) =>
      void await kinesis.mergeShards(stream, shardId, neighbourId),
    tagStream: async (stream, tags) => void await kinesis.setTags(stream, tags),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
});
