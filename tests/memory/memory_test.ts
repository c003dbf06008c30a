import { ok } from "node:assert/strict";
import { memoryMb } from "../support/proc.ts";
import { s3Environment, startS3Server } from "../support/s3_server.ts";
import { tritonCommand } from "../support/triton_command.ts";
import { untilTrue } from "../support/triton_process.ts";
import { type EndlessOptions, startEndlessKinesis } from "./endless_kinesis.ts";

const CGROUPS = "/sys/fs/cgroup/memory";
/** `--max-memory`, in MB. */
const MAX_MEMORY_MB = 32 * 1.048576;

/** A store under test, and what it may take. */
interface MemoryCase extends EndlessOptions {
  /** Resident memory beside `--max-memory`, in MB. */
  readonly besideMb: number;
  /** Limit of the control group, in MiB; default: 512. */
  readonly groupMib?: number;
}

/** Limits a process by a cgroup (v1), where those can be written. */
async function limit(pid: number, mib: number): Promise<() => Promise<void>> {
  const group = `${CGROUPS}/triton-test-${pid}`;
  try {
    await Deno.mkdir(group);
    await Deno.writeTextFile(`${group}/memory.limit_in_bytes`, String(mib << 20));
    await Deno.writeTextFile(`${group}/cgroup.procs`, String(pid));
  } catch (error) {
    console.error(`WARNING: no cgroup can be written here, memory is only measured: ${error}`);
    return () => Promise.resolve();
  }
  return () => Deno.remove(group).catch(() => {});
}

/** The most resident memory of a store that archives some files, in MB. */
async function peakOf(options: MemoryCase, files: number): Promise<number> {
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
  const release = await limit(store.pid, options.groupMib ?? 512);
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
  name: "triton store stays below --max-memory and 160 MB, or 180 MB with records of any kind",
  ignore: Deno.build.os !== "linux",
  async fn(test) {
    const large = { recordBytes: 900_000, records: 10, isEvent: true, cuts: 0 };
    const small = { recordBytes: 454, isEvent: true, cuts: 0 };
    const cases: Record<string, MemoryCase> = {
      "30 shards, 900 KB": { ...large, shards: 30, besideMb: 160 },
      "60 shards, 1 MB, cut": { ...large, shards: 60, recordBytes: 1e6, cuts: 0.3, besideMb: 160 },
      "all quarantined": { ...large, shards: 30, isEvent: false, besideMb: 180 },
      "records of 10 MB": { ...large, shards: 8, recordBytes: 1e7, records: 1, besideMb: 180 },
      "4 shards, 454 B": { ...small, shards: 4, records: 10_000, besideMb: 160, groupMib: 256 },
      "4 shards, 8 KB": {
        ...{ ...large, shards: 4, recordBytes: 8_000, records: 1_000 },
        ...{ besideMb: 160, groupMib: 256 },
      },
    };
    for (const [name, options] of Object.entries(cases)) {
      await test.step(name, async () => {
        const peak = await peakOf(options, options.shards === 4 ? 4 : 6);
        ok(peak < MAX_MEMORY_MB + options.besideMb, `${Math.round(peak)} MB`);
      });
    }
  },
});
