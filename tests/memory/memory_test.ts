import { ok } from "node:assert/strict";
import { memoryMb } from "../support/proc.ts";
import { s3Environment, startS3Server } from "../support/s3_server.ts";
import { tritonCommand } from "../support/triton_command.ts";
import { untilTrue } from "../support/triton_process.ts";
import { type EndlessOptions, startEndlessKinesis } from "./endless_kinesis.ts";

const CGROUPS = "/sys/fs/cgroup/memory";
/** `--max-memory`, in MB. */
const MAX_MEMORY_MB = 32 * 1.048576;

/** Limits a process to 512 MiB by a cgroup (v1), where those can be written. */
async function limit(pid: number): Promise<() => Promise<void>> {
  const group = `${CGROUPS}/triton-test-${pid}`;
  try {
    await Deno.mkdir(group);
    await Deno.writeTextFile(`${group}/memory.limit_in_bytes`, String(512 << 20));
    await Deno.writeTextFile(`${group}/cgroup.procs`, String(pid));
  } catch (error) {
    console.error(`WARNING: no cgroup can be written here, memory is only measured: ${error}`);
    return () => Promise.resolve();
  }
  return () => Deno.remove(group).catch(() => {});
}

/** The most resident memory of a store that archives some files, in MB. */
async function peakOf(options: EndlessOptions, files: number): Promise<number> {
  const kinesis = startEndlessKinesis(options);
  const directory = await Deno.makeTempDir();
  await using s3 = await startS3Server({ buckets: ["b"], direct: true });
  await Deno.writeTextFile(`${directory}/t.yaml`, "s:\n  name: s\n  region: us-east-1\n");
  const [program, ...args] = tritonCommand();
  const store = new Deno.Command(program, {
    args: [
      ...[...args, "store", "--stream", "s", "--bucket", "s3://b", "--max-memory", "32MiB"],
      ...["--config", `${directory}/t.yaml`, "--checkpoint-db", `sqlite://${directory}/t.db`],
    ],
    env: { ...s3Environment(s3), AWS_ENDPOINT_URL_KINESIS: kinesis.url },
    stdout: "null",
    stderr: "null",
  }).spawn();
  const release = await limit(store.pid);
  try {
    let peak = 0;
    await untilTrue(() => {
      const now = memoryMb(store.pid, "VmHWM");
      ok(now > 0, "the store has ended");
      peak = Math.max(peak, now);
      return (s3.counts.PutObject ?? 0) >= files;
    }, `${files} files`);
    return peak;
  } finally {
    store.kill("SIGKILL");
    await store.status;
    await release();
    await kinesis.server.shutdown();
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test({
  name: "triton store stays below --max-memory and 180 MB, with records of any kind",
  ignore: Deno.build.os !== "linux",
  async fn(test) {
    const usual = { shards: 30, recordBytes: 900_000, records: 10, isEvent: true, cuts: 0 };
    const cases: Record<string, EndlessOptions> = {
      "30 shards, 900 KB": usual,
      "all quarantined": { ...usual, isEvent: false },
      "records of 10 MB": { ...usual, shards: 8, recordBytes: 10_000_000, records: 1 },
    };
    for (const [name, options] of Object.entries(cases)) {
      await test.step(name, async () => {
        const peak = await peakOf(options, 6);
        ok(peak < MAX_MEMORY_MB + 180, `${Math.round(peak)} MB`);
      });
    }
  },
});
