/** Rows for archives of many files. */

import { LATENCY_MS } from "./cat_rows.ts";
import { FIRST_DAY, makeArchives, STREAM } from "./support/archives.ts";
import { runMeasured } from "./support/child.ts";
import type { Result } from "./support/result.ts";
import { BUCKET, type Row, type Workbench } from "./support/workbench.ts";

/** The last day of archives that are 8 seconds apart, 100,000 of them. */
const LAST_DAY = "20151010";

/** `verify` of many archives. */
async function verifyMany(bench: Workbench): Promise<Result[]> {
  const archives = 10_000;
  await using s3 = await bench.startS3(bench.makeArchives(archives, 1), { latencyMs: LATENCY_MS });
  const args = ["--stream", STREAM, "--bucket", `s3://${BUCKET}`];
  const days = ["--start-date", FIRST_DAY, "--end-date", FIRST_DAY];
  const usage = await runMeasured([...bench.triton, "verify", ...args, ...days], {
    env: bench.environment(s3),
  });
  const requests = Object.values(s3.counts).reduce((sum, count) => sum + count, 0);
  return [{
    row: "verify",
    what: `${archives} archives, ${requests} requests of ${LATENCY_MS} ms`,
    speed: archives / usage.seconds,
    unit: "archives",
    ...usage,
    cpuMicrosPer: { archive: usage.cpuSeconds / archives * 1e6 },
  }];
}

/** Listing growing numbers of archives: the cost per archive should stay the same. */
async function* listGrowing(bench: Workbench): AsyncGenerator<Result> {
  const program = new URL("programs/list_archives.ts", import.meta.url).pathname;
  const list = [program, `s3://${BUCKET}`, STREAM, FIRST_DAY, LAST_DAY];
  for (const archives of [10, 1_000, 100_000]) {
    const made = makeArchives(bench.events, { archives, eventsEach: 1, secondsApart: 8 });
    await using s3 = await bench.startS3(made);
    const usage = await runMeasured([Deno.execPath(), "run", "--quiet", "-A", ...list], {
      env: bench.environment(s3),
    });
    yield {
      row: "list",
      what: `${archives} archives over 10 days, from S3 without latency`,
      speed: archives / usage.seconds,
      unit: "archives",
      ...usage,
      cpuMicrosPer: { archive: usage.cpuSeconds / archives * 1e6 },
    };
  }
}

export const ARCHIVE_ROWS: readonly Row[] = [
  { name: "verify", summary: "verify of 10,000 archives on a slow S3", run: verifyMany },
  { name: "list", summary: "listing 10, 1,000 and 100,000 archives", run: listGrowing },
];
