import { duration } from "../duration.ts";
import type { History } from "../history.ts";
import type { StoreStatus, StreamStatus } from "../store_status.ts";
import { groups } from "./groups.ts";
import { type Html, html } from "./html.ts";
import { headlineOf, renderPage, verdict, type Verdicts } from "./page.ts";
import { charts, errors, figures, files, services, shards } from "./sections.ts";

export interface StreamPageOptions extends Verdicts {
  readonly status: StoreStatus;
  /** The stream that the page is about. */
  readonly stream: StreamStatus;
  /** Its status over the last hours. */
  readonly history: History;
  readonly root: "" | "../";
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

function content({ status, stream, history, root, ...verdicts }: StreamPageOptions): Html {
  const others = status.streams.length > 1 &&
    html`<nav><a href="${root || "./"}">All ${status.streams.length} streams</a></nav>`;
  return html`
    <header>
    ${others || ""}
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
