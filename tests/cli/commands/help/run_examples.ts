/**
 * Runs all examples in this process, on local servers and on the day of the examples, and prints
 * a line of JSON for each: what it was, its exit code, and what it printed.
 *
 * @module
 */

import { shift } from "./shift_time.ts";
import { systemClock } from "../../../../src/base/clock.ts";
import type { SequenceNumber, ShardId } from "../../../../src/base/record.ts";
import { main } from "../../../../src/cli/main.ts";
import { openLedger } from "../../../../src/exports/checkpoint.ts";
import type { Output } from "../../../../src/cli/cli_context.ts";
import { startKinesalite } from "../../../support/kinesalite.ts";
import { LOCAL_REGION } from "../../../support/local_kinesis.ts";
import { s3Environment, startS3Server } from "../../../support/s3_server.ts";
import { untilTrue } from "../../../support/within.ts";
import { allHelp } from "./find_examples.ts";
import { type Printed, runLine, type RunProgram } from "./shell.ts";

const STREAMS = ["clicks", "test_clicks", "orders"];
/** How many events are put into `clicks` and `orders`. */
const [EVENTS, ORDERS] = [1_000, 10];

await using kinesis = await startKinesalite();
await using s3 = await startS3Server({ buckets: ["triton-prod", "triton-new", "lake"] });
for (const stream of STREAMS) await kinesis.createStream(`${stream}_prod`, 2);

const env: Record<string, string> = {
  ...s3Environment(s3),
  AWS_REGION: LOCAL_REGION,
  AWS_ENDPOINT_URL_KINESIS: kinesis.url,
  USER: "ann",
  TRITON_CONFIG: "triton.yaml",
  TRITON_BUCKET: "s3://triton-prod",
  TRITON_LISTEN: `127.0.0.1:${freePort()}`,
};
// Not for Deno itself, which has its cache at home.
for (const [name, value] of Object.entries({ ...env, HOME: Deno.cwd() })) Deno.env.set(name, value);
await writeFiles();

const left = new Map((await allHelp()).map(({ command, examples }) => [command, [...examples]]));

// What comes first: events in the streams, then their archives; one of the store is looked at.
await run("put", triton(), 1);
await putNoEvent();
await triton()(["put", "--stream", "orders"], new TextEncoder().encode(eventLines(ORDERS)));
await whileArchiving(EVENTS + 1, async () => await run("health", triton()));
await whileArchiving(ORDERS);
await saveArchives();
await run("put", triton());
await run("tail", fedTail(), 1);
await run("tail", triton({ untilLine: EVENTS }));
await run("stats", triton({ untilLine: 1 }), 1);
const last = ["accept-gap", "move-bucket", "forget"].map((name) => `checkpoint ${name}`);
for (const command of left.keys()) if (!last.includes(command)) await run(command, triton());
await recordGap();
await run("checkpoint accept-gap", triton());
await run("checkpoint move-bucket", triton());
await createAgain("orders_prod");
await run("checkpoint forget", triton());

/** Runs the examples of a command that were not run yet, or the first of them. */
async function run(command: string, program: RunProgram, count?: number): Promise<void> {
  for (const line of left.get(command)!.splice(0, count ?? Infinity)) {
    report(command, line, await runLine(line, program));
  }
}

function report(command: string, line: string, { code, stdout, stderr }: Printed): void {
  const text = new TextDecoder().decode(stdout);
  console.log(JSON.stringify({ command, line, code, stdout: text, stderr }));
}

/** Runs `triton`; with `untilLine`, until it has printed that many lines or redrawn the screen. */
function triton({ untilLine = Infinity, stop = new AbortController() }: {
  readonly untilLine?: number;
  readonly stop?: AbortController;
} = {}): RunProgram {
  return async (args, stdin) => {
    const [out, err]: [Uint8Array[], Uint8Array[]] = [[], []];
    let lines = 0;
    const output = (parts: Uint8Array[]): Output => ({
      isTerminal: false,
      write(data) {
        const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data.slice();
        parts.push(bytes);
        if (parts === out) lines += bytes.filter((byte) => byte === 0x0a).length;
        if (lines >= untilLine) stop.abort();
        return Promise.resolve();
      },
    });
    const code = await main(args, {
      env: { ...Deno.env.toObject() },
      stdin: (async function* () {
        yield await Promise.resolve(stdin);
      })(),
      ...{ stdout: output(out), stderr: output(err), clock: systemClock, signal: stop.signal },
    });
    const [stdout, stderr] = await Promise.all(
      [out, err].map((parts) => new Blob(parts as never[]).bytes()),
    );
    return { code, stdout: stdout!, stderr: new TextDecoder().decode(stderr) };
  };
}

/** Runs `tail` while events come in. */
function fedTail(): RunProgram {
  return async (args, stdin) => {
    let isOver = false;
    const tail = triton()(args, stdin).finally(() => isOver = true);
    while (!isOver) {
      await triton()(["put", "--stream", "clicks"], new TextEncoder().encode(eventLines(1)));
    }
    return await tail;
  };
}

/** Runs an example of `store` until it has read so many records, and then something before it ends. */
async function whileArchiving(records: number, act = async () => {}): Promise<void> {
  const stop = new AbortController();
  let isOver = false;
  const archiving = run("store", triton({ stop }), 1).finally(() => isOver = true);
  await untilTrue(async () => isOver || await recordsRead() >= records, `${records} records read`);
  if (!isOver) await act();
  stop.abort();
  await archiving;
}

/** How many records the store on `TRITON_LISTEN` has read; 0 before it listens. */
async function recordsRead(): Promise<number> {
  try {
    const response = await fetch(`http://${env.TRITON_LISTEN}/status`);
    const { streams }: { streams: readonly Status[] } = await response.json();
    return streams.reduce((sum, { totals }) => sum + (totals["triton.records.read"] ?? 0), 0);
  } catch (error) {
    if (error instanceof TypeError) return 0;
    throw error;
  }
}

interface Status {
  readonly totals: { readonly "triton.records.read"?: number };
}

/** Records a gap, whose ID depends on what is in it. */
async function recordGap(): Promise<void> {
  const whose = { client: "store", stream: "clicks_prod" };
  await using ledger = await openLedger("sqlite://triton.db", { ...whose, clock: systemClock });
  await ledger.recordGap({
    ...{ stream: whose.stream, shardId: "shardId-000000000000" as ShardId, reason: "retention" },
    ...{ after: "1" as SequenceNumber, until: "2" as SequenceNumber, recordedAt: new Date() },
  });
}

/** Puts a record that is not an event. */
async function putNoEvent(): Promise<void> {
  const data = new TextEncoder().encode("no event");
  await kinesis.kinesis.putRecords("clicks_prod", [{ partitionKey: "a", data }]);
}

/** Deletes a stream, and creates it again a minute later. */
async function createAgain(StreamName: string): Promise<void> {
  await kinesis.client.deleteStream({ StreamName });
  while ((await kinesis.client.listStreams({})).StreamNames!.includes(StreamName));
  shift.ms += 60_000;
  await kinesis.createStream(StreamName, 2);
}

/** Saves the files of the archive in the current folder, as a user downloads them. */
async function saveArchives(): Promise<void> {
  for (const [key, { body }] of s3.buckets.get("triton-prod")!) {
    if (key.endsWith(".tri")) await Deno.writeFile(key.replaceAll("/", "-"), body);
  }
}

async function writeFiles(): Promise<void> {
  const config = STREAMS.map((name) => `${name}: { name: ${name}_prod, partition_key: id }\n`);
  await Deno.writeTextFile("triton.yaml", config.join(""));
  await Deno.writeTextFile("clicks.ndjson", eventLines(EVENTS));
  for (const folder of [".config/fish/completions", ".zfunc"]) {
    await Deno.mkdir(`${Deno.env.get("HOME")}/${folder}`, { recursive: true });
  }
}

function eventLines(count: number): string {
  return Array.from({ length: count }, (_, id) => `{"id":"${id}","page":"/${id % 7}"}\n`).join("");
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
