import type { History } from "../history.ts";
import { duration, type StoreStatus, type Verdict } from "../store_status.ts";
import { timeAgo } from "./format.ts";
import { groups } from "./groups.ts";
import { type Html, html } from "./html.ts";
import { charts, errors, figures, files, services, shards } from "./sections.ts";

export interface PageOptions {
  readonly status: StoreStatus;
  /** The status over the last hours. */
  readonly history: History;
  /** The result of `/readyz`. */
  readonly ready: Verdict;
  /** The result of `/healthz`. */
  readonly healthy: Verdict;
}

export function renderPage(options: PageOptions): string {
  const { status } = options;
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>${status.stream} - Triton</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="page.css">
        <noscript><meta http-equiv="refresh" content="30"></noscript>
        <script src="page.js" defer></script>
      </head>
      <body>
        <p id="stale" role="alert"
          hidden>No response from this worker: this page may be out of date.</p>
        <main id="live">${content(options)}</main>
      </body>
    </html>
  `.text;
}

function content({ status, history, ready, healthy }: PageOptions): Html {
  const { at, stream, client, store, worker, version, startedAt } = status;
  return html`
    <header>
    <h1>${stream}</h1>
    <p>to ${store === undefined
      ? "its archive"
      : html`<code>${store}</code>`}, for client ${client}</p>
    ${verdict(status, ready, healthy)}
    </header>
    ${[
      figures(status),
      charts(history),
      shards(status),
      groups(status),
      errors(status),
      files(status),
      services(status),
    ]}
    <footer>
      <p>Triton ${version}${worker &&
        html`, worker <code title="${worker}">${worker.slice(0, 8)}</code>`}, started ${timeAgo(
          startedAt,
          at,
        )}${status.retentionMs &&
        `; the stream keeps records for ${
          duration(status.retentionMs)
        }`}. As of <time datetime="${at.toISOString()}">${at.toISOString().replace("T", " ")
        .replace(
          /\.\d+Z$/,
          " UTC",
        )}</time>. <a href="metrics">Metrics</a> <a href="status">Status as JSON</a></p>
    </footer>
  `;
}

/** The verdict in one or two words, and the reasons. */
function verdict({ state }: StoreStatus, ready: Verdict, healthy: Verdict): Html {
  const [word, name] = !healthy.ok
    ? ["Not healthy", "bad"]
    : state === "stopping"
    ? ["Stopping", "wait"]
    : state === "starting"
    ? ["Starting", "wait"]
    : !ready.ok
    ? ["Not ready", "bad"]
    : ["Healthy", "good"];
  const reasons = [...healthy.reasons, ...ready.reasons];
  return html`<div class="verdict ${name}"><strong>${word}</strong>${
    reasons.length === 0
      ? html`<span>Records are archived in time.</span>`
      : html`<ul>${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>`
  }</div>`;
}
