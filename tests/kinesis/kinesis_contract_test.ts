import { MemoryKinesis } from "../../src/kinesis/mod.ts";
import { startKinesalite } from "../support/kinesalite.ts";
import { startKinesisLocal } from "../support/kinesis_local.ts";
import { BEHAVIOURS, type ContractSubject } from "./kinesis_contract.ts";

const SERVICES: Readonly<Record<string, () => Promise<ContractSubject & AsyncDisposable>>> = {
  "MemoryKinesis": () => {
    const kinesis = new MemoryKinesis();
    return Promise.resolve({
      kinesis,
      createStream: async (name, shardCount) => void await kinesis.createStream(name, shardCount),
      splitShard: async (stream, shardId) => void await kinesis.splitShard(stream, shardId),
      mergeShards: async (stream, shardId, neighbourId) =>
        void await kinesis.mergeShards(stream, shardId, neighbourId),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
  "kinesalite": () => startKinesalite(),
  "kinesis-local": () => startKinesisLocal(),
};

for (const [service, start] of Object.entries(SERVICES)) {
  Deno.test(`KinesisApi of ${service} keeps the contract`, async (t) => {
    await using subject = await start();
    for (const [i, { name, except, check }] of BEHAVIOURS.entries()) {
      const instead = except?.[service];
      await t.step({
        name: instead === undefined ? name : `${name} - not ${service}: ${instead}`,
        ignore: instead !== undefined,
        fn: () => check(subject, `contract-${i}`),
      });
    }
  });
}
