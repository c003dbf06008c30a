/** The fields of a log event. */

import { configure, reset } from "@logtape/logtape";

/** Runs work, and returns the fields of the events logged meanwhile. */
export async function readLog(
  work: () => Promise<unknown>,
): Promise<Readonly<Record<string, unknown>>[]> {
  const records: Readonly<Record<string, unknown>>[] = [];
  await configure({
    reset: true,
    sinks: { list: ({ properties }) => records.push(properties) },
    loggers: [
      { category: "triton", sinks: ["list"] },
      { category: ["logtape", "meta"], sinks: [], lowestLevel: "error" },
    ],
  });
  try {
    await work();
    return records;
  } finally {
    await reset();
  }
}
