/** Rows for engines that read archives. */

import { makeEnvironment } from "../tests/engines/engines_environment.ts";
import { STREAM } from "./support/archives.ts";
import { runMeasured, type Usage } from "./support/child.ts";
import type { Case } from "./support/measure.ts";
import { BUCKET, type Row, type Workbench } from "./support/workbench.ts";

const PROGRAM = new URL("programs/spark_count.py", import.meta.url).pathname;
const SOURCE = new URL("../examples/spark", import.meta.url).pathname;

/** Spark counts the events of 110 archives, with two cores and with one; its heap is 1 GB. */
async function* sparkCount(bench: Workbench): AsyncGenerator<Case> {
  const times = 110;
  const python = await makeEnvironment();
  await using s3 = await bench.startS3(bench.copyArchive(times));
  const events = bench.events.length * times;
  const env = {
    ...bench.environment(s3),
    PYSPARK_PYTHON: python,
    PYTHONPATH: SOURCE,
    SPARK_LOCAL_IP: "127.0.0.1",
  };
  const count = async (cores: number, command: readonly string[]): Promise<Usage> => {
    const triton = bench.path("triton");
    const quoted = command.map((word) => `'${word}'`).join(" ");
    await Deno.writeTextFile(triton, `#!/bin/sh\nexec ${quoted} "$@"\n`, { mode: 0o755 });
    const args = [String(cores), `s3://${BUCKET}`, STREAM, triton, String(events)];
    const stdout = bench.path("peak.txt");
    const usage = await runMeasured([python, PROGRAM, ...args], { env, stdout });
    return { ...usage, peakMb: Number(await Deno.readTextFile(stdout)) };
  };
  let program: readonly string[] = [];
  const megabytes = bench.megabytes * times;
  yield {
    what: `Spark counts ${events} events, ${(megabytes / 1000).toFixed(1)} GB, with two cores`,
    amount: megabytes,
    unit: "MB",
    measure: ({ triton }) => count(2, program = triton),
    others: { "one core": () => count(1, program) },
  };
}

export const ENGINE_ROWS: readonly Row[] = [
  {
    name: "spark-10gb",
    summary: "Spark counts the events of 110 archives, compared with one core",
    long: true,
    cases: sparkCount,
  },
];
