/** Rows for printing archived events. */

import { FIRST_DAY, STREAM } from "./support/archives.ts";
import { type MeasuredOptions, runMeasured, type Usage } from "./support/child.ts";
import { PipeReader } from "./support/pipe.ts";
import { medianRun, type Result } from "./support/result.ts";
import { BUCKET, type Row, type Workbench } from "./support/workbench.ts";

const RUNS = 5;
/** Latency of every S3 request, in milliseconds. */
export const LATENCY_MS = 30;

/** `cat` of one archive, as a whole process, compared with gzip on the same bytes. */
async function catFile(bench: Workbench): Promise<Result[]> {
  const cat = [...bench.triton, "cat", bench.archiveFile];
  const raw = bench.path("events.msgpack");
  await Deno.writeFile(raw, bench.joined);
  const cats: Usage[] = [];
  const gzips: Usage[] = [];
  for (let run = 0; run < RUNS; run++) {
    cats.push(await toPipe(bench, cat));
    gzips.push(await toPipe(bench, ["gzip", "-1", "-c", raw]));
  }
  const [ours, gzip] = [medianRun(cats), medianRun(gzips)];
  const megabytes = bench.joined.length / 1e6;
  return [{
    row: "cat",
    what: `one archive of ${megabytes.toFixed(1)} MB, from a file to a pipe`,
    speed: megabytes / ours.seconds,
    unit: "MB",
    ...ours,
    versus: {
      "gzip -1, wall": ours.seconds / gzip.seconds,
      "gzip -1, CPU": ours.cpuSeconds / gzip.cpuSeconds,
    },
  }, {
    row: "cat",
    what: "(gzip -1 of the same bytes)",
    speed: megabytes / gzip.seconds,
    unit: "MB",
    ...gzip,
  }];
}

/** `cat` of 200 archives from S3, compared with the same events in one local file. */
async function catS3(bench: Workbench): Promise<Result[]> {
  const archives = 200;
  await using s3 = await bench.startS3(
    bench.makeArchives(archives, bench.events.length / archives),
    {
      latencyMs: LATENCY_MS,
    },
  );
  const local: Usage[] = [];
  const remote: Usage[] = [];
  for (let run = 0; run < RUNS; run++) {
    local.push(await toPipe(bench, [...bench.triton, "cat", bench.archiveFile]));
    remote.push(await toPipe(bench, catBucket(bench), { env: bench.environment(s3) }));
  }
  const usage = medianRun(remote);
  const megabytes = bench.joined.length / 1e6;
  return [{
    row: "cat-s3",
    what: `${archives} archives of ${
      (megabytes / archives).toFixed(2)
    } MB, ${LATENCY_MS} ms a request`,
    speed: megabytes / usage.seconds,
    unit: "MB",
    ...usage,
    versus: { "one local file, wall": usage.seconds / medianRun(local).seconds },
  }];
}

/** `cat` of many tiny archives, where only the requests matter. */
async function catSmall(bench: Workbench): Promise<Result[]> {
  const archives = 1000;
  const made = [...bench.makeArchives(archives, 1)];
  await using s3 = await bench.startS3(made, { latencyMs: LATENCY_MS });
  const runs: Usage[] = [];
  for (let run = 0; run < RUNS; run++) {
    runs.push(await toPipe(bench, catBucket(bench), { env: bench.environment(s3) }));
  }
  const usage = medianRun(runs);
  const size = made.reduce((sum, { body }) => sum + body.length, 0) / archives;
  return [{
    row: "cat-small",
    what: `${archives} archives of ${Math.round(size)} bytes, ${LATENCY_MS} ms a request`,
    speed: archives / usage.seconds,
    unit: "archives",
    ...usage,
    cpuMicrosPer: { archive: usage.cpuSeconds / archives * 1e6 },
  }];
}

/** `cat` of so much data that growing memory would show. */
async function catLong(bench: Workbench): Promise<Result[]> {
  const times = 110;
  const [archive] = bench.makeArchives(1, bench.events.length);
  const copies = Array.from({ length: times }, (_, n) => ({
    ...archive!,
    key: archive!.key.replace(/\d+(?=\.tri$)/, (seconds) => String(Number(seconds) + n)),
  }));
  await using s3 = await bench.startS3(copies);
  const usage = await toPipe(bench, catBucket(bench), { env: bench.environment(s3) });
  const megabytes = bench.joined.length / 1e6 * times;
  return [{
    row: "cat-10gb",
    what: `${times} archives, ${(megabytes / 1000).toFixed(1)} GB, from S3 without latency`,
    speed: megabytes / usage.seconds,
    unit: "MB",
    ...usage,
  }];
}

function catBucket({ triton }: Workbench): string[] {
  const args = ["--stream", STREAM, "--bucket", `s3://${BUCKET}`, "--start-date", FIRST_DAY];
  return [...triton, "cat", ...args];
}

/** Runs a command whose output goes through a pipe to another process. */
async function toPipe(
  bench: Workbench,
  command: readonly string[],
  options: MeasuredOptions = {},
): Promise<Usage> {
  const reader = new PipeReader(bench.path("pipe"));
  const usage = await runMeasured(command, { ...options, stdout: reader.path });
  if (await reader.close() === 0) throw new Error(`Nothing came from ${command.at(-1)}`);
  return usage;
}

export const CAT_ROWS: readonly Row[] = [
  { name: "cat", summary: "cat of one archive of 90.9 MB, compared with gzip -1", run: catFile },
  { name: "cat-s3", summary: "cat of 200 archives from a slow S3", run: catS3 },
  { name: "cat-small", summary: "cat of 1,000 archives of 1 KB from a slow S3", run: catSmall },
  { name: "cat-10gb", summary: "memory of cat over 10 GB", long: true, run: catLong },
];
