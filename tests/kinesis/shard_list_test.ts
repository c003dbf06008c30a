import { deepEqual, equal, rejects } from "node:assert/strict";
import { VirtualClock } from "../../src/base/clock.ts";
import { KinesisError, listAllShards, MemoryKinesis, type Shard } from "../../src/kinesis/mod.ts";
import { runUntil } from "../../src/testing/mod.ts";

/** A listing that breaks off after its first shard, so many times. */
class BreakingKinesis extends MemoryKinesis {
  breaks = 2;

  override async *listShards(stream: string): AsyncGenerator<Shard> {
    for await (const shard of super.listShards(stream)) {
      yield shard;
      if (this.breaks-- > 0) {
        throw new KinesisError("Cannot go on", { code: "ECONNRESET", retryable: true });
      }
    }
  }
}

Deno.test("listAllShards() begins again when a listing breaks off", async () => {
  const clock = new VirtualClock();
  const kinesis = new BreakingKinesis({ clock });
  const ids = kinesis.createStream("s", 3);
  let retries = 0;
  const listing = listAllShards(kinesis, "s", { clock, onRetry: () => retries++ });
  deepEqual((await runUntil(clock, listing)).map(({ id }) => id), ids);
  equal(retries, 2);
});

Deno.test("listAllShards() fails for a stream that is not there", async () => {
  await rejects(
    () => listAllShards(new MemoryKinesis(), "s"),
    (error: unknown) => error instanceof KinesisError && error.code === "ResourceNotFoundException",
  );
});

Deno.test("listAllShards() gives up after maxAttempts", async () => {
  const clock = new VirtualClock();
  const kinesis = new BreakingKinesis({ clock });
  kinesis.createStream("s");
  let retries = 0;
  const options = { clock, maxAttempts: 2, onRetry: () => retries++ };
  await rejects(() => runUntil(clock, listAllShards(kinesis, "s", options)), /Cannot go on/);
  equal(retries, 1);
});
