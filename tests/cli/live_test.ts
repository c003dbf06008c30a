import { deepStrictEqual, match } from "node:assert/strict";
import { type Pipeline, startPipeline } from "../e2e/pipeline.ts";
import { TritonProcess } from "../support/triton_process.ts";

const PUT = ["put", "--stream", "clicks"];
const TAIL = ["tail", "--stream", "clicks", "--from", "trim-horizon"];

/** Runs a test with a stream of two shards on a local Kinesis. */
async function withPipeline(test: (pipeline: Pipeline) => Promise<void>): Promise<void> {
  await using pipeline = await startPipeline();
  await test(pipeline);
}

Deno.test("shards lists the shards of a stream", () =>
  withPipeline(async (pipeline) => {
    const ids = ["shardId-000000000000", "shardId-000000000001"];
    const plain = await pipeline.run(["shards", "--stream", "clicks"]);
    deepStrictEqual([plain.code, plain.stdout], [0, ids.map((id) => `${id}\n`).join("")]);
    const json = await pipeline.run(["shards", "--stream", "clicks", "--json"]);
    const shards = json.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    deepStrictEqual(shards.map(({ id, parents }) => ({ id, parents })), [
      { id: ids[0], parents: [] },
      { id: ids[1], parents: [] },
    ]);
  }));

Deno.test("tail prints what arrives until SIGINT, and then exits with 0", () =>
  withPipeline(async (pipeline) => {
    await pipeline.run(PUT, '{"id":"early"}');
    await using tail = new TritonProcess([...TAIL, "--verbose"], { env: pipeline.env });
    await tail.untilOutput(/early/);
    await pipeline.run(PUT, '{"id":"late"}');
    await tail.untilOutput(/late/);
    const { code, stdout } = await tail.stop("SIGINT");
    deepStrictEqual([code, stdout], [0, '{"id":"early"}\n{"id":"late"}\n']);
  }));

Deno.test("tail --from a time prints what has arrived since", () =>
  withPipeline(async (pipeline) => {
    await pipeline.run(PUT, '{"id":"one"}');
    const past = ["--from", "2015-07-10T00:00:00Z", "--limit", "1"];
    const { code, stdout } = await pipeline.run(["tail", "--stream", "clicks", ...past]);
    deepStrictEqual([code, stdout], [0, '{"id":"one"}\n']);
  }));

Deno.test("tail reports a record that is not an event, and goes on", () =>
  withPipeline(async (pipeline) => {
    const data = new TextEncoder().encode("no event");
    await pipeline.kinesis.kinesis.putRecords("clicks_prod", [{ partitionKey: "a", data }]);
    await pipeline.run(PUT, '{"id":"a"}');
    const { code, stdout, stderr } = await pipeline.run([...TAIL, "--limit", "1"]);
    deepStrictEqual([code, stdout], [0, '{"id":"a"}\n']);
    match(stderr, /^triton: [^\n]*shardId-00000000000\d[^\n]*\n$/);
  }));

for (const command of ["shards", "tail"]) {
  Deno.test(`${command} says that a stream is not there, in one sentence`, () =>
    withPipeline(async (pipeline) => {
      const config = `${pipeline.directory}/other.yaml`;
      await Deno.writeTextFile(config, "clicks:\n  name: nowhere\n");
      const args = [command, "--stream", "clicks", "--config", config];
      const { code, stdout, stderr } = await pipeline.run(args);
      deepStrictEqual([code, stdout], [1, ""]);
      match(stderr, /^triton: Cannot [^\n]*"nowhere"[^\n]*not found[^\n]*\n$/);
    }));
}
