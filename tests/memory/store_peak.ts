/**
 * How much memory a store takes.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import { memoryMb } from "../support/proc.ts";
import { s3Environment, s3Error, type S3Request, startS3Server } from "../support/s3_server.ts";
import { tritonCommand } from "../support/triton_command.ts";
import { untilTrue } from "../support/within.ts";
import {
  type EndlessKinesis,
  type EndlessOptions,
  startEndlessKinesis,
} from "./endless_kinesis.ts";
import { MemoryCgroup } from "./memory_cgroup.ts";

/** A store under test. */
export interface MemoryCase extends EndlessOptions {
  /** How many files it archives. */
  readonly files: number;
  /** `--max-memory`, in MiB. */
  readonly maxMemoryMib: number;
  /** Limit of the control group, in MiB. */
  readonly groupMib: number;
  /** Whether each put hangs until nothing has been read for a second, since memory is full. */
  readonly isStalled?: boolean;
  /** How many streams there are, each with these shards. Default: 1. */
  readonly streams?: number;
  /** Whether the last stream has a bucket that refuses all files. */
  readonly isBucketDown?: boolean;
}

/** A bucket that refuses all files. */
const DOWN = "down";

/** The most resident memory of a store that archives some files, in MB. */
export async function peakOf(options: MemoryCase): Promise<number> {
  await using kinesis = startEndlessKinesis(options);
  await using s3 = await startS3Server({ buckets: ["b", DOWN], direct: true });
  s3.fault = (request) => {
    if (request.bucket === DOWN && request.operation === "PutObject") {
      return s3Error(503, "ServiceUnavailable", request);
    }
    return options.isStalled ? stall(request, kinesis) : undefined;
  };
  const directory = await Deno.makeTempDir();
  const env = { ...s3Environment(s3), AWS_ENDPOINT_URL_KINESIS: kinesis.url };
  const store = await startStore(directory, env, options);
  await using _group = await MemoryCgroup.of(store.pid, options.groupMib);
  try {
    let peak = 0;
    await untilTrue(() => {
      const now = memoryMb(store.pid, "VmHWM");
      ok(now > 0, "the store has ended");
      peak = Math.max(peak, now);
      const keys = [...s3.buckets.get("b")!.keys()];
      return keys.filter((key) => key.endsWith(".tri")).length >= options.files;
    }, `${options.files} files`);
    return peak;
  } finally {
    store.kill("SIGKILL");
    await store.status;
    await Deno.remove(directory, { recursive: true });
  }
}

/** Holds a put until nothing is read any more. */
async function stall({ operation }: S3Request, kinesis: EndlessKinesis): Promise<undefined> {
  if (operation !== "PutObject") return;
  await untilTrue(() => kinesis.idleMs > 1_000, "reading to stop");
}

/** The configuration of the streams. */
function configOf({ streams = 1, isBucketDown }: MemoryCase): string {
  const entry = (_: unknown, n: number) => {
    const archive = isBucketDown && n === streams - 1
      ? `, archive: { bucket: "s3://${DOWN}" }`
      : "";
    return `s${n}: { name: s${n}, region: us-east-1${archive} }\n`;
  };
  return Array.from({ length: streams }, entry).join("");
}

async function startStore(
  directory: string,
  env: Record<string, string>,
  options: MemoryCase,
): Promise<Deno.ChildProcess> {
  await Deno.writeTextFile(`${directory}/t.yaml`, configOf(options));
  const [program, ...args] = tritonCommand();
  return new Deno.Command(program, {
    args: [
      ...[...args, "store", "--all-streams", "--bucket", "s3://b"],
      ...["--config", `${directory}/t.yaml`, "--checkpoint-db", `sqlite://${directory}/t.db`],
      ...["--max-memory", `${options.maxMemoryMib}MiB`],
    ],
    env,
    stdout: "null",
    stderr: "null",
  }).spawn();
}
