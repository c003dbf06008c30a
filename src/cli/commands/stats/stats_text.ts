import type { ClientGap } from "../../../ledger/read_ledger.ts";
import { printable } from "../../../base/safe_text.ts";
import type { Lag } from "./stats_lag.ts";
import { ageOf, type StatsRow } from "./stats_rows.ts";
import { type Colors, formatTable } from "../../text/table.ts";
import { formatSpan } from "../../text/format.ts";
import { memberJson, type MemberRow, shortError, shortName } from "../../text/group_text.ts";

/** What `triton stats` prints, at one point in time. */
export interface Stats {
  readonly rows: readonly StatsRow[];
  readonly gaps: readonly ClientGap[];
  /** The members of groups. */
  readonly members: readonly MemberRow[];
  /** How far behind each row is, with `--lag`. */
  readonly lags: ReadonlyMap<StatsRow, Lag> | undefined;
  /** Whether there are groups that could not be read. */
  readonly isPartial: boolean;
  /** When it was read, in milliseconds since the Unix epoch. */
  readonly now: number;
}

/** The same lines for Carbon (Graphite) as go-triton prints. */
export function toCarbon({ rows, lags, now }: Stats): string[] {
  const at = Math.floor(now / 1000);
  const line = ({ client, stream, shardId }: StatsRow, name: string, value: number) =>
    `${[client, stream, shardId].map(carbonWord).join(".")}.${name} ${value} ${at}`;
  const ages = rows.flatMap((row) => {
    const age = ageOf(row.updatedAt, now);
    return age === undefined ? [] : [line(row, "age", age)];
  });
  const behind = rows.flatMap((row) => {
    const lag = lags?.get(row);
    return lag?.type === "behind" ? [line(row, "lag", Math.floor(lag.ms / 1000))] : [];
  });
  const lost = rows.filter(({ gaps }) => gaps > 0).map((row) => line(row, "gaps", row.gaps));
  return [...ages, ...behind, ...lost];
}

/** A name for Carbon, where a space would end it. */
function carbonWord(name: string): string {
  return printable(name).replaceAll(/\s/g, "_");
}

/** A JSON object for each shard, then one for each member of a group, then one for each gap. */
export function toJson({ rows, gaps, members, lags, now }: Stats): string[] {
  const shards = rows.filter(({ updatedAt, ledger }) => updatedAt !== undefined || ledger).map(
    (row) => {
      const { client, stream, shardId, sequenceNumber, updatedAt, ledger } = row;
      const lag = lags?.get(row);
      return {
        ...{ client, stream, shardId, sequenceNumber, updatedAt },
        ageSeconds: updatedAt && (ageOf(updatedAt, now) ?? null),
        ...ledger && leaseOf(row),
        ...lag && lagOf(lag),
      };
    },
  );
  const lost = gaps.map(({ shardId, client, stream, ...gap }) => ({
    gap: { client, stream, shardId, ...gap },
  }));
  return [...shards, ...members.map(memberJson), ...lost].map((line) =>
    printable(JSON.stringify(line))
  );
}

function leaseOf({ ledger }: StatsRow): Record<string, unknown> {
  const { state, owner = null, leasedUntil = null, epoch } = ledger!;
  return { state, owner, leasedUntil, epoch };
}

function lagOf(lag: Lag): Record<string, unknown> {
  switch (lag.type) {
    case "behind":
      return { lagMs: lag.ms };
    case "ended":
      return { lagMs: 0 };
    case "unknown":
      return { lagMs: null, lagError: lag.reason };
  }
}

const HEAD = ["stream", "shard", "owner", "position", "age", "lag", "gaps"];

/** How a table of stats is laid out. */
interface StatsLayout {
  /** Whether the rows name the client. */
  readonly hasClient: boolean;
  /** Whether they name the stream. */
  readonly hasStream: boolean;
  /** Width of the terminal; undefined if there is none. */
  readonly columns: number | undefined;
}

/**
 * A table for people: IDs are shortened, and times are in the two largest units.
 *
 * @param layout Whether to name the stream in each row, which is the default; and the width.
 */
export function toTable(
  stats: Stats,
  colors: Colors,
  { hasStream = true, columns }: Partial<Omit<StatsLayout, "hasClient">> = {},
): string[] {
  const clients = new Set([...stats.rows, ...stats.members].map(({ client }) => client));
  const layout = { hasClient: clients.size > 1, hasStream, columns };
  const members = stats.members.length === 0 ? [] : ["", ...memberTable(stats, layout, colors)];
  return [...shardTable(stats, layout, colors), ...members];
}

function shardTable(
  stats: Stats,
  { hasStream, columns }: Omit<StatsLayout, "hasClient">,
  colors: Colors,
): string[] {
  const { rows, lags, now } = stats;
  if (rows.length === 0) return ["No positions yet."];
  const clients = new Set(rows.map(({ client }) => client));
  // Columns with the same value in every row, or without values, are left out.
  const shown = [clients.size > 1, hasStream, true, true, true, true, lags !== undefined, true];
  const cut = (cells: readonly string[]) => cells.filter((_, column) => shown[column]);
  const body = rows.map((row) => [row.client, ...cellsOf(row, lags?.get(row), now)]);
  const head = cut(["client", ...HEAD]);
  const names = ["age", "lag", "gaps"];
  return formatTable([head, ...body.map(cut)], {
    columns,
    right: names.map((name) => head.indexOf(name)),
    optional: ["position", "owner"].map((name) => head.indexOf(name)),
    paint(cell, row, column) {
      if (row === 0) return colors.bold(cell);
      const { gaps, ledger } = rows[row - 1]!;
      if (head[column] === "gaps" && gaps > 0) return colors.red(cell);
      if (head[column] === "owner" && ledger?.state === "open" && ledger.owner === undefined) {
        return colors.yellow(cell);
      }
      return cell;
    },
  }).map((line) => line.trimEnd());
}

function cellsOf(row: StatsRow, lag: Lag | undefined, now: number): string[] {
  const { stream, shardId, sequenceNumber, updatedAt, gaps, start } = row;
  const age = ageOf(updatedAt, now);
  return [
    ...[stream, shardId, ownerOf(row)],
    sequenceNumber === undefined ? startOf(start) : shorten(sequenceNumber),
    age === undefined ? "" : formatSpan(age),
    lagText(lag),
    gaps === 0 ? "" : String(gaps),
  ];
}

function ownerOf({ ledger, isGroup }: StatsRow): string {
  if (ledger === undefined) return "-";
  if (ledger.state === "ended") return "ended";
  if (ledger.owner === undefined) return "none";
  return isGroup ? shortName(ledger.owner) : ledger.owner.slice(0, 8);
}

/** The members of groups: how many shards each reads, how far it is behind, its last error. */
function memberTable(
  { rows, members, lags }: Stats,
  { hasClient, hasStream, columns }: StatsLayout,
  colors: Colors,
): string[] {
  const hasErrors = members.some(({ lastError }) => lastError !== undefined);
  const shown = [hasClient, hasStream, true, true, true, lags !== undefined, hasErrors];
  const cut = (cells: readonly string[]) => cells.filter((_, column) => shown[column]);
  const head = cut(["client", "stream", "member", "lease", "shards", "lag", "last error"]);
  const body = members.map((member) => {
    const { client, stream, worker, isAlive, shards } = member;
    const mine = rows.filter((row) =>
      row.client === client && row.stream === stream && row.ledger?.owner === worker
    );
    const lag = greatestLag(mine.flatMap((row) => lags?.get(row) ?? []));
    const lease = isAlive ? "held" : "expired";
    const count = String(shards.length);
    return cut([client, stream, shortName(worker), lease, count, lagText(lag), shortError(member)]);
  });
  return formatTable([head, ...body], {
    columns,
    right: ["shards", "lag"].map((name) => head.indexOf(name)),
    paint(cell, row, column) {
      if (row === 0) return colors.bold(cell);
      if (head[column] === "last error") return colors.red(cell);
      const isExpired = head[column] === "lease" && !members[row - 1]!.isAlive;
      return isExpired ? colors.yellow(cell) : cell;
    },
  }).map((line) => line.trimEnd());
}

/** The greatest of several lags; unknown if one of them is. */
export function greatestLag(lags: readonly Lag[]): Lag | undefined {
  const unknown = lags.find(({ type }) => type === "unknown");
  if (unknown !== undefined) return unknown;
  const behind = lags.flatMap((lag) => lag.type === "behind" ? lag.ms : []);
  return behind.length === 0 ? undefined : { type: "behind", ms: Math.max(...behind) };
}

function startOf(start: StatsRow["start"]): string {
  if (start === undefined) return "";
  return start.type === "at-timestamp" ? `from ${start.timestamp.toISOString()}` : start.type;
}

/** A lag in a table: empty if there is none, `?` if it is unknown. */
export function lagText(lag: Lag | undefined): string {
  if (lag === undefined) return "";
  return lag.type === "behind" ? formatSpan(lag.ms / 1000) : lag.type === "ended" ? "" : "?";
}

/** Both ends of a number of 56 digits, which distinguish it from its neighbours. */
function shorten(sequenceNumber: string): string {
  if (sequenceNumber.length <= 20) return sequenceNumber;
  return `${sequenceNumber.slice(0, 8)}…${sequenceNumber.slice(-8)}`;
}
