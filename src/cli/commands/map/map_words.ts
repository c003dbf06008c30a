import type { ArchiveMap, MapFinding, MapMark, MapRow, Reshard } from "../../../archive/mod.ts";
import { archiveDay } from "../../../codec/tri/archive_key.ts";
import { countOf, formatCount, formatSpan } from "../../text/format.ts";

/** What the words about a map need besides it. */
export interface MapContext {
  /** The logical name of the stream, which commands take. */
  readonly stream: string;
  /** The client that was asked for; undefined if all were. */
  readonly client: string | undefined;
  /** Whether a database was asked. */
  readonly hasDatabase: boolean;
  /** The time, in milliseconds since the Unix epoch. */
  readonly now: number;
}

/** A sentence about a map. */
export interface MapSentence {
  /** The mark that it explains, `"quarantine"`, or nothing. */
  readonly mark: MapMark | "quarantine" | undefined;
  readonly text: string;
}

/** A command to run next, and what it does. */
export interface NextCommand {
  readonly command: string;
  readonly purpose: string;
}

/** What a mark is called, and the character that shows it. */
export const MARKS: Readonly<
  Record<MapMark | "quarantine", { readonly character: string; readonly name: string }>
> = {
  missing: { character: "×", name: "missing file" },
  damaged: { character: "!", name: "damaged file" },
  gap: { character: "o", name: "gap: records are in no file" },
  doubled: { character: "=", name: "records are there twice" },
  accepted: { character: "-", name: "gap that was accepted" },
  quarantine: { character: "q", name: "records that are not events" },
};

/** Most findings that are listed one by one. */
const LISTED = 20;

/** Says what is wrong, in sentences. */
export function wrongIn(map: ArchiveMap, listed = LISTED): MapSentence[] {
  // A missing file is one thing, however many shards it had records of.
  const things = [
    ...Map.groupBy(map.findings, (finding) => `${finding.mark}: ${whatOf(finding)}`).values(),
  ];
  const rest = things.length - listed;
  const more = { mark: undefined, text: `and ${countOf(rest, "more finding")}` };
  return [
    ...things.slice(0, listed).map((findings) => sentenceOf(findings, map)),
    ...rest > 0 ? [more] : [],
    ...quarantineIn(map),
  ];
}

/** Says what else there is to know. */
export function notesOn(map: ArchiveMap, { hasDatabase, now }: MapContext): string[] {
  const last = lastArrival(map);
  return [
    ...map.reshards.slice(0, LISTED).map((reshard) => reshardText(reshard, map)),
    ...map.reshards.length > LISTED
      ? [`and ${countOf(map.reshards.length - LISTED, "more reshard")}`]
      : [],
    ...map.unprovable > 0
      ? [
        `${countOf(map.unprovable, "file")} without a manifest, such as those of go-triton and ` +
        "triton-python: their shards and events are not known",
      ]
      : [],
    ...last === undefined ? [] : [
      `The last record arrived at ${formatMinute(last)}, ${formatSpan((now - last) / 1000)} ago`,
    ],
    ...hasDatabase
      ? []
      : ["With --checkpoint-db, also recorded gaps, a missing last file and the parents of shards"],
  ];
}

/** Which commands show more of what is wrong. */
export function nextCommands(map: ArchiveMap, context: MapContext): NextCommand[] {
  const { hasDatabase } = context;
  const findings = map.findings.filter(({ accepted }) => accepted === undefined);
  const days = daysOf(findings);
  const isMarked = (...marks: readonly MapMark[]) =>
    findings.some(({ mark, recorded }) => marks.includes(mark) && recorded === undefined);
  const command = (name: string, options = days) => commandLine(name, options, context);
  return [
    ...isMarked("missing", "gap", "doubled")
      ? [{ command: command("verify"), purpose: "names the records around each problem" }]
      : [],
    ...isMarked("damaged")
      ? [{ command: command("verify", `${days} --deep`), purpose: "finds all that is damaged" }]
      : [],
    ...hasDatabase ? acceptable(findings, context) : [],
    ...map.quarantined > 0
      ? [{
        command: command("quarantine", daysOf(quarantineSpans(map))),
        purpose: "lists the records, and why they are no events",
      }]
      : [],
  ];
}

/** How to accept a gap that nothing can fill, so that `verify` exits with 0. */
function acceptable(findings: readonly MapFinding[], { stream }: MapContext): NextCommand[] {
  const gap = findings.find(({ mark, id }) => mark === "gap" && id !== undefined);
  if (gap === undefined) return [];
  return [{
    command: commandLine(`checkpoint accept-gap ${gap.id}`, "", { stream, client: gap.client }),
    purpose: "accepts a gap that nothing can fill",
  }];
}

/** The last time that a date can have: a slot may end later. */
const LAST_TIME = 8.64e15;

/** Formats a time in UTC, to the minute: `2026-01-01 02:30`. */
export function formatMinute(time: Date | number): string {
  return new Date(Math.min(Number(time), LAST_TIME)).toISOString().slice(0, 16).replace("T", " ");
}

/** Formats a span of time; the day is not repeated. */
export function formatTimes(from: Date, to: Date): string {
  const [start, end] = [formatMinute(from), formatMinute(to)];
  if (start === end) return start;
  return `${start} to ${start.slice(0, 10) === end.slice(0, 10) ? end.slice(11) : end}`;
}

/** The time of a map. */
export function spanText({ start, slots, slotMs }: ArchiveMap): string {
  if (start === undefined) return "no files";
  return `${formatMinute(start)} to ${formatMinute(start.getTime() + slots * slotMs)} UTC`;
}

/** How long a slot is: `1 hour`, `2 days`, `1 week`. */
export function slotText({ slotMs }: ArchiveMap): string {
  const hours = slotMs / 3_600_000;
  if (hours < 24) return countOf(hours, "hour");
  return hours % 168 === 0 ? countOf(hours / 168, "week") : countOf(hours / 24, "day");
}

/** The name of a row: the number of its shard, and its client if there are several. */
export function labelOf({ client, shardId }: Pick<MapRow, "client" | "shardId">, map: ArchiveMap) {
  if (shardId === undefined) return "no shards known";
  const name = `shard ${/^shardId-(\d{12})$/.test(shardId) ? Number(shardId.slice(8)) : shardId}`;
  const isAlone = map.rows.every((row) => row.client === client || row.client === undefined);
  return isAlone ? name : `${client} ${name}`;
}

/** Shard 2 comes before shard 10. */
const byNumber = new Intl.Collator("en", { numeric: true });

/** Most shards that are named in a sentence. */
const NAMED = 8;

/** Says what was found of one or several shards. */
function sentenceOf(findings: readonly MapFinding[], map: ArchiveMap): MapSentence {
  const [{ mark }] = findings as [MapFinding];
  const shards = findings.filter(({ shardId }) => shardId !== undefined)
    .map((finding) => labelOf(finding, map));
  const names = [...new Set(shards)].sort(byNumber.compare);
  const more = names.length > NAMED ? [`${names.length - NAMED} more`] : [];
  const times = extentOf(findings);
  const where = [...names.slice(0, NAMED), ...more].join(", ");
  const when = times === undefined ? "at any time" : formatTimes(times.from, times.to);
  const what = whatOf(findings[0]!);
  return { mark, text: `${where === "" ? "" : `${where}, `}${when}: ${what}` };
}

function whatOf({ mark, keys, message, recorded, accepted }: MapFinding): string {
  const [first, second] = keys;
  if (accepted !== undefined) {
    const { by, reason } = accepted;
    return `records are in no file, as was accepted${by === undefined ? "" : ` by ${by}`}${
      reason === undefined ? "" : `: ${reason}`
    }`;
  }
  if (recorded !== undefined) return `records are lost, as was recorded (${recorded})`;
  switch (mark) {
    case "missing":
      if (first === undefined) return message;
      return second === undefined
        ? `a file is missing next to ${first}`
        : `a file is missing between ${first} and ${second}`;
    case "gap":
      return `records are in no file: ${second ?? first} begins the shard anew`;
    case "doubled":
      return `${second ?? first} holds records that are in another file, too`;
    default:
      return keys.length === 0 ? message : `${keys.join(" and ")}: ${shortNumbers(message)}`;
  }
}

/** Leaves the ends of sequence numbers, which have 56 digits. */
function shortNumbers(text: string): string {
  return text.replace(/\d{12,}(?=\d{8}(?!\d))/g, "…");
}

/** Cells with quarantined records, as spans of time. */
function quarantineSpans({ rows, start, slotMs }: ArchiveMap): { from: Date; to: Date }[] {
  if (start === undefined) return [];
  return rows.flatMap(({ cells }) =>
    cells.filter(({ quarantined }) => quarantined > 0).map(({ slot }) => ({
      from: new Date(start.getTime() + slot * slotMs),
      to: new Date(start.getTime() + (slot + 1) * slotMs),
    }))
  );
}

function quarantineIn(map: ArchiveMap): MapSentence[] {
  if (map.quarantined === 0) return [];
  const shards = map.rows.filter(({ quarantined }) => quarantined > 0)
    .sort((a, b) => b.quarantined - a.quarantined);
  const listed = shards.slice(0, 5)
    .map((row) => `${labelOf(row, map)} (${formatCount(row.quarantined)})`);
  const more = shards.length > listed.length ? [`${shards.length - listed.length} more`] : [];
  const { from, to } = extentOf(quarantineSpans(map)) ?? {};
  return [{
    mark: "quarantine",
    text: `${countOf(map.quarantined, "record")} in quarantine: ${[...listed, ...more].join(", ")}${
      from === undefined ? "" : `, ${formatTimes(from, to!)}`
    }`,
  }];
}

function reshardText({ at, parents, children, client, source }: Reshard, map: ArchiveMap): string {
  const names = (ids: Reshard["parents"]) =>
    ids.map((shardId) => labelOf({ client, shardId }, map)).join(", ");
  const became = children.length === 1 && parents.length > 1
    ? "were merged into"
    : parents.length === 1
    ? "was split into"
    : "became";
  const doubt = source === "times" ? ", by the times of their records" : "";
  return `${formatMinute(at)}: ${names(parents)} ${became} ${names(children)}${doubt}`;
}

/** When the last record arrived, in milliseconds since the Unix epoch. */
export function lastArrival({ rows }: ArchiveMap): number | undefined {
  const times = rows.flatMap((row) => row.lastArrival?.getTime() ?? []);
  return times.length === 0 ? undefined : times.reduce((a, b) => Math.max(a, b));
}

type Times = { readonly from: Date | undefined; readonly to: Date | undefined };

function extentOf(spans: readonly Times[]): { from: Date; to: Date } | undefined {
  const known = spans.filter((span): span is { from: Date; to: Date } => span.from !== undefined);
  if (known.length === 0) return undefined;
  return known.reduce((all, { from, to }) => ({
    from: from < all.from ? from : all.from,
    to: to > all.to ? to : all.to,
  }));
}

/** The options for the days of what is wrong: files may be made on the day after. */
function daysOf(spans: readonly Times[]): string {
  const extent = extentOf(spans);
  if (extent === undefined) return "";
  const to = new Date(extent.to.getTime() + 3_600_000);
  return ` --start-date ${archiveDay(extent.from)} --end-date ${archiveDay(to)}`;
}

function commandLine(
  name: string,
  options: string,
  { stream, client }: Pick<MapContext, "stream" | "client">,
): string {
  const ofClient = client === undefined ? "" : ` --client-name ${quoted(client)}`;
  return `triton ${name} --stream ${quoted(stream)}${options}${ofClient}`;
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w.,:/@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
