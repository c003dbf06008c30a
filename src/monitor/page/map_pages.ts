import type { MapAnswer, MapRequest } from "../draw_map.ts";
import { hasTwin } from "../judge_store.ts";
import type { StoreStatus } from "../store_status.ts";
import { renderDocument } from "./document.ts";
import { formatCount } from "./format.ts";
import { type Html, html } from "./html.ts";
import { pathOf } from "./page.ts";

/** Renders the list of the maps, one for each stream. */
export function renderMapList({ streams }: StoreStatus): string {
  const links = streams.map((key) => {
    const twin = hasTwin(key, streams);
    const name = twin ? `${key.stream}, client ${key.client}` : key.stream;
    return html`<li><a href="${pathOf("map", key, twin)}">${name}</a></li>`;
  });
  return frame({
    title: "Maps",
    root: "",
    content: html`
      <header>
        <nav><a href="./">Status</a></nav>
        <h1>Maps of the archives</h1>
      </header>
            ${links.length === 0 ? html`<p>No stream is archived.</p>` : html`<ul>${links}</ul>`}
    `,
  });
}

/** Renders what is shown until a map is drawn, or instead of it. The page loads itself again. */
export function renderUnfinishedMap(
  { stream, root, status }: MapRequest,
  answer: Exclude<MapAnswer, { readonly type: "page" }>,
): string {
  const isReading = answer.type === "reading";
  return frame({
    title: `Map of ${stream}`,
    root,
    reload: isReading ? 2 : 30,
    content: html`<header><nav><a href="${root + status || "./"}">Status</a></nav><h1>${stream}</h1>
      ${
      isReading
        ? html`
          <div
            class="verdict wait"><strong>Reading</strong> <span>The map is being drawn: ${formatCount(
              answer.files,
            )} files read so far.</span></div>
        `
        : html`<div class="verdict bad"><strong>No map</strong> <span>${answer.reason}</span></div>`
    }</header>`,
  });
}

function frame({ title, root, content, reload }: {
  readonly title: string;
  readonly root: string;
  readonly content: Html;
  readonly reload?: number;
}): string {
  return renderDocument({
    title: `${title} - Triton`,
    head: html`
      ${reload === undefined ? "" : html`<meta http-equiv="refresh" content="${reload}">`}
      <link rel="stylesheet" href="${root}page.css">
    `,
    body: html`<main>${content}</main>`,
  });
}
