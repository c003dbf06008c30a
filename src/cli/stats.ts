import { Command } from "commander";
import type { Checkpoint, ClientGap } from "../checkpoint/mod.ts";
import type { CliContext } from "./cli_context.ts";
import { clientOption, databaseOption } from "./options.ts";

interface StatsOptions {
  readonly clientName: string;
  readonly checkpointDb: string;
  readonly json?: boolean;
}

/** `triton stats`: how old each position of a client is. */
export function statsCommand(context: CliContext): Command {
  return new Command("stats")
    .summary("tell how old the positions of a client are")
    .description(
      "Prints a line for each saved position: CLIENT.STREAM.SHARD.age SECONDS NOW, both times in seconds,\n" +
        "as Carbon (Graphite) takes them; and CLIENT.STREAM.SHARD.gaps COUNT NOW for each shard of which\n" +
        "records are known to be lost: dropped by the stream before they were archived, or passed over.",
    )
    .addOption(clientOption("name of the client").makeOptionMandatory())
    .addOption(databaseOption())
    .option("--json", "print one JSON object a line, with the sequence number")
    .action((options: StatsOptions) => stats(options, context));
}

async function stats(options: StatsOptions, context: CliContext): Promise<void> {
  const { openCheckpointer, readHistory } = await import("../checkpoint/mod.ts");
  const { clock } = context;
  const { clientName: client, checkpointDb: url } = options;
  await using checkpointer = await openCheckpointer(url, { client, clock });
  const now = Math.floor(clock.now() / 1000);
  const print = options.json === true ? toJson : toCarbon;
  for (const checkpoint of await checkpointer.list()) {
    await context.stdout.write(`${print(checkpoint, now)}\n`);
  }
  const { gaps } = await readHistory(url, { client });
  const lines = options.json === true ? gaps.map(gapToJson) : gapsToCarbon(gaps, now);
  for (const line of lines) await context.stdout.write(`${line}\n`);
}

/** A line for each shard of which records are known to be lost. */
function gapsToCarbon(gaps: readonly ClientGap[], now: number): string[] {
  const counts = new Map<string, number>();
  for (const { client, stream, shardId } of gaps) {
    const name = `${client}.${stream}.${shardId}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].sort().map(([name, count]) => `${name}.gaps ${count} ${now}`);
}

function gapToJson({ shardId, client, stream, ...gap }: ClientGap): string {
  return JSON.stringify({ gap: { client, stream, shard: shardId, ...gap } });
}

function ageOf(checkpoint: Checkpoint, now: number): number {
  return now - Math.floor(checkpoint.updatedAt.getTime() / 1000);
}

function toCarbon(checkpoint: Checkpoint, now: number): string {
  const { client, stream, shardId } = checkpoint;
  return `${client}.${stream}.${shardId}.age ${ageOf(checkpoint, now)} ${now}`;
}

function toJson(checkpoint: Checkpoint, now: number): string {
  const { client, stream, shardId, sequenceNumber, updatedAt } = checkpoint;
  return JSON.stringify({
    client,
    stream,
    shard: shardId,
    sequenceNumber,
    updatedAt: updatedAt.toISOString(),
    ageSeconds: ageOf(checkpoint, now),
  });
}
