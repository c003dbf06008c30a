import type { FittedMap } from "../../../../archive/map/fit_map.ts";
import type { ArchiveMap, MapAmounts, Reshard } from "../../../../archive/mod.ts";
import type { Html } from "../../../../monitor/page/html.ts";
import { table } from "../../../../monitor/page/sections.ts";
import { formatBytes, formatCount } from "../../../text/format.ts";
import { drawnRows } from "../map_cells.ts";
import { formatMinute, labelOf, MARKS } from "../map_words.ts";

/** The rows of a map in numbers. */
export function shardNumbers(whole: ArchiveMap, map: FittedMap): Html {
  const columns = ["Shard", "Files", "Events", "Size", "Quarantined", "From", "To", "Reshards"];
  const time = (date: Date | undefined) => date === undefined ? "–" : formatMinute(date);
  const rows = drawnRows(whole, map).map(({ label, row, hasFiles }) => [
    row.shardId === undefined ? label : `${label}: ${row.shardId}`,
    ...amounts(row, hasFiles),
    ...[time(row.firstArrival), time(row.lastArrival)],
    reshardsOf(row, whole),
  ]);
  return table("Numbers by shard", columns, rows);
}

/** The columns of a map in numbers; those that hold nothing are left out. */
export function columnNumbers({ start, slotMs, all }: FittedMap): Html {
  const columns = ["From", "Files", "Events", "Size", "Quarantined", "Wrong"];
  const rows = all.cells.map((cell) => [
    formatMinute(start!.getTime() + cell.slot * slotMs),
    ...amounts(cell),
    cell.marks.map((mark) => MARKS[mark].name).join(", ") || "–",
  ]);
  return table("Numbers by time", columns, rows);
}

function amounts(of: MapAmounts, hasFiles = true): string[] {
  return [
    hasFiles ? formatCount(of.files) : "–",
    formatCount(of.events),
    formatBytes(of.size),
    formatCount(of.quarantined),
  ];
}

/** Where a shard came from, and what became of it. */
function reshardsOf(
  { client, shardId }: FittedMap["rows"][number],
  map: ArchiveMap,
): string {
  if (shardId === undefined) return "–";
  const ours = map.reshards.filter((one) => one.client === client);
  const names = (reshards: readonly Reshard[], side: "parents" | "children") =>
    reshards.flatMap((one) => one[side]).map((shardId) => labelOf({ client, shardId }, map));
  const from = names(ours.filter(({ children }) => children.includes(shardId)), "parents");
  const into = names(ours.filter(({ parents }) => parents.includes(shardId)), "children");
  const texts = [
    ...from.length > 0 ? [`from ${from.join(", ")}`] : [],
    ...into.length > 0 ? [`into ${into.join(", ")}`] : [],
  ];
  return texts.length === 0 ? "–" : texts.join("; ");
}
