import { Buffer } from "node:buffer";
import { Command } from "commander";
import type { ArchivedQuarantine } from "../../archive/mod.ts";
import { TritonError } from "../../base/errors.ts";
import { addArchiveOptions, type ArchiveOptions, openStoreOf } from "../options/archive_options.ts";
import type { CliContext } from "../cli_context.ts";
import { parseShardId } from "../options/options.ts";
import { UsageError } from "../options/usage_error.ts";
import { jsonLine, say, tabLine } from "../text/say.ts";

interface QuarantineOptions extends ArchiveOptions {
  readonly raw?: string;
  readonly shard?: string;
  readonly json?: boolean;
}

/** `triton quarantine`: archived records that are not events. */
export function quarantineCommand(context: CliContext): Command {
  const command = new Command("quarantine")
    .summary("list archived records that are not events")
    .description(
      "Prints a line for each record that was put into quarantine because it is not an event: shard, " +
        "sequence number, arrival, size in bytes, partition key, reason and archive, with tabs between. " +
        "A record that the Kinesis Producer Library had aggregated with others has its place among them " +
        "after the sequence number, as in 4959...2/0.",
    );
  return addArchiveOptions(command)
    .option("--shard <id>", "only records of this shard", parseShardId)
    .option("--raw <sequence number>", "write the bytes of this record, as they were put")
    .option("--json", "print one JSON object a line, with the bytes as base64")
    .action((options: QuarantineOptions) => quarantine(options, context));
}

async function quarantine(options: QuarantineOptions, context: CliContext): Promise<void> {
  if (options.raw !== undefined && options.json === true) {
    throw new UsageError("Cannot print --raw bytes as --json: leave one out");
  }
  const { listQuarantine } = await import("../../archive/mod.ts");
  const { config, store: opened } = await openStoreOf(options, context);
  await using store = opened;
  const found: ArchivedQuarantine[] = [];
  const records = listQuarantine(store, {
    stream: config.name,
    from: options.startDate,
    to: options.endDate,
    client: options.clientName,
    clock: context.clock,
  });
  let count = 0;
  for await (const record of records) {
    if (options.shard !== undefined && record.shardId !== options.shard) continue;
    count++;
    if (options.raw === undefined) {
      await context.stdout.write(options.json === true ? toJson(record) : toLine(record));
    } else if (record.sequenceNumber === options.raw || placeOf(record) === options.raw) {
      found.push(record);
    }
  }
  if (options.raw !== undefined) {
    return await context.stdout.write(theOne(found, options.raw).data);
  }
  if (count === 0 && context.stderr.isTerminal) {
    await say(context, `No record of ${options.stream} is in quarantine`);
  }
}

function theOne(found: readonly ArchivedQuarantine[], raw: string): ArchivedQuarantine {
  // An aggregate may be there whole, and parts of it.
  const exact = found.filter((record) => placeOf(record) === raw);
  const [first, second] = exact.length > 0 ? exact : found;
  if (first === undefined) {
    throw new TritonError(`Cannot find record ${raw} in quarantine`);
  }
  if (second === undefined) return first;
  throw new TritonError(
    `Cannot tell which record ${raw} is meant: there is ${nameOf(first)} and ${nameOf(second)}; ` +
      (placeOf(first) === placeOf(second)
        ? "pass --shard, --client-name or a day"
        : `pass --raw ${placeOf(first)}, for example`),
  );
}

function nameOf(record: ArchivedQuarantine): string {
  const which = record.subSequenceNumber === undefined ? "one" : placeOf(record);
  return `${which} of ${record.shardId} in "${record.key}"`;
}

/** The sequence number, and the place among those that share it. */
function placeOf({ sequenceNumber, subSequenceNumber }: ArchivedQuarantine): string {
  return subSequenceNumber === undefined
    ? sequenceNumber
    : `${sequenceNumber}/${subSequenceNumber}`;
}

function toLine(record: ArchivedQuarantine): string {
  const { shardId, arrivedAt, data, partitionKey, reason, key } = record;
  const time = arrivedAt.toISOString();
  return tabLine([shardId, placeOf(record), time, data.length, partitionKey, reason, key]);
}

function toJson({ shardId, data, ...record }: ArchivedQuarantine): string {
  const { key, sequenceNumber, subSequenceNumber, partitionKey, arrivedAt, reason } = record;
  return jsonLine({
    ...{ shardId, sequenceNumber, subSequenceNumber, partitionKey, arrivedAt, reason, key },
    size: data.length,
    data: Buffer.from(data.buffer, data.byteOffset, data.length).toString("base64"),
  });
}
