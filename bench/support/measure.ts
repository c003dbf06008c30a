/** Measuring and printing throughput. */

/** One thing to measure: work on so many bytes. */
export interface Step {
  readonly name: string;
  /** What is compared: the same step by different means. */
  readonly by: string;
  readonly bytes: number;
  run(): void | Promise<void>;
}

/** What came out of one step, in MB (10^6 bytes) a second. */
export interface Result {
  readonly name: string;
  readonly by: string;
  readonly median: number;
  readonly best: number;
}

/** Runs every step once to warm up, then all in turn, so that a busy moment hits them alike. */
export async function measure(steps: readonly Step[], runs: number): Promise<Result[]> {
  for (const step of steps) await step.run();
  const speeds = steps.map((): number[] => []);
  for (let run = 0; run < runs; run++) {
    for (const [n, step] of steps.entries()) {
      const start = performance.now();
      await step.run();
      speeds[n]!.push(step.bytes / (performance.now() - start) / 1000);
    }
  }
  return steps.map(({ name, by }, n) => {
    const sorted = speeds[n]!.sort((a, b) => a - b);
    return { name, by, median: sorted[sorted.length >> 1]!, best: sorted.at(-1)! };
  });
}

/** Prints results as a table. */
export function printTable(title: string, results: readonly Result[]): void {
  console.log(`\n${title}`);
  console.log(
    `${"step".padEnd(22)}${"by".padEnd(32)}${"median MB/s".padStart(12)}${"best".padStart(8)}`,
  );
  for (const { name, by, median, best } of results) {
    const numbers = median.toFixed(0).padStart(12) + best.toFixed(0).padStart(8);
    console.log(`${name.padEnd(22)}${by.padEnd(32)}${numbers}`);
  }
}
