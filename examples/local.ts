/**
 * A local Kinesis and a local S3 that run until Ctrl-C, with earthquakes in a stream.
 *
 * Run it with `deno task local`. It prints how to set the environment for other programs, and the
 * command `triton`. Set the ports with `--kinesis-port` and `--s3-port`. Default: 4567 and 9000; 0 selects a free port.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { putEvents } from "@triton/triton/testing";
import { startKinesalite } from "../tests/support/kinesalite.ts";
import { s3Environment, startS3Server } from "../tests/support/s3_server.ts";

const FOLDER = new URL("../.local/", import.meta.url).pathname;
const PROGRAM = new URL("../cli.ts", import.meta.url).pathname;
const EVENTS = new URL("data/earthquakes.ndjson", import.meta.url);
const CONFIG = `earthquakes:
  name: earthquakes_prod
  partition_key: id
  region: us-east-1
`;

const { values } = parseArgs({
  args: Deno.args,
  options: {
    "kinesis-port": { type: "string", default: "4567" },
    "s3-port": { type: "string", default: "9000" },
    folder: { type: "string", default: FOLDER },
  },
});
const stopped = new Promise<void>((resolve) => {
  Deno.addSignalListener("SIGINT", resolve);
  Deno.addSignalListener("SIGTERM", resolve);
});

await using kinesis = await startKinesalite({ port: Number(values["kinesis-port"]) });
await using s3 = await startS3Server({
  port: Number(values["s3-port"]),
  buckets: ["triton-local"],
});
await kinesis.createStream("earthquakes_prod", 2);
const count = await putEarthquakes();
const files = await writeFiles(values.folder.replace(/\/?$/, "/"));
console.log(`Kinesis and S3 run until Ctrl-C.

  stream   earthquakes_prod, with ${count.toLocaleString("en-US")} earthquakes in 2 shards
  bucket   s3://triton-local, still empty
  config   ${files.config}

In another terminal:

  . ${files.env}
`);
await stopped;

/** Puts the events of `examples/data` into the stream. */
async function putEarthquakes(): Promise<number> {
  const lines = (await Deno.readTextFile(EVENTS)).trimEnd().split("\n");
  const events = lines.map((line) => JSON.parse(line));
  await putEvents(kinesis.kinesis, "earthquakes_prod", events, { partitionKey: "id" });
  return lines.length;
}

/** Writes the configuration, and a shell script that sets the environment and the command `triton`. */
async function writeFiles(folder: string): Promise<{ config: string; env: string }> {
  await Deno.remove(folder, { recursive: true }).catch(() => {}); // from an earlier run
  await Deno.mkdir(folder, { recursive: true });
  const config = `${folder}triton.yaml`;
  await Deno.writeTextFile(config, CONFIG);
  const variables = {
    ...s3Environment(s3),
    AWS_ENDPOINT_URL_KINESIS: kinesis.url,
    TRITON_CONFIG: config,
    TRITON_BUCKET: "s3://triton-local",
    TRITON_DB: `sqlite://${folder}triton.db`,
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}="${value}"\n`);
  const triton = `triton() { "${Deno.execPath()}" run --quiet --allow-all "${PROGRAM}" "$@"; }\n`;
  await Deno.writeTextFile(`${folder}env`, lines.join("") + triton);
  return { config, env: `${folder}env` };
}
