/** Rows for archives of many files. */

import { LATENCY_MS } from "./cat_rows.ts";
import { FIRST_DAY, makeArchives, STREAM } from "./support/archives.ts";
import { runMeasured } from "./support/child.ts";
import type { Case } from "./support/measure.ts";
import { BUCKET, type Row, type Workbench } from "./support/workbench.ts";

/** The last day of archives that are 8 seconds apart, 100,000 of them. */
const LAST_DAY = "20151010";

/** `verify` of many archives. */
async function* verifyMany(bench: Workbench): AsyncGenerator<Case> {
  const archives = 10_000;
  await using s3 = await bench.startS3(bench.makeArchives(archives, 1), { latencyMs: LATENCY_MS });
  const args = ["--stream", STREAM, "--bucket", `s3://${BUCKET}`];
  const days = ["--start-date", FIRST_DAY, "--end-date", FIRST_DAY];
  yield {
    what: `verify of ${archives} archives, ${LATENCY_MS} ms a request`,
    amount: archives,
    unit: "archives",
    measure: ({ triton }) => {
      return runMeasured([...triton, "verify", ...args, ...days], { env: bench.environment(s3) });
    },
  };
}

/** Listing growing numbers of archives: the cost per archive should stay the same. */
async function* listGrowing(bench: Workbench): AsyncGenerator<Case> {
  const list = [`s3://${BUCKET}`, STREAM, FIRST_DAY, LAST_DAY];
  for (const archives of [10, 1_000, 100_000]) {
    const made = makeArchives(bench.events, { archives, eventsEach: 1, secondsApart: 8 });
    await using s3 = await bench.startS3(made);
    const env = bench.environment(s3);
    yield {
      what: `listing ${archives} archives over 10 days, from S3 without latency`,
      amount: archives,
      unit: "archives",
      measure: (tree) => runMeasured(tree.program("list_archives.ts", ...list), { env }),
    };
  }
}

export const ARCHIVE_ROWS: readonly Row[] = [
  {
    name: "verify",
    summary: "verify of 10,000 archives on a slow S3",
    long: true,
    cases: verifyMany,
  },
  { name: "list", summary: "listing 10, 1,000 and 100,000 archives", cases: listGrowing },
];
