import { deepStrictEqual, equal } from "node:assert/strict";
import type { SequenceNumber, ShardId } from "../../src/base/record.ts";
import { findPositions } from "../../src/kinesis/mod.ts";
import { startKinesalite } from "../support/kinesalite.ts";
import { startKinesisLocal } from "../support/kinesis_local.ts";
import type { LocalKinesis } from "../support/local_kinesis.ts";
import { after, put } from "./positions.ts";

const SERVERS: Readonly<Record<string, () => Promise<LocalKinesis>>> = {
  kinesalite: () => startKinesalite(),
  "kinesis-local": () => startKinesisLocal(),
};

for (const [name, start] of Object.entries(SERVERS)) {
  Deno.test(`findPositions() of ${name}: the beginning comes before all records, latest after them`, async () => {
    await using server = await start();
    const { kinesis } = server;
    await server.createStream("clicks");
    const [[shardId, empty]] = [...await findPositions(kinesis, "clicks", "trim-horizon")] as [
      [ShardId, SequenceNumber],
    ];
    deepStrictEqual(await after(kinesis, shardId, empty), []);
    const numbers = [await put(kinesis, "0"), await put(kinesis, "1")];
    const [beginning] = (await findPositions(kinesis, "clicks", "trim-horizon")).values();
    deepStrictEqual(await after(kinesis, shardId, beginning!), ["0", "1"]);
    const past = await findPositions(kinesis, "clicks", new Date(Date.now() - 3_600_000));
    deepStrictEqual(await after(kinesis, shardId, past.get(shardId)!), ["0", "1"]);
    equal((await findPositions(kinesis, "clicks", "latest")).get(shardId), numbers[1]);
  });
}
