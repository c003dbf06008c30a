import { Command, InvalidArgumentError } from "commander";
import type { ClientShard, LedgerReport } from "../../../ledger/read_ledger.ts";
import type { MovedPosition } from "../../../checkpoint/checkpointer.ts";
import type { StreamConfig } from "../../../config/mod.ts";
import { TritonError } from "../../../base/errors.ts";
import type { SequenceNumber, ShardId } from "../../../base/record.ts";
import type { CliContext } from "../../cli_context.ts";
import { helpWidth, reflow } from "../../text/help_text.ts";
import {
  clientOption,
  configOption,
  databaseOption,
  parseShardId,
  streamOption,
} from "../../options/options.ts";
import { countOf } from "../../text/report_text.ts";
import { startPosition, streamConfig } from "../../options/stream_config.ts";
import { UsageError } from "../../options/usage_error.ts";
import { formatTable, formatTime } from "../../text/table.ts";
import { jsonLine, say } from "../../text/say.ts";

interface PositionOptions {
  readonly stream: string;
  readonly clientName: string;
  readonly checkpointDb: string;
  readonly config?: string;
}

interface MoveOptions extends PositionOptions {
  readonly to: string;
  readonly shard?: ShardId;
  readonly dryRun?: boolean;
  readonly archiveIsGone?: boolean;
}

const RULES = `
Reading goes on after a position. A consumer's positions move both ways: backwards it reads records
again. Stop it before; one that runs saves its own position over the new one.

The positions of a client that triton store archives for move forwards only. What they pass over is
in no file: it is recorded as a gap, and triton verify will not call the archive whole. Backwards,
records would be archived twice; to have them again, run triton store under another --client-name,
with --from. Nothing is moved while a worker is alive.`;

const GONE = `

If the bucket was emptied, or files of it were lost, --archive-is-gone moves such positions back, and
records nothing as a gap: what the stream still holds is archived again. Shards that have ended stay
as they are. Where files are left that go further than the new position, triton store refuses them;
triton checkpoint recover then moves on to where these files end.`;

/** `triton checkpoint list`: where a client is. */
export function listCommand(context: CliContext): Command {
  return addPlace(new Command("list"))
    .summary("print the positions of a client")
    .description(
      "Prints the last record that a client is done with, for each shard; and who archives the shard, if " +
        "somebody does. The database is not changed.",
    )
    .option("--json", "print one JSON object a line")
    .action((options: PositionOptions & { readonly json?: boolean }) => list(options, context));
}

/** `triton checkpoint set`: one position, as a sequence number. */
export function setCommand(context: CliContext): Command {
  return addPlace(new Command("set"))
    .summary("move the position of one shard to a sequence number")
    .description("Moves the position of one shard to a sequence number. Kinesis is not asked.")
    .requiredOption("--shard <id>", "the shard, such as shardId-000000000000", parseShardId)
    .requiredOption("--to <sequence>", "the last record that is done", parseSequenceNumber)
    .option("--dry-run", "print what would be moved, and change nothing")
    .addHelpText("after", () => reflow(RULES, helpWidth(context.stdout)))
    .action((options: MoveOptions & { readonly shard: ShardId }) => set(options, context));
}

/** `triton checkpoint rewind`: all positions, to a place in the stream. */
export function rewindCommand(context: CliContext): Command {
  return addPlace(new Command("rewind"))
    .summary("move the positions of all shards to a time")
    .description(
      "Moves the positions of all shards to a place in the stream: the next record read of each shard is " +
        "then the first one that arrived at that time or later.",
    )
    .requiredOption(
      "--to <place>",
      "a day, a time with its zone, trim-horizon, latest, or with --shard a sequence number",
    )
    .option("--shard <id>", "move only this shard", parseShardId)
    .option("--archive-is-gone", "also move back what triton store has archived")
    .option("--dry-run", "print what would be moved, and change nothing")
    .addHelpText("after", () => reflow(RULES + GONE, helpWidth(context.stdout)))
    .action((options: MoveOptions) => rewind(options, context));
}

function addPlace(command: Command): Command {
  return command
    .addOption(streamOption())
    .addOption(clientOption("name of the client").makeOptionMandatory())
    .addOption(databaseOption())
    .addOption(configOption());
}

async function list(
  options: PositionOptions & { readonly json?: boolean },
  context: CliContext,
): Promise<void> {
  const { name } = await streamConfig(options, context);
  const rows = positionsOf(await historyOf(options, name));
  if (options.json === true) {
    for (const row of rows) await context.stdout.write(jsonLine(row));
    return;
  }
  if (rows.length === 0) {
    const client = options.clientName;
    return await say(context, `Client "${client}" has no position in "${name}"`);
  }
  const table = rows.map(({ shardId, sequenceNumber, updatedAt, state, owner, leasedUntil }) => [
    ...[shardId, sequenceNumber ?? "no position", updatedAt ? formatTime(updatedAt) : "", state],
    leasedUntil === undefined ? "" : `${owner} until ${formatTime(leasedUntil)}`,
  ]);
  const lines = formatTable([["shard", "position", "saved", "state", "owner"], ...table]);
  await context.stdout.write(lines.map((line) => `${line.trimEnd()}\n`).join(""));
}

/** A position as `list` prints it. */
interface ListedPosition {
  readonly client: string;
  readonly stream: string;
  readonly shardId: ShardId;
  readonly sequenceNumber: SequenceNumber | undefined;
  readonly updatedAt: Date | undefined;
  /** What `store` says of the shard; a consumer's is just read. */
  readonly state: "read" | ClientShard["state"];
  readonly owner: string | undefined;
  readonly leasedUntil: Date | undefined;
}

/** All shards that have a position, or that somebody archives. */
function positionsOf({ checkpoints, shards }: LedgerReport): ListedPosition[] {
  const archived = new Map(shards.map((shard) => [shard.shardId, shard]));
  const saved = new Map(checkpoints.map((checkpoint) => [checkpoint.shardId, checkpoint]));
  return [...new Set([...saved.keys(), ...archived.keys()])].sort().map((shardId) => {
    const [shard, checkpoint] = [archived.get(shardId), saved.get(shardId)];
    const { client, stream } = (shard ?? checkpoint)!;
    return {
      ...{ client, stream, shardId, sequenceNumber: checkpoint?.sequenceNumber },
      ...{ updatedAt: checkpoint?.updatedAt, state: shard?.state ?? "read" },
      ...{ owner: shard?.owner, leasedUntil: shard?.leasedUntil },
    };
  });
}

async function set(
  options: MoveOptions & { readonly shard: ShardId },
  context: CliContext,
): Promise<void> {
  const { name } = await streamConfig(options, context);
  const { shards } = await historyOf(options, name);
  if (shards.length > 0 && shards.every(({ shardId }) => shardId !== options.shard)) {
    throw new TritonError(
      `Cannot set the position of ${options.shard}: triton store does not know that shard of "${name}" yet`,
    );
  }
  const positions = new Map([[options.shard, options.to as SequenceNumber]]);
  await move(positions, { options, stream: name, isArchiver: shards.length > 0 }, context);
}

async function rewind(options: MoveOptions, context: CliContext): Promise<void> {
  const config = await streamConfig(options, context);
  const history = await historyOf(options, config.name);
  const { positions, heldSince } = await findPlace(options, { config, history }, context);
  const isArchiver = history.shards.length > 0;
  const isAgain = isArchiver && options.archiveIsGone === true;
  const again = isAgain ? { archiveAgainSince: heldSince } : {};
  if (isAgain) await leaveEnded(positions, history, context);
  await move(positions, { options, stream: config.name, isArchiver, ...again }, context);
}

/** Nobody reads a shard again that has ended. */
async function leaveEnded(
  positions: Map<ShardId, SequenceNumber>,
  { shards }: LedgerReport,
  context: CliContext,
): Promise<void> {
  for (const { shardId, state } of shards) {
    if (state !== "ended" || !positions.delete(shardId)) continue;
    await say(
      context,
      `${shardId} has ended, and stays as it is: to archive it again, run triton store under ` +
        "another --client-name",
    );
  }
}

/** Positions in a stream, and a time before which nothing arrived that lies after them. */
interface FoundPlace {
  readonly positions: Map<ShardId, SequenceNumber>;
  readonly heldSince: Date;
}

/** The positions that stand for a `--to`. */
async function findPlace(
  { to, shard }: MoveOptions,
  { config, history }: { readonly config: StreamConfig; readonly history: LedgerReport },
  context: CliContext,
): Promise<FoundPlace> {
  const { name, region, endpoint } = config;
  const isSequenceNumber = /^\d+$/.test(to);
  if (isSequenceNumber && shard === undefined) {
    throw new UsageError(
      `Cannot rewind to "${to}": a sequence number takes a --shard, and a day is written 2026-09-01`,
    );
  }
  const place = isSequenceNumber ? undefined : await startPosition(to, context);
  const { openKinesis, findPositions } = await import("../../../kinesis/mod.ts");
  await using kinesis = await openKinesis({ region, endpoint });
  const { createdAt, retentionHours, serverTime } = await kinesis.describeStream(name);
  const now = serverTime?.getTime() ?? context.clock.now();
  const heldSince = new Date(Math.max(createdAt.getTime(), now - retentionHours * 3_600_000));
  const shards = shard && new Set([shard]);
  const beginnings = await findPositions(kinesis, name, "trim-horizon", { shards });
  if (shard !== undefined && !beginnings.has(shard)) {
    throw new TritonError(`Cannot rewind: stream "${name}" has no shard ${shard}`);
  }
  if (place === undefined) {
    const position = { type: "after", sequenceNumber: to as SequenceNumber } as const;
    await kinesis.getShardIterator({ stream: name, shardId: shard! }, position); // is it of this shard?
    return { positions: new Map([[shard!, position.sequenceNumber]]), heldSince };
  }
  const checkpoints = new Map(
    history.checkpoints.map(({ shardId, sequenceNumber }) => [shardId, sequenceNumber]),
  );
  const positions = await findPositions(
    kinesis,
    name,
    place.type === "at-timestamp" ? place.timestamp : place.type,
    { shards, checkpoints, clock: context.clock },
  );
  // What an archiver is to read from its oldest record on is at its beginning already.
  for (const { shardId, checkpoint, start } of history.shards) {
    const isUnread = checkpoint === undefined && start.type === "trim-horizon";
    if (isUnread && positions.get(shardId) === beginnings.get(shardId)) positions.delete(shardId);
  }
  return { positions, heldSince };
}

async function move(
  positions: ReadonlyMap<ShardId, SequenceNumber>,
  { options, stream, isArchiver, archiveAgainSince }: {
    readonly options: MoveOptions;
    readonly stream: string;
    readonly isArchiver: boolean;
    readonly archiveAgainSince?: Date;
  },
  context: CliContext,
): Promise<void> {
  const { setPositions } = await import("../../../ledger/set_positions.ts");
  const { clientName: client, checkpointDb, dryRun = false } = options;
  const { clock } = context;
  const how = { client, stream, dryRun, clock, archiveAgainSince };
  const moves = await setPositions(checkpointDb, positions, how);
  const isPassed = isArchiver && archiveAgainSince === undefined;
  await context.stdout.write(describe(moves, { dryRun, isPassed }));
}

function describe(
  moves: readonly MovedPosition[],
  { dryRun, isPassed }: { readonly dryRun: boolean; readonly isPassed: boolean },
): string {
  if (moves.length === 0) return "Every position is there already\n";
  const table = formatTable(
    moves.map(({ shardId, from, to }) => [shardId, from ?? "no position", "->", to]),
  );
  const verb = dryRun ? "would be " : "";
  const total = `${countOf(moves.length, "position")} ${verb}moved`;
  const gap = isPassed ? `; what lies between ${verb || "is "}recorded as a gap` : "";
  return [...table, total + gap].map((line) => `${line}\n`).join("");
}

async function historyOf(options: PositionOptions, stream: string): Promise<LedgerReport> {
  const { readLedger } = await import("../../../ledger/read_ledger.ts");
  return await readLedger(options.checkpointDb, { client: options.clientName, stream });
}

function parseSequenceNumber(text: string): string {
  if (!/^(0|[1-9]\d{0,127})$/.test(text)) {
    throw new InvalidArgumentError("It takes a sequence number, which has only digits.");
  }
  return text;
}
