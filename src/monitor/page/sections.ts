import type { ShardStatus } from "../../archiver/mod.ts";
import type { History } from "../history.ts";
import { duration } from "../duration.ts";
import type { StreamStatus } from "../store_status.ts";
import { chart } from "./chart.ts";
import { formatBytes, formatCount, formatRate, formatSpan, timeAgo } from "./format.ts";
import { type Html, html, type HtmlValue } from "./html.ts";

/** Most shards that are listed. */
const LISTED = 50;
/** Most files that are listed. */
const LISTED_FILES = 10;

const STATES: Readonly<Record<ShardStatus["state"], string>> = {
  reading: "read here",
  failing: "failing",
  another: "another worker",
  free: "free",
  waiting: "waits for its parents",
  refused: "refused",
};

/** The most important numbers. */
export function figures(status: StreamStatus): Html {
  const { at, recentFiles = [], memory, workers } = status;
  const last = recentFiles[0];
  return html`<dl class="figures">${[
    figure("Headroom", formatSpan(status.headroomMs), "until the stream drops records"),
    figure("Oldest unarchived", formatSpan(status.unarchivedAgeMs), "age of the oldest record"),
    figure("Lag", formatSpan(status.lagMs), "behind the newest record"),
    figure(
      "Last file",
      last === undefined ? "none yet" : `${duration(at.getTime() - last.at.getTime())} ago`,
      last === undefined ? "since the start" : `closed by ${last.reason}`,
    ),
    inProgress(status),
    figure(
      "Memory",
      memory === undefined ? "unknown" : formatBytes(memory.rss),
      memory === undefined
        ? undefined
        : `${formatBytes(memory.buffered)} of ${formatBytes(memory.limit)} buffered`,
    ),
    figure("Workers", workers === undefined ? "unknown" : String(workers.length), "alive"),
    figure(
      "Uploads",
      String(status.uploads ?? 0),
      status.uploads ? "files are being uploaded" : "none in progress",
    ),
  ]}</dl>`;
}

function inProgress({ at, openFile, rotateMs, rotateOffsetMs = 0 }: StreamStatus): Html {
  if (openFile === undefined) return figure("File in progress", "empty", "no records waiting");
  const { bytes, events, openedAt } = openFile;
  return figure(
    "File in progress",
    formatBytes(bytes),
    `${formatCount(events)} events in ${duration(at.getTime() - openedAt.getTime())}`,
    rotateMs &&
      `closes in ${duration(rotateMs - (at.getTime() - rotateOffsetMs) % rotateMs)}`,
  );
}

/** A number with its name; notes that are false are left out. */
export function figure(
  name: string,
  value: string,
  ...notes: readonly (HtmlValue | false)[]
): Html {
  const shown = notes.filter((note) => note !== false && note !== undefined);
  return html`
    <div>
      <dt>${name}</dt>
      <dd>${value}${shown.map((note) => html`<small>${note}</small>`)}</dd>
    </div>
  `;
}

/** Charts of the last hours. */
export function charts(history: History): Html {
  const { times } = history;
  const draw = (
    title: string,
    name: Parameters<History["series"]>[0],
    format: (value: number) => string,
  ) => chart({ title, times, values: history.series(name), format });
  return html`<section class="charts" aria-label="The last hours">${[
    draw("Records read", "readPerSecond", formatRate),
    draw("Lag", "lagMs", formatSpan),
    draw("Oldest unarchived", "unarchivedAgeMs", formatSpan),
    draw("Buffered memory", "bufferedBytes", formatBytes),
  ]}</section>`;
}

/** A table whose rows become cards on a narrow screen. */
export function table(
  title: string,
  columns: readonly string[],
  rows: readonly (readonly HtmlValue[])[],
  kind = "",
): Html {
  const cell = (value: HtmlValue, index: number) =>
    html`
      <td role="cell" data-label="${columns[index]}">
        <div>${value}</div>
      </td>
    `;
  return html`
    <table role="table" class="${kind}" aria-label="${title}">
      <thead role="rowgroup">
        <tr role="row">${columns.map((name) =>
          html`<th role="columnheader" scope="col">${name}</th>`
        )}</tr>
      </thead>
      <tbody role="rowgroup">${rows.map((cells) =>
        html`<tr role="row">${cells.map(cell)}</tr>`
      )}</tbody>
    </table>
  `;
}

/** The shards that have not ended; if there are many, those with the oldest unarchived records. */
export function shards(status: StreamStatus): Html {
  const { shards: all, endedShards = 0, worker } = status;
  const heading = html`<h2>Shards</h2>`;
  if (all === undefined) return html`<section>${heading}<p>Not known yet.</p></section>`;
  const listed = all.length <= LISTED
    ? all
    : [...all].sort((a, b) => b.unarchivedAgeMs - a.unarchivedAgeMs).slice(0, LISTED);
  const rows = listed.map((shard) => [
    shard.shardId,
    html`<span class="state ${shard.state}" title="${shard.error ?? ""}">${
      STATES[shard.state]
    }</span>`,
    shard.lagMs === undefined ? "–" : formatSpan(shard.lagMs),
    formatSpan(shard.unarchivedAgeMs),
    formatSpan(shard.headroomMs),
    ownerOf(shard, worker),
    shard.epoch,
    shard.position === undefined
      ? "none yet"
      : html`<code title="${shard.position}">…${shard.position.slice(-8)}</code>`,
  ]);
  const notes = [
    listed.length < all.length
      ? `The ${LISTED} of ${formatCount(all.length)} that are furthest behind; /status has all.`
      : undefined,
    endedShards > 0 ? `${formatCount(endedShards)} more have ended and are archived.` : undefined,
  ].filter((note) => note !== undefined);
  const columns = [
    "Shard",
    "State",
    "Lag",
    "Unarchived",
    "Headroom",
    "Owner",
    "Epoch",
    "Archived up to",
  ];
  return html`<section>${heading}${table("Shards", columns, rows)}<p>${
    notes.join(" ")
  }</p></section>`;
}

function ownerOf({ owner }: ShardStatus, worker: string | undefined): HtmlValue {
  if (owner === undefined) return "none";
  return html`<code title="${owner}">${owner.slice(0, 8)}</code>${
    owner === worker ? " (this one)" : ""
  }`;
}

/** The most recently committed files. */
export function files({ at, recentFiles = [] }: StreamStatus): Html {
  const rows = recentFiles.slice(0, LISTED_FILES).map((file) => [
    timeAgo(file.at, at),
    html`<code>${file.key}</code>`,
    formatCount(file.events),
    formatBytes(file.size),
    file.reason,
    formatCount(file.quarantined),
  ]);
  const columns = ["When", "Key", "Events", "Size", "Closed by", "Quarantined"];
  return html`<section><h2>Recent files</h2>${
    rows.length === 0 ? html`<p>None since the start.</p>` : table("Recent files", columns, rows)
  }</section>`;
}

export function errors({ at, recentErrors }: StreamStatus): Html {
  const rows = recentErrors.map(({ message, times, lastAt, firstAt }) => [
    timeAgo(lastAt, at),
    message,
    times === 1 ? "once" : html`${formatCount(times)} times since ${timeAgo(firstAt, at)}`,
  ]);
  return html`<section><h2>Errors</h2>${
    rows.length === 0
      ? html`<p>None since the start.</p>`
      : table("Errors", ["Last", "Error", "Count"], rows)
  }</section>`;
}

export function services({ at, services }: StreamStatus): Html {
  const names = [["Kinesis", "Kinesis"], ["ledger", "Database"], ["object store", "Object store"]];
  const rows = names.map(([key, name]) => {
    const { lastAnswerAt, failingSince, error } = services[key as keyof typeof services] ?? {};
    const failing = failingSince && html`
      <span class="state refused">failing</span> since ${timeAgo(failingSince, at)}: ${error}.
    `;
    const answered = lastAnswerAt === undefined
      ? "no response yet"
      : html`${failing && "last "}responded ${timeAgo(lastAnswerAt, at)}`;
    return [name, html`${failing}${answered}`];
  });
  return html`<section><h2>Services</h2>${table("Services", ["Service", "State"], rows)}</section>`;
}
