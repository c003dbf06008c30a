/**
 * What the local Kinesis servers have in common.
 *
 * @module
 */

import { Kinesis } from "@aws-sdk/client-kinesis";
import { FetchHandler } from "../../src/aws/http/fetch_handler.ts";
import { type KinesisApi, type KinesisCredentials, SdkKinesis } from "../../src/kinesis/mod.ts";
import type { ShardId } from "../../src/base/record.ts";

/** Credentials that every local server accepts. */
export const LOCAL_CREDENTIALS: KinesisCredentials = {
  accessKeyId: "local",
  secretAccessKey: "local",
};

/** The region of local servers. */
export const LOCAL_REGION = "us-east-1";

/** A Kinesis server on this machine, which ends when it is disposed. */
export interface LocalKinesis extends AsyncDisposable {
  /** URL of the server. */
  readonly url: string;
  /** The SDK client, for what `KinesisApi` does not support. */
  readonly client: Kinesis;
  /** The server as a `KinesisApi`. */
  readonly kinesis: KinesisApi;
  /** Creates a stream, and waits until it is active. */
  createStream(name: string, shardCount?: number): Promise<void>;
  /** Splits a shard in the middle of its hash keys, and waits until that is done. */
  splitShard(stream: string, shardId: ShardId): Promise<void>;
  /** Merges two neighbouring shards, and waits until that is done. */
  mergeShards(stream: string, shardId: ShardId, neighbourId: ShardId): Promise<void>;
  /** Adds tags to a stream. */
  tagStream(stream: string, tags: Readonly<Record<string, string>>): Promise<void>;
}

/** Wraps a running server; `stop` ends it after the client's connections are closed. */
export function wrapLocalKinesis(url: string, stop: () => Promise<void>): LocalKinesis {
  const client = openLocalClient(url);
  const whenActive = (stream: string) => waitUntilActive(client, stream);
  return {
    url,
    client,
    kinesis: new SdkKinesis(client),
    async createStream(name, shardCount = 1) {
      await client.createStream({ StreamName: name, ShardCount: shardCount });
      await whenActive(name);
    },
    async splitShard(stream, shardId) {
      const NewStartingHashKey = await middleOf(client, stream, shardId);
      await client.splitShard({ StreamName: stream, ShardToSplit: shardId, NewStartingHashKey });
      await whenActive(stream);
    },
    async mergeShards(stream, shardId, neighbourId) {
      const AdjacentShardToMerge = neighbourId;
      await client.mergeShards({ StreamName: stream, ShardToMerge: shardId, AdjacentShardToMerge });
      await whenActive(stream);
    },
    async tagStream(stream, tags) {
      await client.addTagsToStream({ StreamName: stream, Tags: { ...tags } });
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      await stop();
    },
  };
}

/** A client for a server on this machine. */
export function openLocalClient(url: string): Kinesis {
  return new Kinesis({
    endpoint: url,
    region: LOCAL_REGION,
    credentials: LOCAL_CREDENTIALS,
    maxAttempts: 1,
    requestHandler: new FetchHandler({ silenceTimeoutMs: 60_000 }),
  });
}

/** Polls until the stream is active, however long the server takes. */
async function waitUntilActive(client: Kinesis, stream: string): Promise<void> {
  while (true) {
    const { StreamDescriptionSummary } = await client.describeStreamSummary({ StreamName: stream });
    if (StreamDescriptionSummary?.StreamStatus === "ACTIVE") return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function middleOf(client: Kinesis, stream: string, shardId: ShardId): Promise<string> {
  const { Shards = [] } = await client.listShards({ StreamName: stream });
  const range = Shards.find((shard) => shard.ShardId === shardId)?.HashKeyRange;
  if (range === undefined) throw new Error(`Cannot split "${shardId}": no such shard`);
  const [first, last] = [BigInt(range.StartingHashKey!), BigInt(range.EndingHashKey!)];
  return ((first + last) / 2n + 1n).toString();
}
