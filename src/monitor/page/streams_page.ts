import type { History } from "../history.ts";
import { hasTwin } from "../judge_store.ts";
import type { StoreStatus, StreamKey, StreamStatus } from "../store_status.ts";
import { summaryOf } from "../summary.ts";
import { formatBytes, formatCount, formatSpan, timeAgo } from "./format.ts";
import { type Html, html, type HtmlValue } from "./html.ts";
import { type Headline, headlineOf, pathOf, renderPage, verdict, type Verdicts } from "./page.ts";
import { charts, figure, table } from "./sections.ts";

export interface StreamsPageOptions extends Verdicts {
  readonly status: StoreStatus;
  /** All streams together over the last hours. */
  readonly history: History;
  /** The verdicts on one stream. */
  readonly judge: (stream: StreamStatus) => Verdicts;
  /** Whether `/map` has maps of the archives. Default: false. */
  readonly hasMaps?: boolean | undefined;
}

/** A stream, and how it is. */
interface Judged {
  readonly stream: StreamStatus;
  readonly headline: Headline;
  readonly reasons: readonly string[];
}

/** Renders the page that lists all streams, those that are not well first. */
export function renderStreams(options: StreamsPageOptions): string {
  const { status } = options;
  const { length } = status.streams;
  return renderPage({
    title: `${length} streams - `,
    ...{ status, root: "", content: content(options) },
  });
}

function content(options: StreamsPageOptions): Html {
  const { status, history, judge, hasMaps, ...verdicts } = options;
  const judged = status.streams.map((stream) => judgedBy(judge, stream)).sort(byUrgency);
  return html`
    <header>
    ${hasMaps ? html`<nav><a href="map">Maps of the archives</a></nav>` : ""}
    <h1>${formatCount(judged.length)} streams</h1>
    ${verdict(headlineOf(status, verdicts), verdicts)}
    </header>
    ${[figures(status, judged), list(judged, status), charts(history)]}
  `;
}

function judgedBy(judge: StreamsPageOptions["judge"], stream: StreamStatus): Judged {
  const verdicts = judge(stream);
  const reasons = [...verdicts.healthy.reasons, ...verdicts.ready.reasons];
  return { stream, headline: headlineOf(stream, verdicts), reasons };
}

const URGENCY: readonly Headline["tone"][] = ["bad", "wait", "good"];

/** Those that are not well first, then by name, so that rows keep their places. */
function byUrgency(a: Judged, b: Judged): number {
  const [first, second] = [a, b].map(({ headline }) => URGENCY.indexOf(headline.tone));
  if (first !== second) return first! - second!;
  const [before, after] = [a, b].map(({ stream: { stream, client } }) => `${stream} ${client}`);
  return before! < after! ? -1 : 1;
}

/** The most important numbers of all streams together. */
function figures(status: StoreStatus, judged: readonly Judged[]): Html {
  const { at, memory, workers, uploads = 0 } = status;
  const { lagMs, unarchivedAgeMs, headroomMs, totals, lastFile } = summaryOf(status);
  const unwell = judged.filter(({ headline }) => headline.tone === "bad").length;
  const gaps = totals["triton.gaps"] ?? 0;
  return html`<dl class="figures">${[
    figure(
      "Streams",
      formatCount(judged.length),
      unwell === 0 ? "none needs attention" : `${formatCount(unwell)} not well`,
    ),
    figure("Headroom", formatSpan(headroomMs), "until a stream drops records"),
    figure("Oldest unarchived", formatSpan(unarchivedAgeMs), "age of the oldest record"),
    figure("Lag", formatSpan(lagMs), "behind the newest record"),
    figure(
      "Files",
      formatCount(totals["triton.files.archived"] ?? 0),
      lastFile === undefined
        ? "since the start"
        : html`since the start, the last ${timeAgo(lastFile.at, at)}`,
      uploads > 0 && `${formatCount(uploads)} being uploaded`,
    ),
    figure("Gaps", formatCount(gaps), "recorded since the start"),
    figure(
      "Memory",
      memory === undefined ? "unknown" : formatBytes(memory.rss),
      memory && `${formatBytes(memory.buffered)} of ${formatBytes(memory.limit)} buffered`,
    ),
    figure("Workers", workers === undefined ? "unknown" : String(workers.length), "alive"),
  ]}</dl>`;
}

const COLUMNS = ["Stream", "State", "Lag", "Unarchived", "Files", "Gaps", "Last error"];

function list(judged: readonly Judged[], status: StoreStatus): Html {
  const rows = judged.map(({ stream, headline: { word, tone }, reasons }) => [
    nameOf(stream, status.streams),
    html`<span class="state ${tone}" title="${reasons.join("\n")}">${word}</span>`,
    spanOf(stream.lagMs),
    spanOf(stream.unarchivedAgeMs),
    filesOf(stream),
    gapsOf(stream),
    errorOf(stream),
  ]);
  return html`<section><h2>Streams</h2>${
    rows.length === 0
      ? html`<p>No stream is archived.</p>`
      : table("Streams", COLUMNS, rows, "streams")
  }</section>`;
}

function spanOf(ms: number | undefined): string {
  return ms === undefined ? "–" : formatSpan(ms);
}

function nameOf(key: StreamKey, streams: readonly StreamKey[]): Html {
  const { stream, client } = key;
  const twin = hasTwin(key, streams);
  return html`<a href="${pathOf("streams", key, twin)}">${stream}</a>${
    twin ? html`<small>client ${client}</small>` : ""
  }`;
}

function filesOf({ at, totals, recentFiles = [] }: StreamStatus): HtmlValue {
  const count = totals?.["triton.files.archived"];
  const [last] = recentFiles;
  if (count === undefined) return "–";
  return html`${formatCount(count)}${last && html`<small>${timeAgo(last.at, at)}</small>`}`;
}

function gapsOf({ totals }: StreamStatus): HtmlValue {
  const gaps = totals?.["triton.gaps"];
  if (gaps === undefined) return "–";
  return gaps === 0 ? "0" : html`<span class="state bad">${formatCount(gaps)}</span>`;
}

/** What a stream that cannot be archived fails with, or its last error. */
function errorOf({ at, failure, recentErrors: [last] }: StreamStatus): HtmlValue {
  if (failure !== undefined) {
    return messageOf(failure.error, html`since ${timeAgo(failure.since, at)}`);
  }
  return last && messageOf(last.message, timeAgo(last.lastAt, at));
}

function messageOf(message: string, when: Html): Html {
  return html`<span class="error" title="${message}">${message}</span><small>${when}</small>`;
}
