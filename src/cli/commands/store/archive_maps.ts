import { listAllArchives } from "../../../archive/listing/list_all_archives.ts";
import { mapArchive, type MapKnowledge } from "../../../archive/map/map_archive.ts";
import { DAY_MS } from "../../../base/clock.ts";
import { archiveDay } from "../../../codec/tri/archive_key.ts";
import type { MapRequest } from "../../../monitor/mod.ts";
import { html, type HtmlValue } from "../../../monitor/page/html.ts";
import type { ObjectStore } from "../../../objects/mod.ts";
import { knowledgeFrom } from "../../archive_knowledge.ts";
import type { CliContext } from "../../cli_context.ts";
import { renderMap } from "../map/page/map_page.ts";

/** Where the archive of a stream is, and what the configuration calls the stream. */
export interface ArchivePlace {
  readonly store: ObjectStore;
  readonly logicalName: string;
}

/** How far back maps go, in days; how long a slot is, and how long a page is kept, in milliseconds. */
export const WINDOWS = [
  { days: 2, by: "hour", keepMs: 60_000 },
  { days: 14, by: "day", keepMs: 10 * 60_000 },
  { days: 90, by: "day", keepMs: 60 * 60_000 },
] as const;

/** One of {@linkcode WINDOWS}. */
export type MapWindow = typeof WINDOWS[number];

/** A map of more files has fewer days: each file is a request. */
const MAX_FILES = 10_000;

/** Files that are read at once: archiving comes first. */
const FILES_AT_ONCE = 8;

/** What a map is drawn with. */
export interface DrawOptions extends ArchivePlace, Pick<CliContext, "clock"> {
  /** URL of the database. */
  readonly database: string;
  readonly signal: AbortSignal;
  readonly onProgress: (files: number) => void;
}

/** Reads an archive and draws it as a page; asks the bucket for at most so many files. */
export async function drawArchive(
  request: MapRequest,
  asked: MapWindow,
  options: DrawOptions,
): Promise<string> {
  const { store, clock, signal, onProgress } = options;
  const { stream, client } = request;
  const window = await affordable(request, asked, options);
  const { knowledge, note: unknown } = await knowledgeOf(request, options.database);
  const map = await mapArchive(store, {
    ...{ stream, client, clock, signal, knowledge, onProgress, by: window.by },
    filesAtOnce: FILES_AT_ONCE,
    from: firstDay(window, clock.now()),
  });
  const fewer =
    `${asked.days} days have more than ${MAX_FILES} files, so these are ${window.days}.`;
  return renderMap(map, {
    ...{ stream: options.logicalName, client, hasDatabase: true, now: clock.now() },
    store: store.url,
    styles: `${request.root}page.css`,
    nav: links(request, window),
    note: [
      ...window === asked ? [] : [fewer],
      ...unknown === undefined ? [] : [unknown],
      `This page is kept for ${window.keepMs / 60_000} min.`,
    ].join(" "),
  });
}

/** The longest of the windows, up to the one asked for, that has not too many files. */
async function affordable(
  { stream, client }: MapRequest,
  asked: MapWindow,
  { store, clock, signal }: DrawOptions,
): Promise<MapWindow> {
  const windows = WINDOWS.filter(({ days }) => days <= asked.days).toReversed();
  for (const window of windows) {
    let files = 0;
    const from = firstDay(window, clock.now());
    const to = new Date(clock.now() + DAY_MS);
    for await (const _ of listAllArchives(store, { stream, client, from, to, signal, clock })) {
      if (++files > MAX_FILES) break;
    }
    if (files <= MAX_FILES) return window;
  }
  return WINDOWS[0];
}

function firstDay({ days }: MapWindow, now: number): string {
  return archiveDay(new Date(now - (days - 1) * DAY_MS));
}

/** What the database knows; without it, the files alone are drawn. */
async function knowledgeOf(
  owner: MapRequest,
  database: string,
): Promise<{ readonly knowledge: MapKnowledge | undefined; readonly note?: string }> {
  const knowledge = knowledgeFrom(database, owner);
  try {
    await knowledge.gaps();
    return { knowledge };
  } catch {
    const note = "The database did not respond: recorded gaps and parents of shards are not shown.";
    return { knowledge: undefined, note };
  }
}

function links({ root, status, self, query }: MapRequest, shown: MapWindow): HtmlValue {
  return [
    html`<a href="${root + status || "./"}">Status</a>`,
    ...WINDOWS.map((window) => {
      const name = `${window.days} days`;
      const target = `${self}?${query}${query === "" ? "" : "&"}days=${window.days}`;
      return window === shown ? html`<b>${name}</b>` : html`<a href="${target}">${name}</a>`;
    }),
  ];
}
