import type { PartStatus } from "../../telemetry/program_monitor.ts";
import type { History } from "../history.ts";
import { chart } from "../page/chart.ts";
import { formatBytes, formatCount, formatRate, formatSpan, timeAgo } from "../page/format.ts";
import { type Html, html, type HtmlValue } from "../page/html.ts";
import { type Headline, renderPage, verdict, type Verdicts } from "../page/page.ts";
import { figure, table } from "../page/sections.ts";
import { countOfPart, nameOfPart, type ProgramStatus } from "./program_status.ts";

/** Most shards that are listed. */
const LISTED = 50;

/** What the page shows. */
export interface ProgramPageOptions extends Verdicts {
  readonly status: ProgramStatus;
  /** What was read over the last hours, and what was put. */
  readonly histories: { readonly read: History; readonly put: History };
}

/** Renders the page of a program. */
export function renderProgram(options: ProgramPageOptions): string {
  return renderPage({ title: "", root: "", status: options.status, content: content(options) });
}

function content({ status, histories, ...verdicts }: ProgramPageOptions): Html {
  const { parts, at } = status;
  return html`
    <header>
    <h1>Readers and writers</h1>
    ${verdict(headlineOf(status, verdicts), verdicts, "Records are read and put in time.")}
    </header>
    ${[figures(parts), charts(histories, parts), list(parts, at), shards(parts), errors(parts, at)]}
  `;
}

function headlineOf({ parts }: ProgramStatus, { ready, healthy }: Verdicts): Headline {
  if (parts.some(({ state }) => state === "failed")) return { word: "Failing", tone: "bad" };
  if (!healthy.ok) return { word: "Not healthy", tone: "bad" };
  if (parts.length === 0) return { word: "Nothing is read or put", tone: "wait" };
  if (ready.ok) return { word: "Healthy", tone: "good" };
  return parts.some(({ state }) => state === "starting")
    ? { word: "Starting", tone: "wait" }
    : { word: "Not ready", tone: "bad" };
}

const isWriter = ({ type }: PartStatus) => type === "writer";

function sum(parts: readonly PartStatus[], of: (part: PartStatus) => number | undefined): number {
  return parts.reduce((total, part) => total + (of(part) ?? 0), 0);
}

/** The most important numbers of all together. */
function figures(parts: readonly PartStatus[]): Html {
  const readers = parts.filter((part) => !isWriter(part));
  const writers = parts.filter(isWriter);
  const lags = readers.map(({ lagMs }) => lagMs).filter((lag) => lag !== undefined);
  const refused = sum(writers, ({ totals }) => totals["triton.writer.refused"]);
  const invalid = sum(readers, ({ totals }) => totals["triton.reader.invalid"]);
  return html`<dl class="figures">${[
    figure(
      "Lag",
      lags.length === 0 ? "unknown" : formatSpan(Math.max(...lags)),
      "behind the newest record",
    ),
    figure("Read", formatCount(sum(readers, countOfPart)), "records since the start"),
    figure("Invalid", formatCount(invalid), "records of these"),
    figure(
      "Buffered",
      formatBytes(sum(readers, ({ bufferedBytes }) => bufferedBytes)),
      "fetched and not read yet",
    ),
    figure("Put", formatCount(sum(writers, countOfPart)), "records since the start"),
    figure(
      "Waiting",
      formatCount(sum(writers, ({ waiting }) => waiting)),
      "records to be put",
      refused > 0 && `${formatCount(refused)} refused and put again`,
    ),
  ]}</dl>`;
}

/** Charts of the last hours; only of what the program has. */
function charts(
  { read, put }: ProgramPageOptions["histories"],
  parts: readonly PartStatus[],
): Html {
  const draw = (
    title: string,
    history: History,
    name: Parameters<History["series"]>[0],
    format: (value: number) => string,
  ) => chart({ title, times: history.times, values: history.series(name), format });
  const hasWriters = parts.some(isWriter);
  const hasReaders = parts.length === 0 || !parts.every(isWriter);
  return html`<section class="charts" aria-label="The last hours">${[
    ...hasReaders
      ? [
        draw("Records read", read, "readPerSecond", formatRate),
        draw("Lag", read, "lagMs", formatSpan),
        draw("Buffered memory", read, "bufferedBytes", formatBytes),
      ]
      : [],
    ...hasWriters ? [draw("Records put", put, "readPerSecond", formatRate)] : [],
  ]}</section>`;
}

const STATES: Readonly<Record<PartStatus["state"], readonly [string, Headline["tone"]]>> = {
  starting: ["starting", "wait"],
  archive: ["reads the archive", "good"],
  running: ["running", "good"],
  failed: ["failed", "bad"],
};

function list(parts: readonly PartStatus[], at: Date): Html {
  const rows = parts.map((part): HtmlValue[] => {
    const { stream, type, client, state, error, lagMs, savedAt, waiting } = part;
    const [word, tone] = STATES[state];
    return [
      stream,
      type,
      client === "" ? "–" : client,
      html`<span class="state ${tone}" title="${error ?? ""}">${word}</span>`,
      lagMs === undefined ? "–" : formatSpan(lagMs),
      formatCount(countOfPart(part)),
      savedAt === undefined ? "–" : timeAgo(savedAt, at),
      waiting === undefined ? "–" : formatCount(waiting),
    ];
  });
  const columns = ["Stream", "Kind", "Client", "State", "Lag", "Records", "Saved", "Waiting"];
  return html`<section><h2>Parts</h2>${
    rows.length === 0
      ? html`<p>No reader or writer is open.</p>`
      : table("Readers and writers", columns, rows)
  }</section>`;
}

/** The shards that are read; if there are many, those that are furthest behind. */
function shards(parts: readonly PartStatus[]): Html {
  const all = parts.flatMap((part) =>
    (part.shards ?? []).map((shard) => ({ ...shard, reader: nameOfPart(part) }))
  );
  if (all.length === 0) return html``;
  const listed = all.length <= LISTED
    ? all
    : all.sort((a, b) => (b.lagMs ?? Infinity) - (a.lagMs ?? Infinity)).slice(0, LISTED);
  const rows = listed.map(({ shardId, reader, lagMs }) => [
    shardId,
    reader,
    lagMs === undefined ? "–" : formatSpan(lagMs),
  ]);
  const note = listed.length < all.length
    ? `The ${LISTED} of ${formatCount(all.length)} that are furthest behind; /status has all.`
    : "";
  return html`<section><h2>Shards</h2>${
    table("Shards", ["Shard", "Reader", "Lag"], rows)
  }<p>${note}</p></section>`;
}

function errors(parts: readonly PartStatus[], at: Date): Html {
  const all = parts.flatMap((part) =>
    part.recentErrors.map((error) => ({ ...error, name: nameOfPart(part) }))
  ).sort((a, b) => b.lastAt.getTime() - a.lastAt.getTime()).slice(0, LISTED);
  const rows = all.map(({ message, times, lastAt, firstAt, name }) => [
    timeAgo(lastAt, at),
    name,
    message,
    times === 1 ? "once" : html`${formatCount(times)} times since ${timeAgo(firstAt, at)}`,
  ]);
  return html`<section><h2>Errors</h2>${
    rows.length === 0
      ? html`<p>None since the start.</p>`
      : table("Errors", ["Last", "Of", "Error", "Count"], rows)
  }</section>`;
}
