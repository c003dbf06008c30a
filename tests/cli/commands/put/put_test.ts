import { deepStrictEqual, equal, match } from "node:assert/strict";
import { jsonValues } from "../../../codec/json/values.ts";
import { type Pipeline, startPipeline } from "../../../e2e/pipeline.ts";
import { TritonProcess } from "../../../support/triton_process.ts";

const PUT = ["put", "--stream", "clicks"];
const TAIL = ["tail", "--stream", "clicks", "--from", "trim-horizon"];

/** Runs a test with a stream of two shards on a local Kinesis. */
async function withPipeline(test: (pipeline: Pipeline) => Promise<void>): Promise<void> {
  await using pipeline = await startPipeline();
  await test(pipeline);
}

Deno.test("put reports bad lines by their numbers, and puts the others", () =>
  withPipeline(async (pipeline) => {
    const lines = [
      '{"id":1,"text":"good"}',
      '{"id":2,"text":',
      "[3]",
      "",
      '{"text":"no id"}',
      '{"id":{"no":"scalar"}}',
      `{"id":7,"text":"${"x".repeat(2 ** 20)}"}`,
      '{"id":8,"text":"good"}\r',
      '{"id":"","text":"empty key"}',
      "null",
      '{"id":false}',
    ];
    const { code, stdout, stderr } = await pipeline.run(PUT, lines.join("\n"));
    equal(code, 1);
    equal(stdout, "");
    const reports = stderr.trimEnd().split("\n");
    match(reports[0]!, /^triton: line 2: Cannot read event at column 16: expected a value$/);
    match(reports[1]!, /^triton: line 3: Cannot read event.*object/);
    equal(
      reports[2],
      'triton: line 5: Cannot pick a shard: field "id", the stream\'s partition_key, is missing',
    );
    match(
      reports[3]!,
      /^triton: line 6: Cannot pick a shard: .* is not a string, number or boolean$/,
    );
    match(reports[4]!, /^triton: line 7: Cannot put .*1,?048,?576/);
    match(reports[5]!, /^triton: line 9: /);
    match(reports[6]!, /^triton: line 10: Cannot read event.*object/);
    deepStrictEqual(reports.slice(7), [
      "put 3 events into clicks_prod",
      "triton: 7 lines could not be put",
    ]);
    const tail = await pipeline.run([...TAIL, "--limit", "3"]);
    const ids = jsonValues(tail.stdout).map((event) => String((event as { id: unknown }).id));
    deepStrictEqual(ids.sort(), ["false", "number 1", "number 8"]);
  }));

Deno.test("put puts a last line without a newline, and nothing for empty input", () =>
  withPipeline(async (pipeline) => {
    const none = await pipeline.run(PUT, "");
    deepStrictEqual([none.code, none.stderr], [0, "put 0 events into clicks_prod\n"]);
    const one = await pipeline.run(PUT, '\n\n{"id":12345678901234567890}');
    deepStrictEqual([one.code, one.stderr], [0, "put 1 event into clicks_prod\n"]);
    const tail = await pipeline.run([...TAIL, "--limit", "1"]);
    equal(tail.stdout, '{"id":12345678901234567890}\n');
  }));

Deno.test("put reports a line that is not UTF-8", () =>
  withPipeline(async (pipeline) => {
    const [before, after] = ['{"id":"ä"}\n', '\n{"id":2}\r\n\n{"id":3}'].map(encode);
    const bytes = new Uint8Array([...before!, 0xff, ...after!]);
    const { code, stderr } = await pipeline.run(PUT, bytes);
    equal(code, 1);
    match(stderr, /^triton: line 2: Cannot read event: the line is not UTF-8$/m);
    match(stderr, /^put 3 events into clicks_prod$/m);
  }));

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

Deno.test("put rejects lines that cannot become events, and puts the others", () =>
  withPipeline(async (pipeline) => {
    const lines = [
      '{"id":1,"n":1e400}',
      '{"id":2,"n":12345678901234567890}',
      '{"id":3,"n":123456789012345678901}',
      '{"id":4,"a":{"b":1,"b":2}}',
      '{"id":5,"a":"\\ud800"}',
      `{"id":6,"a":"${"x".repeat(16 * 2 ** 20)}"}`,
      '{"id":7}',
    ];
    const { code, stderr } = await pipeline.run(PUT, lines.join("\n"));
    equal(code, 1);
    deepStrictEqual(stderr.trimEnd().split("\n"), [
      "triton: line 1: Cannot read event at column 13: the number 1e400 is beyond the range of a double",
      "triton: line 3: Cannot read event at column 13: the integer 123456789012345678901 does not fit " +
      "in 64 bits",
      'triton: line 4: Cannot read event at column 20: the object already has the key "b"',
      "triton: line 5: Cannot read event at column 13: the string has half of a surrogate pair",
      "triton: line 6: Cannot read event: the line is longer than 16777216 bytes",
      "put 2 events into clicks_prod",
      "triton: 5 lines could not be put",
    ]);
    const text = await pipeline.run([...PUT, "--big-integers", "text"], lines[2]);
    deepStrictEqual([text.code, text.stderr], [0, "put 1 event into clicks_prod\n"]);
    const tail = await pipeline.run([...TAIL, "--limit", "3"]);
    deepStrictEqual(tail.stdout.trimEnd().split("\n").sort(), [
      '{"id":2,"n":12345678901234567890}',
      '{"id":3,"n":"123456789012345678901"}',
      '{"id":7}',
    ]);
  }));

Deno.test("put prints at SIGTERM how many events were put, and where to resume", () =>
  withPipeline(async (pipeline) => {
    const input = new TransformStream<Uint8Array, Uint8Array>();
    const writer = input.writable.getWriter();
    await using put = new TritonProcess(PUT, { env: pipeline.env, input: input.readable });
    await writer.write(new TextEncoder().encode('{"id":1}\n\n{"id":3}\nno event\n{"id":'));
    await put.until(/line 4/); // so that it has read the lines before
    put.signal("SIGTERM");
    await put.until(/to resume/);
    await writer.close();
    const { stderr } = await put.ended;
    deepStrictEqual(stderr.trimEnd().split("\n").slice(1), [
      "put 2 events into clicks_prod",
      "triton: A signal stopped put; lines 1 to 4 are in the stream, except the 1 line reported above; " +
      "to resume, put the lines after line 4",
    ]);
  }));

Deno.test("put sends an event while its input is still open", () =>
  withPipeline(async (pipeline) => {
    const input = new TransformStream<Uint8Array, Uint8Array>();
    const writer = input.writable.getWriter();
    const put = pipeline.run(PUT, input.readable);
    await writer.write(new TextEncoder().encode('{"id":1}\n'));
    const tail = await pipeline.run([...TAIL, "--limit", "1"]);
    equal(tail.stdout, '{"id":1}\n');
    await writer.close();
    equal((await put).stderr, "put 1 event into clicks_prod\n");
  }));

Deno.test("put --ordered sends events of one key one after the other", () =>
  withPipeline(async (pipeline) => {
    const lines = Array.from({ length: 30 }, (_, n) => `{"id":${n % 2},"n":${n}}\n`);
    const { stderr } = await pipeline.run([...PUT, "--ordered"], lines.join(""));
    equal(stderr, "put 30 events into clicks_prod\n");
    const tail = await pipeline.run([...TAIL, "--limit", "30"]);
    const events = jsonValues(tail.stdout) as { id: unknown; n: unknown }[];
    for (const id of ["0", "1"]) {
      const own = events.filter((event) => String(event.id) === `number ${id}`);
      deepStrictEqual(
        own.map(({ n }) => String(n)),
        Array.from({ length: 15 }, (_, i) => `number ${2 * i + Number(id)}`),
      );
    }
  }));

Deno.test("put needs a partition_key in the configuration", () =>
  withPipeline(async (pipeline) => {
    const config = `${pipeline.directory}/keyless.yaml`;
    await Deno.writeTextFile(config, "clicks:\n  name: clicks_prod\n");
    const { code, stderr } = await pipeline.run([...PUT, "--config", config], '{"id":1}');
    equal(code, 1);
    match(stderr, /^triton: .*keyless\.yaml.*clicks.*partition_key.*\n$/);
  }));

Deno.test("put reports a missing stream in one sentence", () =>
  withPipeline(async (pipeline) => {
    const config = `${pipeline.directory}/other.yaml`;
    await Deno.writeTextFile(config, "clicks:\n  name: nowhere\n  partition_key: id\n");
    const { code, stderr } = await pipeline.run([...PUT, "--config", config], '{"id":1}\n');
    equal(code, 1);
    match(stderr, /^triton: Cannot put [^\n]*"nowhere"[^\n]*not found[^\n]*\n$/);
  }));
