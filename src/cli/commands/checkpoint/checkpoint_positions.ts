import { Command, InvalidArgumentError } from "commander";
import type { LedgerReport } from "../../../ledger/read_ledger.ts";
import type { GroupShard, LedgerShard } from "../../../ledger/mod.ts";
import type { MovedPosition } from "../../../ledger/set_positions.ts";
import type { StreamConfig } from "../../../config/mod.ts";
import { TritonError } from "../../../base/errors.ts";
import type { SequenceNumber, ShardId } from "../../../base/record.ts";
import type { CliContext } from "../../cli_context.ts";
import { hang } from "../../text/fit.ts";
import { examples, helpWidth, reflow } from "../../text/help_text.ts";
import {
  addPositionOptions,
  type ClientOptions,
  dryRunOption,
  historyOf,
} from "../../options/client.ts";
import { parseShardId } from "../../options/options.ts";
import { startPosition, streamConfig } from "../../options/stream_config.ts";
import { UsageError } from "../../options/usage_error.ts";
import { formatTable } from "../../text/table.ts";
import { say, textOf } from "../../text/say.ts";
import { countOf } from "../../text/format.ts";

interface MoveOptions extends ClientOptions {
  readonly to: string;
  readonly shard?: ShardId;
  readonly archiveIsGone?: boolean;
}

const RULES = `
Reading continues after a position. The positions of a consumer can move in both directions: after
a move back, it reads records again. Stop the consumer first, or it overwrites the new position.

Do not stop the members of a consumer group: they lose the shards that are moved, and one of them
continues there. What they were processing is either saved before the move, or processed again. A
shard that has ended is read again. The shards that come from one that is moved wait for it; if they
are not moved themselves, they begin again at their oldest record.

The positions of a triton store client only move forward. The records they skip are in no file: they
are recorded as a gap, and triton verify reports that the archive is not whole. Moving back would
archive records twice; to archive them again, run triton store with another --client-name and
--from. Nothing is moved while a worker is alive.`;

const GONE = `

If the bucket was emptied, or some of its files were lost, --archive-is-gone moves these positions
back and records no gap: what the stream still holds is archived again. Shards that have ended are
not changed. If a remaining file goes past the new position of a shard, triton store refuses the
shard; triton checkpoint recover then moves its position to the end of that file.`;

/** `triton checkpoint set`: moves one position to a sequence number. */
export function setCommand(context: CliContext): Command {
  return addPositionOptions(new Command("set"))
    .summary("move the position of one shard to a sequence number")
    .description(
      "Moves the position of one shard to a sequence number, without checking it in Kinesis.",
    )
    .requiredOption("--shard <id>", "the shard, such as shardId-000000000000", parseShardId)
    .requiredOption(
      "--to <sequence>",
      "sequence number of the last processed record",
      parseSequenceNumber,
    )
    .addOption(dryRunOption())
    .addHelpText("after", () => reflow(RULES, helpWidth(context.stdout)))
    .addHelpText(
      "after",
      examples({
        "show what would change": `triton checkpoint set --stream clicks --client-name billing \\
  --shard shardId-000000000000 \\
  --to 49680480916350259916269246369948349811450609681163091970 --dry-run`,
        "set the position": `triton checkpoint set --stream clicks --client-name billing \\
  --shard shardId-000000000000 \\
  --to 49680480916350259916269246369948349811450609681163091970`,
      }),
    )
    .action((options: MoveOptions & { readonly shard: ShardId }) => set(options, context));
}

/** `triton checkpoint rewind`: moves all positions to a place in the stream. */
export function rewindCommand(context: CliContext): Command {
  return addPositionOptions(new Command("rewind"))
    .summary("move the positions of all shards to a time")
    .description(
      "Moves the positions of all shards to a place in the stream: each shard then continues with the " +
        "first record that arrived at that time or later.",
    )
    .requiredOption(
      "--to <place>",
      "a day, a time with its zone, trim-horizon, latest, or (with --shard) a sequence number",
    )
    .option("--shard <id>", "move only this shard", parseShardId)
    .option("--archive-is-gone", "also move back the positions of triton store")
    .addOption(dryRunOption())
    .addHelpText("after", () => reflow(RULES + GONE, helpWidth(context.stdout)))
    .addHelpText(
      "after",
      examples({
        "let a consumer read again from a time":
          `triton checkpoint rewind --stream clicks --client-name billing \\
  --to 2026-09-01T12:00:00Z`,
        "show what it takes to skip to the newest records":
          `triton checkpoint rewind --stream clicks --client-name billing \\
  --to latest --dry-run`,
      }),
    )
    .action((options: MoveOptions) => rewind(options, context));
}

async function set(
  options: MoveOptions & { readonly shard: ShardId },
  context: CliContext,
): Promise<void> {
  const { name } = await streamConfig(options, context);
  const history = await historyOf(options, name);
  const { kind, shards } = readerOf(history);
  if (kind !== "consumer" && shards.every(({ shardId }) => shardId !== options.shard)) {
    const who = kind === "group" ? `group "${options.clientName}"` : "triton store";
    throw new TritonError(
      `Cannot set the position of ${options.shard}: ${who} does not know that shard of "${name}" yet`,
    );
  }
  const positions = new Map([[options.shard, options.to as SequenceNumber]]);
  await move(positions, { options, stream: name, kind }, context);
}

/** Who reads as a client, and the shards that it shares by leases. */
interface Reader {
  readonly kind: "archiver" | "group" | "consumer";
  readonly shards: readonly (LedgerShard | GroupShard)[];
}

function readerOf({ shards, groups = [] }: LedgerReport): Reader {
  if (groups[0] !== undefined) return { kind: "group", shards: groups[0].shards };
  return { kind: shards.length > 0 ? "archiver" : "consumer", shards };
}

async function rewind(options: MoveOptions, context: CliContext): Promise<void> {
  const config = await streamConfig(options, context);
  const history = await historyOf(options, config.name);
  const { kind, shards } = readerOf(history);
  const { positions, heldSince } = await findPlace(options, { config, history }, context);
  const isAgain = kind === "archiver" && options.archiveIsGone === true;
  const again = isAgain ? { archiveAgainSince: heldSince } : {};
  if (isAgain) await leaveEnded(positions, history, context);
  if (kind === "group") await leaveUnknown(positions, shards, context);
  await move(positions, { options, stream: config.name, kind, ...again }, context);
}

/**
 * Leaves out shards that a group does not have. It will add those that come from its own once they
 * have been processed; it never reads those that had ended before it began.
 */
async function leaveUnknown(
  positions: Map<ShardId, SequenceNumber>,
  shards: Reader["shards"],
  context: CliContext,
): Promise<void> {
  const known = new Set(shards.map(({ shardId }) => shardId));
  for (const shardId of positions.keys()) {
    if (known.has(shardId)) continue;
    positions.delete(shardId);
    await say(context, `${shardId} is not changed: the group does not have this shard`);
  }
}

/** Leaves out shards that have ended, which are never read again. */
async function leaveEnded(
  positions: Map<ShardId, SequenceNumber>,
  { shards }: LedgerReport,
  context: CliContext,
): Promise<void> {
  for (const { shardId, state } of shards) {
    if (state !== "ended" || !positions.delete(shardId)) continue;
    await say(
      context,
      `${shardId} has ended and is not changed: to archive it again, run triton store with another ` +
        "--client-name",
    );
  }
}

/** Positions in a stream, and a time: all records after the positions arrived later. */
interface FoundPlace {
  readonly positions: Map<ShardId, SequenceNumber>;
  readonly heldSince: Date;
}

/** Finds the positions that `--to` describes. */
async function findPlace(
  { to, shard }: MoveOptions,
  { config, history }: { readonly config: StreamConfig; readonly history: LedgerReport },
  context: CliContext,
): Promise<FoundPlace> {
  const { name, region, endpoint, arn: streamArn } = config;
  const isSequenceNumber = /^\d+$/.test(to);
  if (isSequenceNumber && shard === undefined) {
    throw new UsageError(
      `Cannot rewind to "${to}": a sequence number needs --shard, and a day is written as 2026-09-01`,
    );
  }
  const place = isSequenceNumber ? undefined : await startPosition(to, context);
  const [{ openKinesis }, { findPositions, heldSince }] = await Promise.all([
    import("../../../kinesis/sdk/open_kinesis.ts"),
    import("../../../kinesis/find_positions.ts"),
  ]);
  await using kinesis = await openKinesis({ region, endpoint, streamArn });
  const description = await kinesis.describeStream(name);
  const now = description.serverTime?.getTime() ?? context.clock.now();
  const oldest = heldSince(description, now);
  const shards = shard && new Set([shard]);
  const beginnings = await findPositions(kinesis, name, "trim-horizon", { shards });
  if (shard !== undefined && !beginnings.has(shard)) {
    throw new TritonError(`Cannot rewind: stream "${name}" has no shard ${shard}`);
  }
  if (place === undefined) {
    const position = { type: "after", sequenceNumber: to as SequenceNumber } as const;
    await kinesis.getShardIterator({ stream: name, shardId: shard! }, position); // is it of this shard?
    return { positions: new Map([[shard!, position.sequenceNumber]]), heldSince: oldest };
  }
  const { shards: leased } = readerOf(history);
  const checkpoints = new Map([
    ...history.checkpoints.map(({ shardId, sequenceNumber }) => [shardId, sequenceNumber] as const),
    ...leased.flatMap((shard) =>
      "position" in shard && shard.position ? [[shard.shardId, shard.position] as const] : []
    ),
  ]);
  const positions = await findPositions(
    kinesis,
    name,
    place.type === "at-timestamp" ? place.timestamp : place.type,
    { shards, checkpoints, clock: context.clock },
  );
  // Shards that are to be read from their oldest record are already at the beginning.
  for (const shard of leased) {
    const { shardId, start } = shard;
    const position = "checkpoint" in shard ? shard.checkpoint : shard.position;
    const isUnread = position === undefined && start.type === "trim-horizon";
    if (isUnread && positions.get(shardId) === beginnings.get(shardId)) positions.delete(shardId);
  }
  return { positions, heldSince: oldest };
}

async function move(
  positions: ReadonlyMap<ShardId, SequenceNumber>,
  { options, stream, kind, archiveAgainSince }: {
    readonly options: MoveOptions;
    readonly stream: string;
    readonly kind: Reader["kind"];
    readonly archiveAgainSince?: Date;
  },
  context: CliContext,
): Promise<void> {
  const { setPositions } = await import("../../../ledger/set_positions.ts");
  const { clientName: client, checkpointDb, dryRun = false } = options;
  const { clock } = context;
  const how = { client, stream, dryRun, clock, archiveAgainSince };
  const moves = await setPositions(checkpointDb, positions, how);
  const isPassed = kind === "archiver" && archiveAgainSince === undefined;
  const remark = isPassed
    ? `; the records in between ${dryRun ? "would be" : "are"} recorded as a gap`
    : kind === "group" && !dryRun
    ? "; the members of the group continue there"
    : "";
  await context.stdout.write(describe(moves, { dryRun, remark, columns: context.stdout.columns }));
}

function describe(
  moves: readonly MovedPosition[],
  { dryRun, remark, columns }: {
    readonly dryRun: boolean;
    readonly remark: string;
    readonly columns: number | undefined;
  },
): string {
  if (moves.length === 0) return "All positions are already there\n";
  const table = formatTable(
    moves.map((
      { shardId, from, to },
    ) => [shardId, from ?? "no position", "->", to ?? "its oldest record"]),
    { columns },
  );
  const verb = dryRun ? "would be " : "";
  const total = `${countOf(moves.length, "position")} ${verb}moved`;
  return textOf([...table, hang("", total + remark, columns, 2)]);
}

function parseSequenceNumber(text: string): string {
  if (!/^(0|[1-9]\d{0,127})$/.test(text)) {
    throw new InvalidArgumentError("Use a sequence number, which has only digits.");
  }
  return text;
}
