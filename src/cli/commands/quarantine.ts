import { Command } from "commander";
import type { ArchivedQuarantine } from "../../archive/mod.ts";
import { TritonError } from "../../base/errors.ts";
import { printable } from "../../base/safe_text.ts";
import { addArchiveOptions, type ArchiveOptions, openStoreOf } from "../options/archive.ts";
import type { CliContext } from "../cli_context.ts";
import { examples } from "../text/help_text.ts";
import { parseShardId } from "../options/options.ts";
import { UsageError } from "../options/usage_error.ts";
import { BatchedOutput } from "../text/batched_output.ts";
import { wrapCells } from "../text/fit.ts";
import { jsonLine, say, tabLine } from "../text/say.ts";

interface QuarantineOptions extends ArchiveOptions {
  readonly raw?: string;
  readonly shard?: string;
  readonly json?: boolean;
}

/** `triton quarantine`: lists archived records that are not events. */
export function quarantineCommand(context: CliContext): Command {
  const command = new Command("quarantine")
    .description(
      "Prints one tab-separated line for each record that is in quarantine because it is not an event: " +
        "shard, sequence number, arrival time, size in bytes, partition key, reason and archive. If the " +
        "Kinesis Producer Library aggregated the record with others, its index in the aggregate follows " +
        "the sequence number, as in 4959...2/0.",
    );
  return addArchiveOptions(command)
    .option("--shard <id>", "only records of this shard", parseShardId)
    .option("--raw <sequence number>", "write the original bytes of this record")
    .option("--json", "print one JSON object per line, with the bytes as base64")
    .addHelpText(
      "after",
      examples({
        "what is in quarantine, and why": "triton quarantine --stream clicks",
        "as JSON, with the bytes as base64": "triton quarantine --stream clicks --json",
      }),
    )
    .action((options: QuarantineOptions) => quarantine(options, context));
}

async function quarantine(options: QuarantineOptions, context: CliContext): Promise<void> {
  if (options.raw !== undefined && options.json === true) {
    throw new UsageError("Cannot print --raw bytes as --json: pass only one of them");
  }
  const { listQuarantine } = await import("../../archive/quarantined.ts");
  const { selection, store: opened } = await openStoreOf(options, context);
  await using store = opened;
  const found: ArchivedQuarantine[] = [];
  const { columns } = context.stdout;
  const print = options.json === true
    ? jsonLine
    : columns === undefined
    ? toLine
    : (record: ArchivedQuarantine) => toBlock(record, columns);
  let count = 0;
  const output = new BatchedOutput(context.stdout);
  try {
    for await (const record of listQuarantine(store, selection)) {
      if (options.shard !== undefined && record.shardId !== options.shard) continue;
      count++;
      if (options.raw === undefined) {
        await output.write(print(record));
      } else if (record.sequenceNumber === options.raw || placeOf(record) === options.raw) {
        found.push(record);
      }
    }
  } finally {
    await output.end();
  }
  if (options.raw !== undefined) {
    return await context.stdout.write(theOne(found, options.raw).data);
  }
  if (count === 0 && context.stderr.isTerminal) {
    await say(context, `No records of ${options.stream} are in quarantine`);
  }
}

function theOne(found: readonly ArchivedQuarantine[], raw: string): ArchivedQuarantine {
  // An aggregate may be in quarantine as a whole, and so may some of its records.
  const exact = found.filter((record) => placeOf(record) === raw);
  const [first, second] = exact.length > 0 ? exact : found;
  if (first === undefined) {
    throw new TritonError(`Cannot print record ${raw}: it is not in quarantine`);
  }
  if (second === undefined) return first;
  throw new TritonError(
    `Cannot print record ${raw}: it is ambiguous: there is ${nameOf(first)} and ${
      nameOf(second)
    }; ` +
      (placeOf(first) === placeOf(second)
        ? "pass --shard, --client-name or a day"
        : `pass --raw ${placeOf(first)}, for example`),
  );
}

function nameOf(record: ArchivedQuarantine): string {
  const which = record.subSequenceNumber === undefined ? "one" : placeOf(record);
  return `${which} of ${record.shardId} in "${record.key}"`;
}

/** The sequence number, and the index in the aggregate if there is one. */
function placeOf({ sequenceNumber, subSequenceNumber }: ArchivedQuarantine): string {
  return subSequenceNumber === undefined
    ? sequenceNumber
    : `${sequenceNumber}/${subSequenceNumber}`;
}

function cellsOf(record: ArchivedQuarantine): string[] {
  const { shardId, arrivedAt, data, partitionKey, reason, key } = record;
  const time = arrivedAt.toISOString();
  return [shardId, placeOf(record), time, String(data.length), partitionKey, reason, key];
}

function toLine(record: ArchivedQuarantine): string {
  return tabLine(cellsOf(record));
}

/** On a terminal: nothing is cut, because --raw needs the whole sequence number. */
function toBlock(record: ArchivedQuarantine, columns: number): string {
  return `${wrapCells(cellsOf(record).map(printable), columns)}\n`;
}
