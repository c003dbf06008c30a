import type {
  ArchivedShard,
  ArchiveProblem,
  ArchiveReport,
  GapAcceptance,
  RecordedGap,
  ReportedGap,
} from "../../archive/mod.ts";
import { printable } from "../../base/safe_text.ts";
import { countOf, formatBytes, formatCount, formatTime } from "./format.ts";
import { hang } from "./fit.ts";
import { textOf } from "./say.ts";
import { formatTable } from "./table.ts";

/**
 * Formats a report for people.
 *
 * @param columns Width of the terminal; undefined if there is none.
 */
export function formatReport(report: ArchiveReport, columns?: number): string {
  const layout = { right: [2, 3], optional: [6, 4], columns };
  const shards = report.shards.length > 0
    ? ["", ...formatTable(shardRows(report.shards), layout)]
    : [];
  const sentence = (line: string) => hang("", printable(line), columns, 2);
  return textOf([
    ...summary(report, columns),
    ...shards,
    ...spaced(report.problems.map(problemLine).map(sentence)),
    ...spaced(report.gaps.map(gapLine).map(sentence)),
    ...spaced(hintsOf(report).map(sentence)),
    ...report.acceptable ? ["", verdictOf(report)] : [],
  ]);
}

/** How to accept what is listed as missing. */
function hintsOf({ problems, gaps }: ArchiveReport): string[] {
  const isOpen = ({ id, accepted }: Pick<ArchiveProblem, "id" | "accepted">) =>
    id !== undefined && accepted === undefined;
  if (![...problems, ...gaps].some(isOpen)) return [];
  return [
    "A gap that cannot be filled can be accepted by its ID: with --accept-gap for one run, for good " +
    "with triton checkpoint accept-gap",
  ];
}

function verdictOf({ part, otherFiles, whole }: ArchiveReport): string {
  if (!whole) return "Every gap was accepted, and nothing else is missing.";
  if (part !== undefined) return `Part ${part} of the archive is whole.`;
  return otherFiles === undefined ? "The archive is whole." : "These files are whole.";
}

function summary(report: ArchiveReport, columns: number | undefined): string[] {
  const { files, empty, size, events, bytes, quarantined, quarantine, unprovable } = report;
  const part = report.part === undefined ? "" : `, part ${report.part}`;
  const rows = [
    ["stream", `${report.stream}, ${daysOf(report)}${part}`],
    [
      "files",
      `${formatCount(files)}, ${formatBytes(size)}${empty > 0 ? `, ${empty} empty` : ""}`,
    ],
    ["events", `${formatCount(events)}, ${formatBytes(bytes)} uncompressed`],
  ];
  if (quarantined > 0) {
    const where = countOf(quarantine.length, "file");
    const records = countOf(quarantined, "record");
    rows.push(["quarantine", `${records} in ${where}; run triton quarantine to list them`]);
  }
  if (unprovable.length > 0) {
    const range = `${unprovable[0]} to ${unprovable.at(-1)}`;
    rows.push(["unprovable", `${countOf(unprovable.length, "file")} without a manifest: ${range}`]);
  }
  const width = Math.max(...rows.map(([name]) => name!.length));
  return rows.map(([name, text]) => hang(`${name!.padEnd(width)}  `, printable(text!), columns));
}

function daysOf({ from, to }: ArchiveReport): string {
  if (from === undefined && to === undefined) return "all days";
  return `${from ?? "the first day"} to ${to ?? "today"}`;
}

function shardRows(shards: readonly ArchivedShard[]): string[][] {
  const head = [
    "client",
    "shard",
    "files",
    "events",
    "first arrival",
    "last arrival",
    "last record",
  ];
  return [
    head,
    ...shards.map(({ client, shardId, files, events, firstArrival, lastArrival, last }) => [
      ...[client, shardId, formatCount(files), formatCount(events)],
      ...[formatTime(firstArrival), formatTime(lastArrival), last],
    ]),
  ];
}

/** Formats a problem as one line. */
export function problemLine(
  { type, keys, client, shardId, id, accepted, message }: ArchiveProblem,
): string {
  const what = id === undefined ? type : `${type} ${id}`;
  const where = shardId === undefined ? [] : [client, shardId];
  const line = `${[`${what}:`, ...where, keys.join(" and ")].join(" ").trimEnd()}: ${message}`;
  return line + acceptedBy(accepted);
}

/** The end of the line of a gap that was accepted: by whom, when and why. */
function acceptedBy(accepted: GapAcceptance | undefined): string {
  if (accepted === undefined) return "";
  const { by, at, reason } = accepted;
  if (by === undefined || at === undefined) return "; accepted with --accept-gap";
  return `; accepted by ${by}, ${formatTime(at)}${reason === undefined ? "" : `: ${reason}`}`;
}

function gapLine(gap: ReportedGap): string {
  const { id, client, shardId, accepted } = gap;
  return `recorded gap ${id}: ${client} ${shardId} ${describeGap(gap)}${acceptedBy(accepted)}`;
}

/** What a recorded gap is about. */
export function describeGap({ after, until, reason, recordedAt }: RecordedGap): string {
  const range = `after ${after ?? "its beginning"}${
    until === undefined ? "" : `, before ${until}`
  }`;
  return `${range}: ${reason}, noticed ${formatTime(recordedAt)}`;
}

/** Lines after an empty one; none if there are no lines. */
function spaced(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", ...lines];
}
