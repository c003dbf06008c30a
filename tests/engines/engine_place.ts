/** A bucket with archives on a local S3, and programs that read it. */

import { equal } from "node:assert/strict";
import { join } from "node:path";
import {
  EMPTY_ARCHIVE,
  encodeEvent,
  encodeMsgpack,
  formatArchiveKey,
} from "../../src/codec/mod.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { FIRST_DAY, type MadeArchive, makeArchives, STREAM } from "../../bench/support/archives.ts";
import { s3Environment, type S3Server, startS3Server } from "../support/s3_server.ts";
import { tritonCommand } from "../support/triton_command.ts";

const ROOT = new URL("../../", import.meta.url);
const EARTHQUAKES = new URL("examples/data/earthquakes.ndjson", ROOT);
const BUCKET = "triton-lake";
/** When the last archive was created, which holds no event. */
const LAST = new Date("2015-10-02T00:00:00Z");

/** A stream with one archive, which cannot be read. */
export const DAMAGED = "damaged";

/** What a program printed, and how it ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The place of a test. */
export interface EnginePlace {
  /** A folder for files, which is removed at the end. */
  readonly folder: string;
  /** The URL of the bucket. */
  readonly bucket: string;
  /** The stream of the archives, and its first day. */
  readonly stream: string;
  readonly firstDay: string;
  readonly s3: S3Server;
  /** Keys of the archives, in order. */
  readonly keys: readonly string[];
  /** Number of events in all archives. */
  readonly events: number;
  /** Puts an object beside the archives. */
  put(key: string, body: Uint8Array): void;
  /** Runs `triton`, which must succeed, and returns what it prints. */
  triton(...args: readonly string[]): Promise<string>;
  /** Prints all archives. */
  cat(...args: readonly string[]): Promise<string>;
  /** Runs a Python program of this folder, or Python code, in which `triton` is on the PATH. */
  python(program: string, ...args: readonly string[]): Promise<Ended>;
  /** Runs a shell command, in which `triton` and `python` are on the PATH. */
  shell(command: string): Promise<Ended>;
}

/** Events of all kinds: earthquakes, and what JSON readers may stumble over. */
async function makeEvents(): Promise<Uint8Array[]> {
  const lines = (await Deno.readTextFile(EARTHQUAKES)).trimEnd().split("\n");
  const odd = [
    {},
    { text: 'quotes " and \\ and \u2028, \u0000 and 🌍', empty: "", nothing: null },
    { large: 18446744073709551615n, small: -9223372036854775808n, half: 0.5, tiny: 5e-324 },
    { bytes: new Uint8Array([0, 255, 10]), nested: { list: [1, [2, { three: 3 }], []] } },
    { long: "x".repeat(200_000) },
    { _file: "own", _index: -1 },
  ].map(encodeEvent);
  // A key that is text in MessagePack, but not in UTF-16.
  const key = concatBytes([Uint8Array.of(0x81), encodeMsgpack("schlüssel"), Uint8Array.of(0xc3)]);
  return [...lines.map((line) => encodeEvent(JSON.parse(line))), ...odd, key];
}

/** Number of earthquakes among JSON lines, of magnitude 5 or more. */
export function strongIn(lines: string): number {
  const events = lines.trimEnd().split("\n").map((line) => JSON.parse(line));
  return events.filter(({ properties }) => properties?.mag >= 5).length;
}

/** Runs a test with ten archives of different sizes, and one that holds no event. */
export async function withEngines(test: (place: EnginePlace) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "triton-engines-" });
  await using s3 = await startS3Server({ buckets: [BUCKET] });
  try {
    const events = await makeEvents();
    const eventsEach = Math.ceil(events.length / 10);
    const archives = [...makeArchives(events, { archives: 10, eventsEach, secondsApart: 7_200 })];
    await test(await placeIn(folder, s3, archives, eventsEach * 10));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function placeIn(
  folder: string,
  s3: S3Server,
  archives: readonly MadeArchive[],
  events: number,
): Promise<EnginePlace> {
  const config = join(folder, "triton.yaml");
  const settings = [STREAM, DAMAGED].map((name) => `${name}:\n  name: ${name}\n`);
  await Deno.writeTextFile(config, settings.join(""));
  const path = `${await makePrograms(folder)}:${Deno.env.get("PATH")}`;
  const env = { ...s3Environment(s3), TRITON_CONFIG: config, PATH: path, ...sparkVariables() };
  const run = async (program: string, args: readonly string[]): Promise<Ended> => {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      ...{ args: [...args], env, cwd: folder, stdin: "null" },
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, stdout: out!, stderr: err! };
  };
  const put = (key: string, body: Uint8Array): void => {
    s3.buckets.get(BUCKET)!.set(key, { body, etag: '"0"', modifiedAt: new Date(), metadata: {} });
  };
  for (const { key, body } of archives) put(key, body);
  put(formatArchiveKey({ stream: STREAM, client: "store", createdAt: LAST }), EMPTY_ARCHIVE);
  put(formatArchiveKey({ stream: DAMAGED, client: "store", createdAt: LAST }), new Uint8Array(99));
  const bucket = `s3://${BUCKET}`;
  const triton = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await run("triton", args);
    equal(code, 0, stderr);
    return stdout;
  };
  const days = ["--start-date", FIRST_DAY, "--end-date", "20151002"];
  return {
    ...{ folder, bucket, stream: STREAM, firstDay: FIRST_DAY, s3, put, triton, events },
    keys: archives.map(({ key }) => key),
    cat: (...args) => triton("cat", "--stream", STREAM, "--bucket", bucket, ...days, ...args),
    python: (program, ...args) =>
      run("python", [new URL(program, import.meta.url).pathname, ...args]),
    shell: (command) => run("bash", ["-o", "pipefail", "-c", command]),
  };
}

/** Makes `triton` and `python` in a folder for the PATH. */
async function makePrograms(folder: string): Promise<string> {
  const bin = join(folder, "bin");
  await Deno.mkdir(bin);
  const quoted = tritonCommand().map((word) => `'${word}'`).join(" ");
  for (
    const [name, command] of [["triton", quoted], ["python", `'${pythonOfEngines()}'`]] as const
  ) {
    await Deno.writeTextFile(join(bin, name), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  }
  return bin;
}

/** Python for Spark's workers, where they find the example, and the address for the driver. */
function sparkVariables(): Record<string, string> {
  return {
    PYSPARK_PYTHON: pythonOfEngines(),
    PYTHONPATH: new URL("examples/spark", ROOT).pathname,
    SPARK_LOCAL_IP: "127.0.0.1",
  };
}

function pythonOfEngines(): string {
  const python = Deno.env.get("TRITON_ENGINES_PYTHON");
  if (python !== undefined) return python;
  throw new Error("Run deno task test:engines, which installs the engines");
}
