import { deepStrictEqual, equal, match } from "node:assert/strict";
import { type Pipeline, startPipeline } from "../e2e/pipeline.ts";
import { tritonCommand } from "../support/triton_command.ts";
import { TritonProcess } from "../support/triton_process.ts";
import { untilTrue } from "../support/within.ts";

const PUT = ["put", "--stream", "clicks"];
const TAIL = ["tail", "--stream", "clicks", "--group", "billing"];

/** Runs a test with a stream of two shards on a local Kinesis. */
async function withPipeline(test: (pipeline: Pipeline) => Promise<void>): Promise<void> {
  await using pipeline = await startPipeline();
  await test(pipeline);
}

const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => `{"id":"${from + n}"}\n`).join("");

/** The IDs in lines, sorted. */
const idsOf = (text: string) => text.match(/\d+/g)?.map(Number).sort((a, b) => a - b) ?? [];

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

Deno.test("tail --ack written: the members of a group share a stream, and a start continues", () =>
  withPipeline(async (pipeline) => {
    await pipeline.run(PUT, lines(0, 200));
    const { env } = pipeline;
    const args = [...TAIL, "--ack", "written"];
    await using first = new TritonProcess(args, { env });
    await first.untilOutput(/(.*\n){200}/);
    await using second = new TritonProcess(args, { env });
    await second.until(/group.joined/);
    await pipeline.run(PUT, lines(200, 300));
    await untilTrue(
      () => Promise.resolve(idsOf(first.output).length + idsOf(second.output).length === 300),
      "300 events",
    );
    const ends = await Promise.all([first.stop("SIGTERM"), second.stop("SIGINT")]);
    deepStrictEqual(ends.map(({ code }) => code), [0, 0]);
    await pipeline.run(PUT, lines(300, 310));
    const rest = await pipeline.run([...args, "--limit", "10"]);
    const all = [...ends, rest].map(({ stdout }) => stdout).join("");
    deepStrictEqual(idsOf(all), range(0, 310));
  }));

Deno.test("tail --ack stdin delivers again what was not acknowledged", () =>
  withPipeline(async (pipeline) => {
    await pipeline.run(PUT, lines(0, 20));
    const args = [...TAIL, "--ack", "stdin"];
    const none = await pipeline.run(args, "0\n");
    const problem =
      /triton: Cannot continue: standard input ended with \d+ lines? not acknowledged; the group delivers/;
    if (none.stdout === "") equal(none.code, 0); // standard input has ended before the first line
    else match(none.stderr, problem);
    const late = await pipeline.run(args, "7\n");
    deepStrictEqual([late.code, late.stdout], [1, ""]);
    match(late.stderr, /acknowledgement 1 on standard input: \\?"7\\?" is more than the 0 lines/);
    const again = await pipeline.run([...TAIL, "--ack", "written", "--limit", "20"]);
    deepStrictEqual(idsOf(again.stdout), range(0, 20));
  }));

Deno.test("tail --group ends when nobody reads its lines any more", () =>
  withPipeline(async (pipeline) => {
    await pipeline.run(PUT, lines(0, 20));
    const tail = [...tritonCommand(), ...TAIL, "--ack", "written"].join(" ");
    const ended = new Deno.Command("sh", {
      args: ["-c", `{ timeout 60 ${tail}; echo "ended with $?" >&2; } | true`],
      ...{ env: pipeline.env, stdin: "null", stdout: "null" },
    });
    match(new TextDecoder().decode((await ended.output()).stderr), /^ended with 0$/m);
    const again = await pipeline.run([...TAIL, "--ack", "written", "--limit", "20"]);
    deepStrictEqual(idsOf(again.stdout), range(0, 20));
  }));

Deno.test("examples/group.sh gives each event to a command, and continues where it ended", () =>
  withPipeline(async (pipeline) => {
    const out = await Deno.makeTempFile();
    const run = () =>
      new Deno.Command("sh", {
        args: ["examples/group.sh", "clicks", "billing", "tee", "--append", out],
        env: { ...pipeline.env, TRITON: tritonCommand().join(" ") },
        ...{ stdin: "null", stdout: "null", stderr: "null" },
      }).spawn();
    for (const [from, to] of [[0, 30], [30, 50]] as const) {
      await pipeline.run(PUT, lines(from, to));
      const group = run();
      await untilTrue(async () => idsOf(await Deno.readTextFile(out)).length >= to, `${to} events`);
      group.kill("SIGTERM");
      equal((await group.status).code, 0);
    }
    deepStrictEqual(idsOf(await Deno.readTextFile(out)), range(0, 50));
    await Deno.remove(out);
  }));

for (
  const [args, problem] of [
    [["--group", "billing"], "Cannot tail as a group: pass --ack stdin or --ack written"],
    [["--ack", "written"], "Cannot tail: --ack needs --group"],
  ] as const
) {
  Deno.test(`tail ${args.join(" ")} is refused`, () =>
    withPipeline(async (pipeline) => {
      const { code, stderr } = await pipeline.run(["tail", "--stream", "clicks", ...args]);
      equal(code, 2);
      match(stderr, new RegExp(`^triton: ${problem}\n`));
    }));
}
