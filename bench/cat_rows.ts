/** Rows for printing archived events. */

import { FIRST_DAY, STREAM } from "./support/archives.ts";
import { type MeasuredOptions, runMeasured, type Usage } from "./support/child.ts";
import type { Case } from "./support/measure.ts";
import { PipeReader } from "./support/pipe.ts";
import type { Tree } from "./support/tree.ts";
import { BUCKET, type Row, type Workbench } from "./support/workbench.ts";

/** Latency of every S3 request, in milliseconds. */
export const LATENCY_MS = 30;

/** `cat` of one archive, as a whole process, compared with gzip on the same bytes. */
function* catFile(bench: Workbench): Generator<Case> {
  const raw = bench.path("events.msgpack");
  Deno.writeFileSync(raw, bench.joined);
  yield {
    ...catFiles(bench, 1),
    others: { "gzip -1": () => toPipe(bench, ["gzip", "-1", "-c", raw]) },
  };
}

/** `cat` of files that are large enough for two threads. */
function* catLarge(bench: Workbench): Generator<Case> {
  yield catFiles(bench, 6);
}

function catFiles(bench: Workbench, times: number): Case {
  const files = Array<string>(times).fill(bench.archiveFile);
  const megabytes = times * bench.megabytes;
  return {
    what: `cat of ${megabytes.toFixed(1)} MB, archives: ${times}, from files to a pipe`,
    amount: megabytes,
    unit: "MB",
    measure: ({ triton }) => toPipe(bench, [...triton, "cat", ...files]),
  };
}

/** `cat` of 200 archives from S3. */
async function* catS3(bench: Workbench): AsyncGenerator<Case> {
  const archives = 200;
  const made = bench.makeArchives(archives, bench.events.length / archives);
  await using s3 = await bench.startS3(made, { latencyMs: LATENCY_MS });
  const each = (bench.megabytes / archives).toFixed(2);
  yield {
    what: `cat of ${archives} archives of ${each} MB, ${LATENCY_MS} ms a request`,
    amount: bench.megabytes,
    unit: "MB",
    measure: (tree) => catBucket(bench, tree, bench.environment(s3)),
  };
}

/** `cat` of many tiny archives, where only the requests matter. */
async function* catSmall(bench: Workbench): AsyncGenerator<Case> {
  const archives = 1000;
  const made = [...bench.makeArchives(archives, 1)];
  await using s3 = await bench.startS3(made, { latencyMs: LATENCY_MS });
  const size = made.reduce((sum, { body }) => sum + body.length, 0) / archives;
  yield {
    what: `cat of ${archives} archives of ${Math.round(size)} bytes, ${LATENCY_MS} ms a request`,
    amount: archives,
    unit: "archives",
    measure: (tree) => catBucket(bench, tree, bench.environment(s3)),
  };
}

/** `cat` of so much data that growing memory would show. */
async function* catLong(bench: Workbench): AsyncGenerator<Case> {
  const times = 110;
  const copies = bench.copyArchive(times);
  await using s3 = await bench.startS3(copies);
  const megabytes = bench.megabytes * times;
  yield {
    what: `cat of ${times} archives, ${(megabytes / 1000).toFixed(1)} GB, from S3 without latency`,
    amount: megabytes,
    unit: "MB",
    measure: (tree) => catBucket(bench, tree, bench.environment(s3)),
  };
}

function catBucket(
  bench: Workbench,
  { triton }: Tree,
  env: Record<string, string>,
): Promise<Usage> {
  const args = ["--stream", STREAM, "--bucket", `s3://${BUCKET}`, "--start-date", FIRST_DAY];
  return toPipe(bench, [...triton, "cat", ...args], { env });
}

/** Runs a command whose output goes through a pipe to another process. */
async function toPipe(
  bench: Workbench,
  command: readonly string[],
  options: MeasuredOptions = {},
): Promise<Usage> {
  const reader = new PipeReader(bench.path("pipe"));
  let bytes = 0;
  const usage = await runMeasured(command, { ...options, stdout: reader.path })
    .finally(async () => bytes = await reader.close());
  if (bytes === 0) throw new Error(`Nothing came from ${command.at(-1)}`);
  return usage;
}

export const CAT_ROWS: readonly Row[] = [
  { name: "cat", summary: "cat of one archive of 90.9 MB, compared with gzip -1", cases: catFile },
  { name: "cat-545", summary: "cat of 545 MB from files", cases: catLarge },
  { name: "cat-s3", summary: "cat of 200 archives from a slow S3", cases: catS3 },
  { name: "cat-small", summary: "cat of 1,000 archives of 1 KB from a slow S3", cases: catSmall },
  { name: "cat-10gb", summary: "speed and memory of cat over 10 GB", long: true, cases: catLong },
];
