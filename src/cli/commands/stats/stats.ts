import { Command, Option } from "commander";
import { ServiceError } from "../../../base/errors.ts";
import { printable } from "../../../base/safe_text.ts";
import type { CliContext } from "../../cli_context.ts";
import { examples } from "../../text/help_text.ts";
import { clientOption, configOption, databaseOption, parseSeconds } from "../../options/options.ts";
import { GROUPS_UNREADABLE, memberRows } from "../../text/group_text.ts";
import { hang } from "../../text/fit.ts";
import { redact } from "../../text/redact.ts";
import { matchesAny } from "../../options/name_pattern.ts";
import { collect, selectionOf, type SelectionOptions } from "../../options/stream_selection.ts";
import { readConfig } from "../../options/stream_config.ts";
import { UsageError } from "../../options/usage_error.ts";
import { statsRows } from "./stats_rows.ts";
import { toTables } from "./stats_by_stream.ts";
import { type Stats, toCarbon, toJson, toTable } from "./stats_text.ts";
import { colorsOf } from "../../text/table.ts";
import { type Shown, watch } from "./watch.ts";
import { say, textOf } from "../../text/say.ts";

const FORMATS = ["table", "carbon", "json"] as const;

interface StatsOptions extends Pick<SelectionOptions, "stream" | "allStreams" | "except"> {
  readonly clientName?: string;
  readonly checkpointDb: string;
  readonly config?: string;
  readonly format?: typeof FORMATS[number];
  readonly json?: boolean;
  readonly lag?: boolean;
  readonly watch?: number | true;
}

/** Default interval of `--watch`, in milliseconds. */
const WATCH_MS = 2_000;

/** `triton stats`: shows how far each client has come. */
export function statsCommand(context: CliContext): Command {
  return new Command("stats")
    .description(
      "Shows for each shard that a client reads or archives: its owner, its position, when that was " +
        "saved or confirmed, and how many gaps are recorded. On a terminal it prints a table with " +
        "shortened owners and positions. Elsewhere it prints the same lines for Carbon (Graphite) as " +
        "go-triton: CLIENT.STREAM.SHARD.age SECONDS NOW, both in seconds, and CLIENT.STREAM.SHARD.gaps " +
        "COUNT NOW for each shard that lost records because the stream dropped them before they were " +
        "archived, or because they were skipped. For a consumer group, the owner is the member that " +
        "reads the shard, and the table and the JSON also list the members, with the number of their " +
        "shards and the last error of their handler. With several --stream, or --all-streams, each " +
        "stream has a table of its own. Nothing is written to the database.",
    )
    .addOption(clientOption("only this client (default: all clients)"))
    .option(
      "--stream <name>",
      "only this stream, by its logical name (repeatable; default: all of the database)",
      collect,
    )
    .option("--all-streams", "the streams of the configuration, also those without positions")
    .option("--except <pattern>", "not these, such as 'test_*' (repeatable)", collect)
    .addOption(databaseOption())
    .addOption(
      new Option("--format <format>", "output format (default: table on a terminal, else carbon)")
        .choices(FORMATS),
    )
    .option("--json", "same as --format json: one JSON object per line, nothing shortened")
    .option("--lag", "also read from the streams how old the oldest record after each position is")
    .addOption(
      new Option("--watch [seconds]", "repeat until SIGINT, every 2 seconds by default")
        .argParser(parseSeconds),
    )
    .addOption(configOption())
    .addHelpText(
      "after",
      examples({
        "look at positions and lags until Ctrl-C": "triton stats --lag --watch",
        "one JSON object for each shard of a client": "triton stats --client-name store --json",
      }),
    )
    .action((options: StatsOptions) => stats(options, context));
}

async function stats(options: StatsOptions, context: CliContext): Promise<void> {
  const { stdout, env } = context;
  const format = formatOf(options, context);
  const colors = colorsOf(stdout.isTerminal && !env.NO_COLOR);
  const streams = await streamsOf(options, context);
  const table = (stats: Stats) =>
    streams === undefined || streams.length === 1
      ? toTable(stats, colors, { columns: stdout.columns })
      : toTables(stats, streams, colors, stdout.columns);
  const print = { table, carbon: toCarbon, json: toJson };
  const read = async (): Promise<Shown> => {
    const stats = await readStats(options, streams, context);
    const notes = await report(problemsOf(stats), context);
    return { lines: () => print[format](stats), notes };
  };
  if (options.watch === undefined) {
    const { lines, notes } = await read();
    return await stdout.write(textOf([...lines(), ...notes()]));
  }
  const intervalMs = options.watch === true ? WATCH_MS : options.watch;
  const title = colors.dim(`triton stats, every ${intervalMs / 1000} s`);
  await watch(patiently(read, context), { title, intervalMs }, context);
}

/** Reads stats repeatedly: the first read must succeed, later ones may fail temporarily. */
function patiently(
  read: () => Promise<Shown>,
  context: CliContext,
): () => Promise<Shown> {
  let last: Shown | undefined;
  return async () => {
    try {
      return last = await read();
    } catch (error) {
      const passes = error instanceof ServiceError && error.retryable;
      if (last === undefined || !passes) throw error;
      const { lines, notes } = last;
      const reported = await report([error.message], context);
      const isKept = context.stdout.isTerminal;
      return {
        lines: () => isKept ? lines() : [],
        notes: () => isKept ? [...notes(), ...reported()] : [],
      };
    }
  };
}

/** Reports problems: below the table on a terminal, on standard error elsewhere. */
async function report(
  problems: readonly string[],
  context: CliContext,
): Promise<() => readonly string[]> {
  const { stdout, env } = context;
  if (stdout.isTerminal) {
    const sentence = (problem: string) =>
      hang("", printable(redact(problem, env)), stdout.columns, 2);
    return () => problems.flatMap((problem) => ["", ...sentence(problem).split("\n")]);
  }
  for (const problem of problems) await say(context, problem);
  return () => [];
}

function formatOf({ format, json }: StatsOptions, { stdout }: CliContext): typeof FORMATS[number] {
  if (json === true) return "json";
  return format ?? (stdout.isTerminal ? "table" : "carbon");
}

/** The streams that are asked for, by their names in Kinesis; undefined if none is. */
async function streamsOf(
  options: StatsOptions,
  context: CliContext,
): Promise<readonly string[] | undefined> {
  const { stream = [], allStreams = false, except = [] } = options;
  if (stream.length === 0 && !allStreams) {
    if (except.length === 0) return undefined;
    throw new UsageError("Cannot use --except without --all-streams");
  }
  selectionOf(options);
  const config = await readConfig(options.config, context);
  const streams = allStreams
    ? config.streams.filter(({ logicalName }) => !matchesAny(except, logicalName))
    : stream.map((name) => config.stream(name));
  return [...new Set(streams.map(({ name }) => name))];
}

async function readStats(
  options: StatsOptions,
  streams: readonly string[] | undefined,
  context: CliContext,
): Promise<Stats> {
  const { readLedger } = await import("../../../ledger/read_ledger.ts");
  const { clientName: client, checkpointDb, lag = false } = options;
  const config = lag ? await readConfig(options.config, context) : undefined;
  const history = await readLedger(checkpointDb, { client, stream: streams });
  const rows = statsRows(history);
  const { gaps, groups } = history;
  const members = memberRows(groups ?? [], context.env);
  const what = { rows, gaps, members, isPartial: groups === undefined };
  if (!lag) return { ...what, lags: undefined, now: context.clock.now() };
  const { readLags } = await import("./stats_lag.ts");
  const lags = await readLags(rows, config!, context);
  return { ...what, lags, now: context.clock.now() };
}

/** What is not shown: groups that may not be read, and lags that are unknown. */
function problemsOf({ lags, isPartial }: Stats): string[] {
  const unknown = [...lags?.values() ?? []].filter((lag) => lag.type === "unknown");
  const reasons = unknown.map(({ reason }) => reason);
  return [...new Set([...isPartial ? [GROUPS_UNREADABLE] : [], ...reasons])];
}
