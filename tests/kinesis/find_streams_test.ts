import { deepEqual, equal, rejects } from "node:assert/strict";
import { VirtualClock } from "../../src/base/clock.ts";
import { findStreams, KinesisError, MemoryKinesis } from "../../src/kinesis/mod.ts";
import { runUntil } from "../../src/testing/mod.ts";

const DATA = new Map([["team", "data"]]);

Deno.test("findStreams() sorts the streams whose names are accepted", async () => {
  const kinesis = new MemoryKinesis();
  for (const name of ["prod-b", "test-a", "prod-a"]) kinesis.createStream(name);
  deepEqual(await findStreams(kinesis), ["prod-a", "prod-b", "test-a"]);
  const accepts = (name: string) => name.startsWith("prod-");
  deepEqual(await findStreams(kinesis, { accepts }), ["prod-a", "prod-b"]);
});

Deno.test("findStreams() finds streams that are being created or deleted: they have records, too", async () => {
  const kinesis = new MemoryKinesis();
  const listStreams = async function* () {
    yield* await Promise.resolve([
      { name: "going", status: "DELETING" },
      { name: "coming", status: "CREATING" },
      { name: "there" },
    ]);
  };
  const listTags = kinesis.listTags.bind(kinesis);
  deepEqual(await findStreams({ listStreams, listTags }), ["coming", "going", "there"]);
});

Deno.test("findStreams() wants all tags, with their values", async () => {
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({ clock });
  const tagged = { team: "data", env: "prod" };
  kinesis.createStream("both", 1, { tags: tagged });
  kinesis.createStream("one", 1, { tags: { team: "data" } });
  kinesis.createStream("other", 1, { tags: { team: "web", env: "prod" } });
  kinesis.createStream("none");
  const find = (tags: Record<string, string>) =>
    runUntil(clock, findStreams(kinesis, { clock, tags: new Map(Object.entries(tags)) }));
  deepEqual(await find(tagged), ["both"]);
  deepEqual(await find({ team: "data" }), ["both", "one"]);
  deepEqual(await find({ env: "" }), []);
});

Deno.test("findStreams() requests the tags of accepted streams only, at most four per second", async () => {
  const clock = new VirtualClock();
  const times: number[] = [];
  const kinesis = new MemoryKinesis({
    clock,
    intercept: (operation, _args, phase) => {
      if (operation === "listTags" && phase === "before") times.push(clock.now());
    },
  });
  for (let i = 0; i < 20; i++) kinesis.createStream(`${i % 2 ? "a" : "b"}-${i}`);
  const accepts = (name: string) => name.startsWith("a-");
  await runUntil(clock, findStreams(kinesis, { clock, tags: DATA, accepts }));
  equal(times.length, 10);
  const inOneSecond = times.map((from) =>
    times.filter((time) => time >= from && time < from + 1000).length
  );
  equal(Math.max(...inOneSecond), 4);
});

Deno.test("findStreams() retries throttling, and starts a listing again", async () => {
  const clock = new VirtualClock();
  let refusals = 3;
  const retried: unknown[] = [];
  const kinesis = new MemoryKinesis({
    clock,
    intercept: (operation, _args, phase) => {
      if (phase === "after" || refusals-- <= 0) return;
      throw new KinesisError(`Cannot ${operation}`, {
        code: "LimitExceededException",
        retryable: true,
      });
    },
  });
  kinesis.createStream("a", 1, { tags: { team: "data" } });
  const onRetry = ({ operation }: { operation?: string | undefined }) =>
    void retried.push(operation);
  const find = () => findStreams(kinesis, { clock, tags: DATA, onRetry });
  deepEqual(await runUntil(clock, find()), ["a"]);
  deepEqual(retried, ["ListStreams", "ListStreams", "ListStreams"]);
  refusals = 1;
  await rejects(runUntil(clock, findStreams(kinesis, { clock, maxAttempts: 1 })), KinesisError);
});

Deno.test("findStreams() leaves out a stream that is deleted while it looks at tags", async () => {
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({
    clock,
    intercept: (operation, [name], phase) => {
      if (operation === "listTags" && name === "a" && phase === "before") kinesis.deleteStream("a");
    },
  });
  for (const name of ["a", "b"]) kinesis.createStream(name, 1, { tags: { team: "data" } });
  deepEqual(await runUntil(clock, findStreams(kinesis, { clock, tags: DATA })), ["b"]);
});
