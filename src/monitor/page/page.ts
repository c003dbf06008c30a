import type { Verdict } from "../judge_stream.ts";
import type { StoreStatus, StreamKey, StreamStatus } from "../store_status.ts";
import { renderDocument } from "./document.ts";
import { timeAgo } from "./format.ts";
import { type Html, html, type HtmlValue } from "./html.ts";

/** What both sorts of pages have. */
export interface PageOptions {
  readonly title: string;
  /** What leads from the page to `/`: nothing, or `../`. A proxy may serve all under another path. */
  readonly root: "" | "../";
  readonly status: ProcessStatus;
  readonly content: HtmlValue;
  /** The end of the sentence that the footer begins. */
  readonly note?: string | undefined;
}

/** What every page says about its process. */
export type ProcessStatus = Pick<StoreStatus, "at" | "version" | "startedAt" | "worker">;

export function renderPage({ title, root, status, content, note }: PageOptions): string {
  return renderDocument({
    title: `${title}Triton`,
    head: html`
      <link rel="stylesheet" href="${root}page.css">
      <noscript><meta http-equiv="refresh" content="30"></noscript>
      <script src="${root}page.js" defer></script>
    `,
    body: html`
      <p id="stale" role="alert"
        hidden>No response from this worker: this page may be out of date.</p>
      <main id="live">${content}${footer(status, root, note)}</main>
    `,
  });
}

function footer(status: ProcessStatus, root: string, note = ""): Html {
  const { at, worker, version, startedAt } = status;
  return html`
    <footer>
      <p>Triton ${version}${worker &&
        html`, worker <code title="${worker}">${worker.slice(0, 8)}</code>`}, started ${timeAgo(
          startedAt,
          at,
        )}${note}. As of <time datetime="${at.toISOString()}">${at.toISOString().replace("T", " ")
        .replace(
          /\.\d+Z$/,
          " UTC",
        )}</time>. <a href="${root}metrics">Metrics</a> <a href="${root}status">Status as JSON</a></p>
    </footer>
  `;
}

/** Where a page of a stream is, from `/`: `streams` or `map`. */
export function pathOf(
  pages: "streams" | "map",
  { stream, client }: StreamKey,
  hasTwin: boolean,
): string {
  const query = hasTwin ? `?client=${encodeURIComponent(client)}` : "";
  return `${pages}/${encodeURIComponent(stream)}${query}`;
}

/** The verdicts on a stream, or on all of them. */
export interface Verdicts {
  /** The result of `/readyz`. */
  readonly ready: Verdict;
  /** The result of `/healthz`. */
  readonly healthy: Verdict;
}

/** A verdict in one or two words, and how to show it. */
export interface Headline {
  readonly word: string;
  readonly tone: "good" | "wait" | "bad";
}

export function headlineOf(
  { state }: Pick<StreamStatus, "state">,
  { ready, healthy }: Verdicts,
): Headline {
  if (state === "failing") return { word: "Failing", tone: "bad" };
  if (!healthy.ok) return { word: "Not healthy", tone: "bad" };
  if (state === "stopping") return { word: "Stopping", tone: "wait" };
  if (state === "starting") return { word: "Starting", tone: "wait" };
  return ready.ok ? { word: "Healthy", tone: "good" } : { word: "Not ready", tone: "bad" };
}

/** Most reasons that are listed. */
const LISTED = 20;

/** The verdict, and the reasons. */
export function verdict(
  { word, tone }: Headline,
  { ready, healthy }: Verdicts,
  well = "Records are archived in time.",
): Html {
  const reasons = [...new Set([...healthy.reasons, ...ready.reasons])];
  const listed = reasons.length > LISTED
    ? [...reasons.slice(0, LISTED), `And ${reasons.length - LISTED} more: see /healthz`]
    : reasons;
  return html`<div class="verdict ${tone}"><strong>${word}</strong>${
    reasons.length === 0
      ? html`<span>${well}</span>`
      : html`<ul>${listed.map((reason) => html`<li>${reason}</li>`)}</ul>`
  }</div>`;
}
