import { deepStrictEqual, equal, match } from "node:assert/strict";
import { type Pipeline, startPipeline } from "../e2e/pipeline.ts";
import { startKinesisProxy } from "../support/kinesis_proxy.ts";
import { tritonCommand } from "../support/triton_command.ts";
import { runTriton, TritonProcess } from "../support/triton_process.ts";
import { untilTrue } from "../support/within.ts";

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
    deepStrictEqual(shards.map(({ shardId, parents }) => ({ shardId, parents })), [
      { shardId: ids[0], parents: [] },
      { shardId: ids[1], parents: [] },
    ]);
  }));

Deno.test("put continues when nobody reads its messages about bad lines", () =>
  withPipeline(async (pipeline) => {
    const [program, ...args] = tritonCommand();
    const put = new Deno.Command(program, {
      ...{ args: [...args, ...PUT], env: pipeline.env },
      ...{ stdin: "piped", stdout: "null", stderr: "piped" },
    }).spawn();
    await put.stderr.cancel();
    await new Response('bad\nworse\n{"id":"last"}').body!.pipeTo(put.stdin);
    equal((await put.status).code, 1);
    equal((await pipeline.run([...TAIL, "--limit", "1"])).stdout, '{"id":"last"}\n');
  }));

Deno.test("put prints how many events were put before Kinesis rejected the rest", () =>
  withPipeline(async (pipeline) => {
    await using proxy = startKinesisProxy(pipeline.kinesis.url);
    let puts = 0;
    await using front = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      if (++puts > 2) proxy.refusals.set("PutRecords", "AccessDeniedException");
      return fetch(proxy.url, request);
    });
    const AWS_ENDPOINT_URL_KINESIS = `http://127.0.0.1:${front.addr.port}`;
    const env = { ...pipeline.env, AWS_ENDPOINT_URL_KINESIS };
    const input = '{"id":"a"}\n'.repeat(2_000);
    const { code, stderr } = await runTriton(PUT, { env, input });
    equal(code, 1);
    match(stderr, /^put 1,000 events into clicks_prod\ntriton: Cannot put 500 records [^\n]*\n$/);
  }));

Deno.test("tail prints new events until SIGINT, and then exits with 0", () =>
  withPipeline(async (pipeline) => {
    await pipeline.run(PUT, '{"id":"early"}');
    await using tail = new TritonProcess([...TAIL, "--verbose"], { env: pipeline.env });
    await tail.untilOutput(/early/);
    await pipeline.run(PUT, '{"id":"late"}');
    await tail.untilOutput(/late/);
    const { code, stdout } = await tail.stop("SIGINT");
    deepStrictEqual([code, stdout], [0, '{"id":"early"}\n{"id":"late"}\n']);
  }));

Deno.test("tail ends when nobody reads its output any more, though no event comes after that", () =>
  withPipeline(async (pipeline) => {
    await pipeline.run(PUT, '{"id":"last"}');
    const [program, ...args] = tritonCommand();
    const tail = new Deno.Command(program, {
      ...{ args: [...args, ...TAIL], env: pipeline.env },
      ...{ stdin: "null", stdout: "piped", stderr: "piped" },
    }).spawn();
    await tail.stdout.cancel();
    deepStrictEqual([await new Response(tail.stderr).text(), (await tail.status).code], ["", 0]);
  }));

Deno.test("tail --from a time prints events since that time", () =>
  withPipeline(async (pipeline) => {
    await pipeline.run(PUT, '{"id":"one"}');
    const past = ["--from", "2015-07-10T00:00:00Z", "--limit", "1"];
    const env = { ...pipeline.env, TRITON_BUCKET: "" };
    const { code, stdout } = await runTriton(["tail", "--stream", "clicks", ...past], { env });
    deepStrictEqual([code, stdout], [0, '{"id":"one"}\n']);
  }));

Deno.test("tail --from a time prints archived events first, then live ones, each event once", () =>
  withPipeline(async (pipeline) => {
    const line = (n: number) => `{"id":"${n}"}\n`;
    const lines = (from: number, to: number) => {
      const numbers = Array.from({ length: to - from }, (_, i) => from + i);
      return numbers.map(line).join("");
    };
    await pipeline.run(PUT, lines(0, 50));
    const store = pipeline.store();
    await untilTrue(
      async () => (await pipeline.cat()).stdout.split("\n").length === 51,
      "50 events",
    );
    equal((await store.stop()).code, 0);
    await pipeline.run(PUT, lines(50, 60));
    const since = new Date(Date.now() - 3_600_000).toISOString();
    const args = ["tail", "--stream", "clicks", "--from", since];
    await using tail = new TritonProcess(args, { env: pipeline.env });
    await tail.untilOutput(/(.*\n){60}/);
    await pipeline.run(PUT, lines(60, 65));
    await tail.untilOutput(/(.*\n){65}/);
    const { code, stdout, stderr } = await tail.stop("SIGINT");
    deepStrictEqual([code, stderr], [0, ""]);
    const ids = stdout.trimEnd().split("\n").map((text) => Number(JSON.parse(text).id));
    const range = (from: number, to: number) => lines(from, to).match(/\d+/g)!.map(Number);
    const sorted = (numbers: number[]) => numbers.sort((a, b) => a - b);
    deepStrictEqual(sorted(ids.slice(0, 50)), range(0, 50), "the archive comes first");
    deepStrictEqual(sorted(ids.slice(50)), range(50, 65));
  }));

Deno.test("tail reports a record that is not an event, and continues", () =>
  withPipeline(async (pipeline) => {
    const data = new TextEncoder().encode("no event");
    await pipeline.kinesis.kinesis.putRecords("clicks_prod", [{ partitionKey: "a", data }]);
    await pipeline.run(PUT, '{"id":"a"}');
    const { code, stdout, stderr } = await pipeline.run([...TAIL, "--limit", "1"]);
    deepStrictEqual([code, stdout], [0, '{"id":"a"}\n']);
    match(stderr, /^triton: [^\n]*shardId-00000000000\d[^\n]*\n$/);
  }));

for (const command of ["shards", "tail"]) {
  Deno.test(`${command} reports a missing stream in one sentence`, () =>
    withPipeline(async (pipeline) => {
      const config = `${pipeline.directory}/other.yaml`;
      await Deno.writeTextFile(config, "clicks:\n  name: nowhere\n");
      const args = [command, "--stream", "clicks", "--config", config];
      const { code, stdout, stderr } = await pipeline.run(args);
      deepStrictEqual([code, stdout], [1, ""]);
      match(stderr, /^triton: Cannot [^\n]*"nowhere"[^\n]*not found[^\n]*\n$/);
    }));
}
