import { NdjsonWriter } from "../../../codec/json/write.ts";
import type { StreamConfig } from "../../../config/mod.ts";
import type { StreamRecord } from "../../../base/record.ts";
import type { GroupBatch } from "../../../stream/group/batch.ts";
import type { CliContext } from "../../cli_context.ts";
import { startPosition } from "../../options/stream_config.ts";
import { say } from "../../text/say.ts";
import { untilAborted } from "../put/read_lines.ts";
import { Acknowledgements } from "./acknowledgements.ts";

/** How a group is read. */
export interface TailGroupOptions {
  /** Name of the group. */
  readonly group: string;
  /** When a line counts as processed. */
  readonly ack: "stdin" | "written";
  /** URL of the group's database. */
  readonly checkpointDb: string;
  /** Where a new group begins. Default: at the oldest record. */
  readonly from?: string;
  /** How many events to print at least. */
  readonly limit?: number;
}

/** How many lines of a shard are printed before they are acknowledged. */
const MAX_AHEAD = 100;

/** How long a shard that is handed over waits for acknowledgements, in milliseconds. */
const DRAIN_MS = 10_000;

/** How long connections may take to close after that, in milliseconds. */
const CLOSING_MS = 5_000;

/** Prints the records that a member of a group gets, and saves their positions once they count as processed. */
export async function tailGroup(
  config: StreamConfig,
  options: TailGroupOptions,
  context: CliContext,
): Promise<void> {
  const { openGroup } = await import("../../../stream/group/open_group.ts");
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  context.endWithin?.(DRAIN_MS + CLOSING_MS);
  await using group = await openGroup(config, {
    ...{ database: options.checkpointDb, client: options.group, worker: "tail", signal },
    ...{ from: await startPosition(options.from ?? "trim-horizon", context), clock: context.clock },
    ...{ drainMs: DRAIN_MS, stallMs: Infinity, retries: 0 }, // a line is printed once by a member
    onInvalid: (error) => say(context, error.message),
  });
  const writer = new NdjsonWriter();
  const acks = options.ack === "stdin" ? new Acknowledgements() : undefined;
  const over = new AbortController();
  // Also while the group is being left: lines that are acknowledged by then are not delivered again.
  const reading = acks?.read(untilAborted(context.stdin, over.signal)).then(() => stop.abort());
  let left = options.limit ?? Infinity;
  let failure: { readonly error: unknown } | undefined;
  // A group tries again after a lost connection, but nobody can read the lines of a closed pipe.
  const fail = (error: unknown) => {
    failure ??= { error };
    stop.abort();
    throw error;
  };
  const print = async ({ records, signal }: GroupBatch) => {
    const count = acks?.print(records.length) ?? 0;
    await context.stdout.write(toLines(records, writer)).catch(fail);
    await acks?.reach(count, signal);
    left -= records.length;
    if (left <= 0) stop.abort();
  };
  const limited = { maxRecords: Math.min(MAX_AHEAD, left), concurrency: 1 };
  const unlimited = { maxRecords: MAX_AHEAD, concurrency: 1_000 };
  try {
    await group.runBatches(print, { ...(left === Infinity ? unlimited : limited), maxWaitMs: 0 });
    if (failure !== undefined) throw failure.error;
    acks?.throwIfFailed();
  } catch (error) {
    if (acks?.isDone !== true) throw error;
  } finally {
    over.abort();
    await reading;
  }
}

/** The lines of records; a copy, because another shard's may follow before they are written. */
function toLines(records: readonly StreamRecord[], writer: NdjsonWriter): Uint8Array {
  for (const { raw } of records) writer.add(raw);
  return writer.take().slice();
}
