/**
 * Programs that leave a loop and dispose of nothing: they end.
 *
 * @module
 */

import { deepStrictEqual, equal } from "node:assert/strict";
import { join } from "node:path";
import { openObjectStore } from "../../src/archive/mod.ts";
import { encodeEvent, encodeSnappyFrames } from "../../src/codec/mod.ts";
import { ROOT } from "../docs/markdown.ts";
import { LocalServers } from "../examples/local_servers.ts";
import { startPostgres } from "../support/postgres.ts";
import { within } from "../support/within.ts";

const STREAM = "earthquakes_prod";
const TODAY = new Date().toISOString().slice(0, 10);

/** Runs a program to its end, and returns what it prints. */
async function run({ env, folder }: LocalServers, text: string): Promise<string> {
  const path = join(folder, `${crypto.randomUUID()}.ts`);
  await Deno.writeTextFile(path, text.replace('"@triton/triton"', `"${ROOT}mod.ts"`));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", `--config=${ROOT}deno.json`, path],
    cwd: folder,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  try {
    const { code, stdout, stderr } = await within(child.output(), `the end of: ${text}`);
    const decoder = new TextDecoder();
    equal(code, 0, decoder.decode(stderr));
    return decoder.decode(stdout).trimEnd();
  } catch (error) {
    if ((await Promise.race([child.status, undefined])) === undefined) child.kill("SIGKILL");
    throw error;
  }
}

/** A program that leaves the loop over a reader at a certain record, and prints how many it has read. */
function program(open: string, at = 10, prelude = ""): string {
  return `
import { openArchive, openCheckpointer, openGroup, openHistory, openStream } from "@triton/triton";
${prelude}
const reader = ${open};
let count = 0;
for await (const _ of reader) if (++count === ${at}) break;
console.log(count);
`;
}

/** An archive of files that are larger than what is fetched ahead. */
async function putLargeArchive({ env }: LocalServers): Promise<void> {
  const credentials = {
    accessKeyId: env.AWS_ACCESS_KEY_ID!,
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY!,
  };
  const endpoint = env.AWS_ENDPOINT_URL_S3;
  const place = { endpoint, credentials, region: "us-east-1" };
  await using store = await openObjectStore("s3://triton-local/large", place);
  const body = crypto.getRandomValues(new Uint8Array(60_000));
  const events = Array.from({ length: 400 }, (_, i) => encodeEvent({ i, body }));
  const bytes = await new Blob(events as BlobPart[]).bytes();
  const frames = await Array.fromAsync(encodeSnappyFrames(bytes));
  for (let file = 0; file < 3; file++) {
    const key = `${TODAY.replaceAll("-", "")}/${STREAM}-store-${1_796_000_000 + file}.tri`;
    await store.put(key, await new Blob(frames as BlobPart[]).bytes());
  }
}

Deno.test("a program ends that has left a loop and has nothing else to do", async (t) => {
  await using servers = await LocalServers.start();
  await using postgres = await startPostgres();
  await putLargeArchive(servers);
  const large = `bucket: "s3://triton-local/large", from: "${TODAY}"`;
  const ends = (name: string, text: string, printed = "10") =>
    t.step(name, async () => equal(await run(servers, text), printed));

  await ends("openStream", program(`openStream("${STREAM}")`));
  await ends(
    "openStream, by an error",
    `import { openStream } from "@triton/triton";
try {
  for await (const { data } of openStream("${STREAM}")) throw typeof data;
} catch (error) {
  console.log(error);
}`,
    "object",
  );
  await ends(
    "openStream, caught up",
    program(`openStream("${STREAM}", { idle: true })`, 0),
    "1707",
  );
  await ends(
    "openStream, iterated twice",
    `import { openStream } from "@triton/triton";
const stream = openStream("${STREAM}", { idle: true });
let count = 0;
for await (const _ of stream) if (++count === 700) break;
for await (const _ of stream) count++;
console.log(count);`,
    "1707",
  );
  await ends(
    "openStream, with one record taken",
    `import { openStream } from "@triton/triton";
const records = openStream("${STREAM}")[Symbol.asyncIterator]();
console.log((await records.next()).done);`,
    "false",
  );
  await ends(
    "openStream, positions in PostgreSQL",
    program(
      `openStream("${STREAM}", { checkpointer, autoCheckpoint: { intervalMs: 600_000 } })`,
      10,
      `const checkpointer = await openCheckpointer("${postgres.url}", { client: "pg" });`,
    ),
  );
  await ends(
    "openGroup",
    program(`await openGroup("${STREAM}", { database: "${postgres.url}", client: "g" })`),
  );
  await ends(
    "openArchive",
    program(`openArchive("s3://triton-local/large", { stream: "${STREAM}", from: "${TODAY}" })`),
  );
  await ends("openHistory, in the archive", program(`openHistory("${STREAM}", { ${large} })`));
  await ends(
    "openHistory, live",
    program(
      `openHistory("${STREAM}", { bucket: "memory:", from: new Date(Date.now() - 3_600_000) })`,
    ),
  );

  await t.step("what was processed is saved, and nothing is missed after a restart", async () => {
    const read = (at: number) => `
import { openCheckpointer, openStream } from "@triton/triton";
const checkpointer = await openCheckpointer("sqlite://positions.db", { client: "saving" });
const options = { checkpointer, autoCheckpoint: { every: 1e6 }, idle: true };
const ids = [];
for await (const { sequenceNumber } of openStream("${STREAM}", options)) {
  ids.push(sequenceNumber);
  if (ids.length === ${at}) break;
}
console.log(JSON.stringify(ids));`;
    const first = JSON.parse(await run(servers, read(500)));
    const second = JSON.parse(await run(servers, read(0)));
    deepStrictEqual([first.length, second.length], [500, 1_707 - 499]);
    // The one at which the loop was left comes again.
    deepStrictEqual(second.filter((id: string) => first.includes(id)), [first.at(-1)]);
  });
});
