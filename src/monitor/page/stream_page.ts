import { duration } from "../duration.ts";
import { hasTwin } from "../judge_store.ts";
import type { History } from "../history.ts";
import type { StoreStatus, StreamStatus } from "../store_status.ts";
import { groups } from "./groups.ts";
import { type Html, html } from "./html.ts";
import { headlineOf, pathOf, renderPage, verdict, type Verdicts } from "./page.ts";
import { charts, errors, figures, files, services, shards } from "./sections.ts";

export interface StreamPageOptions extends Verdicts {
  readonly status: StoreStatus;
  /** The stream that the page is about. */
  readonly stream: StreamStatus;
  /** Its status over the last hours. */
  readonly history: History;
  readonly root: "" | "../";
  /** Whether `/map` has maps of the archives. Default: false. */
  readonly hasMaps?: boolean | undefined;
}

/** Renders the page of one stream. */
export function renderStream(options: StreamPageOptions): string {
  const { status, root, stream, stream: { retentionMs } } = options;
  return renderPage({
    title: `${stream.stream} - `,
    ...{ status, root, content: content(options) },
    note: retentionMs ? `; the stream keeps records for ${duration(retentionMs)}` : undefined,
  });
}

function content(options: StreamPageOptions): Html {
  const { status: { streams }, stream, history, root, hasMaps, ...verdicts } = options;
  const links = [
    ...streams.length > 1
      ? [html`<a href="${root || "./"}">All ${streams.length} streams</a>`]
      : [],
    ...hasMaps
      ? [
        html`<a href="${root}${
          pathOf("map", stream, hasTwin(stream, streams))
        }">Map of the archive</a>`,
      ]
      : [],
  ];
  return html`
    <header>
    ${links.length === 0 ? "" : html`<nav>${links}</nav>`}
    <h1>${stream.stream}</h1>
    <p>to ${stream.store === undefined
      ? "its archive"
      : html`<code>${stream.store}</code>`}, for client ${stream.client}</p>
    ${verdict(headlineOf(stream, verdicts), verdicts)}
    </header>
    ${[
      figures(stream),
      charts(history),
      shards(stream),
      groups(stream),
      errors(stream),
      files(stream),
      services(stream),
    ]}
  `;
}
