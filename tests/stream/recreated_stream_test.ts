import { equal, rejects } from "node:assert/strict";
import { MemoryCheckpointer, VirtualClock } from "@triton/triton";
import { collect, putEvents, runUntil } from "../../src/testing/mod.ts";
import { MemoryKinesis } from "../../src/kinesis/mod.ts";
import { openStream, StreamReader } from "../../src/stream/mod.ts";
import { startKinesalite } from "../support/kinesalite.ts";
import { LOCAL_CREDENTIALS, LOCAL_REGION } from "../support/local_kinesis.ts";

const RECREATED = {
  name: "KinesisError",
  code: "StreamRecreated",
  message: /^Cannot read shardId-0{12} of "clicks" after \d+: .* deleted and created again/,
};

Deno.test("StreamReader refuses the position of an earlier stream of the same name", async () => {
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({ clock });
  const checkpointer = new MemoryCheckpointer({ client: "billing", clock });
  const read = async () => {
    await using reader = new StreamReader(kinesis, "clicks", { checkpointer, clock });
    const [record] = await collect(reader, 1);
    await reader.checkpoint();
    return record;
  };
  kinesis.createStream("clicks");
  await putEvents(kinesis, "clicks", [{ n: 1 }]);
  equal((await runUntil(clock, read()))?.data.n, 1);
  await clock.advance(60_000);
  kinesis.deleteStream("clicks");
  kinesis.createStream("clicks");
  await putEvents(kinesis, "clicks", [{ n: 2 }]);
  await rejects(runUntil(clock, read()), RECREATED);
});

Deno.test("openStream() refuses the position of an earlier stream, as a server answers", async () => {
  await using server = await startKinesalite();
  const { client, kinesis, url: endpoint } = server;
  const checkpointer = new MemoryCheckpointer({ client: "billing" });
  const address = { name: "clicks", region: LOCAL_REGION, endpoint };
  const read = async () => {
    await using reader = openStream(address, { credentials: LOCAL_CREDENTIALS, checkpointer });
    const [record] = await collect(reader, 1);
    await reader.checkpoint();
    return record;
  };
  await server.createStream("clicks", 1);
  const createdBefore = Date.now();
  await putEvents(kinesis, "clicks", [{ n: 1 }]);
  equal((await read())?.data.n, 1);
  await client.deleteStream({ StreamName: "clicks" });
  // Its numbers begin anew with each second; on AWS, deleting takes several.
  const isGone = async () => (await client.listStreams({})).StreamNames?.length === 0;
  while (!await isGone() || Date.now() < createdBefore + 1_000);
  await server.createStream("clicks", 1);
  await putEvents(kinesis, "clicks", [{ n: 2 }]);
  await rejects(read(), RECREATED);
});
