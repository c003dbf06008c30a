import { createHash } from "node:crypto";
import type { ArchiveMap } from "../../../../archive/mod.ts";
import { fitMap, type FittedMap } from "../../../../archive/map/fit_map.ts";
import { VERSION } from "../../../../base/version.ts";
import { PAGE_CSS } from "../../../../monitor/page/assets.ts";
import { renderDocument } from "../../../../monitor/page/document.ts";
import { Html, html, type HtmlValue } from "../../../../monitor/page/html.ts";
import { figure } from "../../../../monitor/page/sections.ts";
import { countOf, formatBytes, formatCount, formatSpan } from "../../../text/format.ts";
import {
  formatMinute,
  lastArrival,
  type MapContext,
  MARKS,
  nextCommands,
  notesOn,
  slotText,
  spanText,
  wrongIn,
} from "../map_words.ts";
import { columnNumbers, shardNumbers } from "./map_numbers.ts";
import { legend, mapTable } from "./map_table.ts";

/** How a map is drawn as a page. */
export interface MapPageOptions extends MapContext {
  /** Where the archive is. */
  readonly store: string;
  /** Where the style sheet is, from the page. Default: in the page itself. */
  readonly styles?: string | undefined;
  /** Links to other pages, above the heading. */
  readonly nav?: HtmlValue | undefined;
  /** What else is to be said at the end of the page. */
  readonly note?: string | undefined;
}

/** Most rows, and most cells: a page of 1 MB is there at once. */
const [ROWS, CELLS] = [256, 12_000] as const;

/** Most columns, so that an ordinary window shows them all. */
const COLUMNS = 180;

/** Most sentences about what is wrong. */
const LISTED = 100;

/** Draws a map as a page that needs no script, and nothing from elsewhere but its style sheet. */
export function renderMap(whole: ArchiveMap, options: MapPageOptions): string {
  const rows = Math.min(ROWS, Math.max(1, whole.rows.length));
  const slots = Math.min(COLUMNS, Math.floor(CELLS / rows));
  const map = fitMap(whole, { slots, rows: ROWS });
  return renderDocument({
    title: `Map of ${whole.stream} - Triton`,
    head: styles(options),
    body: html`<main>${content(whole, map, options)}</main>`,
  });
}

/** The style sheet, and the rule that nothing else is loaded. */
function styles({ styles: url }: MapPageOptions): Html {
  if (url !== undefined) return html`<link rel="stylesheet" href="${url}">`;
  const hash = createHash("sha256").update(PAGE_CSS).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; ` +
    "form-action 'none'; base-uri 'none'";
  return html`<meta http-equiv="Content-Security-Policy" content="${policy}">${new Html(
    `<style>${PAGE_CSS}</style>`,
  )}`;
}

function content(whole: ArchiveMap, map: FittedMap, options: MapPageOptions): Html {
  const { nav, store, note, now } = options;
  return html`
    <header>
    ${nav === undefined ? "" : html`<nav>${nav}</nav>`}
    <h1>${whole.stream}</h1>
    <p>${spanText(map)}, in <code>${store}</code></p>
    ${verdict(whole)}
    </header>
    ${figures(whole, options)}
    ${picture(whole, map)}
    ${wrong(whole, options)}
    <section>
    ${notesOn(whole, options).map((text) => html`<p>${text}.</p>`)}
    </section>
    ${whole.slots === 0 ? "" : numbers(whole, map)}
    <footer>
      <p>Triton ${VERSION}. As of ${formatMinute(now)} UTC.${note === undefined
        ? ""
        : ` ${note}`}</p>
    </footer>
  `;
}

/** What is to be seen first. */
function verdict({ findings, quarantined, files }: ArchiveMap): Html {
  const open = findings.filter(({ accepted }) => accepted === undefined);
  const isBad = open.some(({ mark }) => mark === "missing" || mark === "damaged");
  const [tone, word, text] = files === 0 && open.length === 0
    ? ["wait", "No files", "There is no archive of this stream in these days."]
    : isBad
    ? ["bad", "Not whole", "Files are missing or damaged, as is said below."]
    : open.length > 0
    ? ["wait", "Gaps", "Records are in no file, or in two, as is said below."]
    : quarantined > 0
    ? ["wait", "Quarantine", `Nothing is missing; ${countOf(quarantined, "record")} in quarantine.`]
    : ["good", "Whole", "Nothing is missing in these files."];
  return html`<div class="verdict ${tone}"><strong>${word}</strong> <span>${text}</span></div>`;
}

function figures(map: ArchiveMap, { now }: MapPageOptions): Html {
  const last = lastArrival(map);
  const shards = map.rows.filter(({ shardId }) => shardId !== undefined).length;
  return html`<dl class="figures">${[
    figure(
      "Events",
      formatCount(map.events),
      `${formatBytes(map.bytes)} uncompressed`,
    ),
    figure(
      "Files",
      formatCount(map.files),
      formatBytes(map.size),
      map.empty > 0 && `${formatCount(map.empty)} of them empty`,
      map.unprovable > 0 && `${formatCount(map.unprovable)} without a manifest`,
    ),
    figure(
      "Shards",
      formatCount(shards),
      map.reshards.length > 0 && countOf(map.reshards.length, "reshard"),
      map.quarantined > 0 && `${countOf(map.quarantined, "record")} in quarantine`,
    ),
    last === undefined ? figure("Last record", "unknown") : figure(
      "Last record",
      `${formatSpan((now - last) / 1000)} ago`,
      `${formatMinute(last)} UTC`,
    ),
  ]}</dl>`;
}

function picture(whole: ArchiveMap, map: FittedMap): Html {
  if (map.slots === 0) return html``;
  return html`<section><h2>Shards over time, ${slotText(map)} a column</h2>
    ${legend(map)}
    <div class="scroll" role="region" aria-label="Map of ${whole.stream}" tabindex="0">
      ${mapTable(whole, map)}
    </div>
  </section>`;
}

function wrong(map: ArchiveMap, options: MapPageOptions): Html {
  const sentences = wrongIn(map, LISTED);
  if (sentences.length === 0) return html``;
  return html`<section id="wrong"><h2>What is wrong</h2>
    <ul class="wrong">${
    sentences.map(({ mark, text }) =>
      html`<li>${
        mark === undefined ? "" : html`<span class="sign ${mark}">${MARKS[mark].character}</span>`
      }<span>${text}</span></li>`
    )
  }</ul>
    ${
    nextCommands(map, options).map(({ command, purpose }) =>
      html`
        <p>This ${purpose}:</p>
        <pre><code>${command}</code></pre>
      `
    )
  }
  </section>`;
}

function numbers(whole: ArchiveMap, map: FittedMap): Html {
  return html`
    <details><summary>Numbers by shard</summary>${shardNumbers(whole, map)}</details>
    <details><summary>Numbers by time</summary>${columnNumbers(map)}</details>
  `;
}
