import { Command } from "commander";
import type { LedgerReport } from "../../../ledger/read_ledger.ts";
import type { CliContext } from "../../cli_context.ts";
import { examples } from "../../text/help_text.ts";
import { addPositionOptions, type ClientOptions, historyOf } from "../../options/client.ts";
import { streamConfig } from "../../options/stream_config.ts";
import { countOf, formatTime } from "../../text/format.ts";
import {
  GROUPS_UNREADABLE,
  memberJson,
  type MemberRow,
  memberRows,
  shortError,
} from "../../text/group_text.ts";
import { jsonLine, say, textOf } from "../../text/say.ts";
import { formatTable } from "../../text/table.ts";

/** `triton checkpoint list`: prints the positions of a client. */
export function listCommand(context: CliContext): Command {
  return addPositionOptions(new Command("list"))
    .summary("print the positions of a client")
    .description(
      "Prints for each shard the last record that a client has processed, and the worker that archives " +
        "the shard, or the member of a consumer group that reads it, if there is one. For a group, also " +
        "prints its members, with their shards and the last error of their handler. The database is not " +
        "changed.",
    )
    .option("--json", "print one JSON object per line")
    .addHelpText(
      "after",
      examples({
        "the positions of triton store":
          "triton checkpoint list --stream clicks --client-name store",
        "the same as JSON, one object per shard":
          "triton checkpoint list --stream clicks --client-name store --json",
      }),
    )
    .action((options: ClientOptions & { readonly json?: boolean }) => list(options, context));
}

async function list(
  options: ClientOptions & { readonly json?: boolean },
  context: CliContext,
): Promise<void> {
  const { name } = await streamConfig(options, context);
  const history = await historyOf(options, name);
  if (history.groups === undefined) await say(context, GROUPS_UNREADABLE);
  const rows = positionsOf(history);
  const members = memberRows(history.groups ?? [], context.env);
  if (options.json === true) {
    const lines = [...rows, ...members.map(memberJson)];
    for (const line of lines) await context.stdout.write(jsonLine(line));
    return;
  }
  if (rows.length === 0) {
    const client = options.clientName;
    await say(context, `Client "${client}" has no positions in "${name}"`);
  }
  const { columns } = context.stdout;
  const tables = [...rows.length > 0 ? [positionTable(rows, columns)] : []];
  if (members.length > 0) tables.push(memberTable(members, columns));
  const lines = tables.flatMap((table, at) => at === 0 ? table : ["", ...table]);
  if (lines.length > 0) await context.stdout.write(textOf(lines.map((line) => line.trimEnd())));
}

type Position = ReturnType<typeof positionsOf>[number];

/**
 * All shards that have a position, or that `store` archives or a group reads; the state is `read` for a
 * consumer without leases.
 */
function positionsOf({ checkpoints, shards, groups = [] }: LedgerReport) {
  const grouped = groups.flatMap(({ client, stream, shards }) =>
    shards.map((shard) => ({ client, stream, ...shard }))
  );
  const leased = new Map([...shards, ...grouped].map((shard) => [shard.shardId, shard]));
  const saved = new Map(checkpoints.map((checkpoint) => [checkpoint.shardId, checkpoint]));
  // The members of a group save beside its leases; what its client saved before, they have taken over.
  for (const { shardId, position: sequenceNumber, knownAt, client, stream } of grouped) {
    if (sequenceNumber === undefined) saved.delete(shardId);
    else saved.set(shardId, { client, stream, shardId, sequenceNumber, updatedAt: knownAt });
  }
  return [...new Set([...saved.keys(), ...leased.keys()])].sort().map((shardId) => {
    const [shard, checkpoint] = [leased.get(shardId), saved.get(shardId)];
    const { client, stream } = (shard ?? checkpoint)!;
    return {
      ...{ client, stream, shardId, sequenceNumber: checkpoint?.sequenceNumber },
      ...{ updatedAt: checkpoint?.updatedAt, state: shard?.state ?? "read" },
      ...{ owner: shard?.owner, leasedUntil: shard?.leasedUntil },
    };
  });
}

/** The lease has a column of its own on a terminal, where the owner may be cut. */
function positionTable(rows: readonly Position[], columns: number | undefined): string[] {
  const table = rows.map(({ shardId, sequenceNumber, updatedAt, state, owner, leasedUntil }) => [
    ...[shardId, sequenceNumber ?? "no position", updatedAt ? formatTime(updatedAt) : "", state],
    ...leaseCells(owner, leasedUntil, columns),
  ]);
  const lease = columns === undefined ? ["owner"] : ["owner", "leased until"];
  const head = ["shard", "position", "saved", "state", ...lease];
  return formatTable([head, ...table], { columns, optional: [2] });
}

function leaseCells(
  owner: string | undefined,
  until: Date | undefined,
  columns: number | undefined,
): string[] {
  if (columns !== undefined) return [owner ?? "", until === undefined ? "" : formatTime(until)];
  return [until === undefined ? "" : `${owner} until ${formatTime(until)}`];
}

function memberTable(members: readonly MemberRow[], columns: number | undefined): string[] {
  const table = members.map((member) => {
    const { worker, isAlive, expiresAt, shards } = member;
    const lease = `${isAlive ? "until" : "expired"} ${formatTime(expiresAt)}`;
    return [worker, lease, countOf(shards.length, "shard"), shortError(member)];
  });
  return formatTable([["member", "lease", "shards", "last error"], ...table], { columns });
}
