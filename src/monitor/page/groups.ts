import { compareSequenceNumbers } from "../../base/record.ts";
import type { GroupShardStatus, GroupStatus, StreamStatus } from "../store_status.ts";
import { formatCount, timeAgo } from "./format.ts";
import { type Html, html, type HtmlValue } from "./html.ts";
import { table } from "./sections.ts";

/** Most shards of a group, and most members, that are listed. */
const LISTED = 50;

/** The consumer groups that read the stream; nothing if there are none. */
export function groups(status: StreamStatus): Html {
  const { consumerGroups, at } = status;
  if (consumerGroups === undefined) return html``;
  const { groups, error, readAt } = consumerGroups;
  const since = readAt === undefined ? "" : html`
    What follows was read ${timeAgo(readAt, at)}.
  `;
  const failure = error === undefined ? "" : html`
    <section>
      <h2>Consumer groups</h2>
      <p>Cannot be read: ${error}.${groups.length > 0 ? since : ""}</p>
    </section>
  `;
  return html`${[failure, ...groups.map((group) => section(group, status))]}`;
}

function section(group: GroupStatus, status: StreamStatus): Html {
  const { client, shards, members, endedShards } = group;
  const notes = [
    ...[members, shards].some(({ length }) => length > LISTED)
      ? [
        `The first ${LISTED} of ${formatCount(members.length)} members and of ` +
        `${formatCount(shards.length)} shards; /status has all.`,
      ]
      : [],
    ...endedShards > 0 ? [`${formatCount(endedShards)} more shards have ended.`] : [],
  ];
  return html`<section><h2>Group ${client}</h2>${membersOf(group)}${
    shards.length === 0 ? "" : shardsOf(group, status)
  }<p>${notes.join(" ")}</p></section>`;
}

function membersOf({ client, members, shards }: GroupStatus): Html {
  if (members.length === 0) {
    const waiting = shards.length > 0 ? " Nobody reads its shards." : "";
    return html`<p>No member is running.${waiting}</p>`;
  }
  const rows = members.slice(0, LISTED).map(({ worker, isAlive, shards, lastError }) => [
    nameOf(worker),
    html`<span class="state ${isAlive ? "reading" : "failing"}">${
      isAlive ? "alive" : "gone"
    }</span>`,
    formatCount(shards.length),
    lastError === undefined ? "–" : html`<span title="${lastError}">${lineOf(lastError)}</span>`,
  ]);
  return table(`Members of group ${client}`, ["Member", "State", "Shards", "Last error"], rows);
}

function shardsOf({ client, shards }: GroupStatus, status: StreamStatus): Html {
  const rows = shards.slice(0, LISTED).map((shard) => [
    shard.shardId,
    shard.owner === undefined ? html`<span class="state free">free</span>` : nameOf(shard.owner),
    shard.savedAt === undefined ? "–" : timeAgo(shard.savedAt, status.at),
    progressOf(shard, status),
    shard.epoch,
    shard.position === undefined
      ? "none yet"
      : html`<code title="${shard.position}">…${shard.position.slice(-8)}</code>`,
  ]);
  const columns = ["Shard", "Owner", "Saved", "Progress", "Epoch", "Processed up to"];
  return table(`Shards of group ${client}`, columns, rows);
}

/** The name of a member without most of its random suffix. */
function nameOf(worker: string): Html {
  const short = worker.replace(/(-[0-9a-f]{4})[0-9a-f]{12}$/, "$1");
  return html`<code title="${worker}">${short}</code>`;
}

/** The first line of an error, without its stack trace. */
function lineOf(error: string): string {
  return error.split("\n", 1)[0]!;
}

/**
 * Whether everything that is archived has been processed: how far the group is behind the stream is not
 * in the database.
 */
function progressOf({ shardId, position }: GroupShardStatus, { shards }: StreamStatus): HtmlValue {
  const archived = shards?.find((shard) => shard.shardId === shardId)?.position;
  if (archived === undefined) return "–";
  const isBehind = position === undefined || compareSequenceNumbers(position, archived) < 0;
  return isBehind ? "behind the archive" : "not behind the archive";
}
