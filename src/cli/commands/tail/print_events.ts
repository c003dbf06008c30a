import { NdjsonWriter } from "../../../codec/json/write.ts";
import type { TritonRecord } from "../../../base/record.ts";
import type { BatchedOutput } from "../../text/batched_output.ts";

/** Prints events as JSON lines: those that are at hand in one write, and the newest without delay. */
export async function printEvents(
  events: AsyncIterable<TritonRecord>,
  output: BatchedOutput,
  limit = Infinity,
): Promise<void> {
  const writer = new NdjsonWriter();
  let left = limit;
  try {
    for await (const { raw } of events) {
      const written = output.write(writer.write(raw));
      if (written !== undefined) await written;
      if (--left <= 0) break;
    }
  } finally {
    await output.end();
  }
}
