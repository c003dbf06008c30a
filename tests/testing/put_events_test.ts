/** Tests of putting events into a stream. */

import { equal, rejects } from "node:assert/strict";
import { PartitionKeyError } from "@triton/triton";
import { MemoryKinesis, putEvents } from "@triton/triton/testing";

Deno.test("putEvents() accepts the same partition keys as StreamWriter", async () => {
  const kinesis = new MemoryKinesis();
  kinesis.createStream("clicks", 4);
  const options = { partitionKey: "user" };
  const [text, number] = await putEvents(kinesis, "clicks", [{ user: "7" }, { user: 7 }], options);
  equal(text?.shardId, number?.shardId);
  for (const event of [{ page: "/" }, { user: null }, { user: [7] }]) {
    await rejects(putEvents(kinesis, "clicks", [event], options), PartitionKeyError);
  }
});
