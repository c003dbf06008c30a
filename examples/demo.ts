/**
 * The main job on local servers: puts real events into a stream, archives them into S3 with
 * `triton store`, and reads them back with `triton cat`.
 *
 * Run it with `deno task demo`. With `--triton PATH` it uses a compiled executable.
 *
 * @module
 */

import { deepStrictEqual } from "node:assert/strict";
import { tmpdir } from "node:os";
import { startKinesalite } from "../tests/support/kinesalite.ts";
import { s3Environment, startS3Server } from "../tests/support/s3_server.ts";
import { tritonCommand } from "../tests/support/triton_command.ts";

const EVENTS = new URL("data/earthquakes.ndjson", import.meta.url);
const BUCKET = "triton-demo";
const CONFIG = `earthquakes:
  name: earthquakes_prod
  partition_key: id
  region: us-east-1
`;

const [program, ...programArgs] = tritonCommand(pathOfExecutable());

say("Starting a local Kinesis and a local S3 ...");
await using kinesis = await startKinesalite();
await using s3 = await startS3Server({ buckets: [BUCKET] });
await kinesis.createStream("earthquakes_prod", 2);
const directory = await Deno.makeTempDir({ dir: tmpdir(), prefix: "triton-demo-" });
try {
  await Deno.writeTextFile(`${directory}/triton.yaml`, CONFIG);
  await demo();
} finally {
  await Deno.remove(directory, { recursive: true });
}

async function demo(): Promise<void> {
  const events = await Deno.readTextFile(EVENTS);
  const total = events.trimEnd().split("\n").length;

  say(`\n1. ${count(total)} earthquakes, one JSON object per line, go into the stream.`);
  show("triton put --stream earthquakes < earthquakes.ndjson");
  await run(["put", "--stream", "earthquakes"], events);

  say("\n2. The stream is archived until the process is stopped (here after the last event).");
  show("triton store --stream earthquakes --rotate 2s");
  await store(total);
  show("triton stats --client-name store");
  say(await run(["stats", "--client-name", "store"]));

  const today = new Date().toISOString().slice(0, 10).replaceAll("-", "");
  say("3. The archive is read back.");
  const cat = ["cat", "--stream", "earthquakes", "--start-date", yesterday(), "--end-date", today];
  show(`triton ${cat.join(" ")} | head -n 1 | cut -c 1-100`);
  const output = await run(cat);
  say(`${output.slice(0, 100)}\n`);

  deepStrictEqual(sorted(output), sorted(events));
  say(`${count(total)} events went in, the same ${count(total)} came out, each once.`);
}

/** Runs a command until it exits. Returns its output. */
async function run(args: readonly string[], input = ""): Promise<string> {
  const child = spawn(args);
  const writer = child.stdin.getWriter();
  // A command that fails does not read all its input; its exit code is checked below.
  const fed = writer.write(new TextEncoder().encode(input)).then(() => writer.close())
    .catch(() => {});
  const [stdout, status] = await Promise.all([
    new Response(child.stdout).text(),
    child.status,
    echo(child.stderr, () => {}),
    fed,
  ]);
  if (!status.success) throw new Error(`triton ${args[0]} ended with exit code ${status.code}`);
  return stdout;
}

/** Runs `triton store` until `total` events are archived, then stops it with SIGTERM. */
async function store(total: number): Promise<void> {
  const child = spawn(["store", "--stream", "earthquakes", "--rotate", "2s"]);
  await child.stdin.close();
  let archived = 0;
  const [status] = await Promise.all([
    child.status,
    child.stdout.cancel(),
    echo(child.stderr, (line) => {
      const events = /Archived \S+: (\d+) events/.exec(line);
      if (events === null) return;
      archived += Number(events[1]);
      if (archived === total) child.kill("SIGTERM");
    }),
  ]);
  if (!status.success) throw new Error(`triton store ended with exit code ${status.code}`);
}

function spawn(args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(program, {
    args: [...programArgs, ...args],
    env: {
      ...s3Environment(s3),
      AWS_ENDPOINT_URL_KINESIS: kinesis.url,
      TRITON_BUCKET: `s3://${BUCKET}`,
      TRITON_CONFIG: `${directory}/triton.yaml`,
      TRITON_LOG: "text",
      TRITON_DB: `sqlite://${directory}/triton.db`,
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Prints the output of a command and calls `onLine` with each line. */
async function echo(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      say(line);
      onLine(line);
    }
  }
}

function sorted(lines: string): unknown[] {
  const events = lines.trimEnd().split("\n").map((line) => JSON.parse(line));
  return events.sort((a, b) => a.id < b.id ? -1 : 1);
}

function yesterday(): string {
  return new Date(Date.now() - 86_400_000).toISOString().slice(0, 10).replaceAll("-", "");
}

function pathOfExecutable(): string | undefined {
  const index = Deno.args.indexOf("--triton");
  return index < 0 ? undefined : Deno.args[index + 1];
}

function count(number: number): string {
  return number.toLocaleString("en-US");
}

function show(command: string): void {
  say(`$ ${command}`);
}

function say(text: string): void {
  console.log(text);
}
