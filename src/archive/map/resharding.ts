import type { ShardId } from "../../base/record.ts";
import type { Reshard } from "./archive_map.ts";
import type { ShardRow } from "./map_rows.ts";
import { HOUR_MS } from "./slots.ts";

/** From which shards a shard came, as the database knows it. */
export interface Lineage {
  /** The client that archives it. */
  readonly client: string;
  /** The shard. */
  readonly shardId: ShardId;
  /** The shards that it continues; none if it was there from the beginning. */
  readonly parents: readonly ShardId[];
}

/** Two clocks, and an aggregated record, may disagree by this much. */
const SLACK_MS = 5 * 60_000;

/**
 * Finds out which shards ended where others began.
 *
 * @param rows The archived shards.
 * @param lineage Parents by the database; if it is undefined, times must do.
 * @returns The reshards, by time.
 */
export function resharding(
  rows: readonly ShardRow[],
  lineage: readonly Lineage[] | undefined,
): Reshard[] {
  const clients = [...Map.groupBy(rows, ({ client }) => client)];
  return clients.flatMap(([client, shards]) =>
    lineage === undefined
      ? byTimes(client, shards)
      : byParents(client, shards, lineage.filter((one) => one.client === client))
  ).sort((a, b) => a.at.getTime() - b.at.getTime());
}

/** Children of the same parents are one reshard. */
function byParents(
  client: string,
  rows: readonly ShardRow[],
  lineage: readonly Lineage[],
): Reshard[] {
  const known = new Map(rows.map((row) => [row.shardId, row]));
  const families = Map.groupBy(
    lineage.filter(({ parents }) => parents.length > 0),
    ({ parents }) => JSON.stringify([...parents].sort()),
  );
  return [...families.values()].flatMap((family) => {
    const parents = [...family[0]!.parents].sort();
    const children = family.map(({ shardId }) => shardId).sort();
    const begun = children.map((id) => known.get(id)?.firstArrival);
    const ended = parents.map((id) => known.get(id)?.lastArrival);
    const at = earliest(begun) ?? latest(ended);
    return at === undefined ? [] : [{ client, at, parents, children, source: "database" as const }];
  });
}

/** Shards that began when older ones fell silent for ever: most likely their children. */
function byTimes(client: string, rows: readonly ShardRow[]): Reshard[] {
  const times = rows.filter((row): row is Timed => row.firstArrival !== undefined)
    .sort((a, b) => a.firstArrival.getTime() - b.firstArrival.getTime());
  const reshards: Reshard[] = [];
  const seen = new Set<ShardId>();
  for (const child of times) {
    if (seen.has(child.shardId) || !child.isBegun) continue;
    const begins = child.firstArrival.getTime();
    const parents = times.filter(({ shardId, firstArrival, lastArrival }) => {
      const ends = lastArrival.getTime();
      return shardId < child.shardId && firstArrival.getTime() < begins - SLACK_MS &&
        ends >= begins - HOUR_MS && ends <= begins + SLACK_MS;
    });
    if (parents.length === 0) continue;
    const children = times.filter((row) =>
      row.isBegun && !seen.has(row.shardId) && row.firstArrival.getTime() - begins <= HOUR_MS &&
      row.firstArrival >= child.firstArrival && parents.every(({ shardId }) =>
        shardId < row.shardId
      )
    );
    for (const { shardId } of children) seen.add(shardId);
    reshards.push({
      ...{ client, at: child.firstArrival, source: "times" },
      parents: parents.map(({ shardId }) => shardId).sort(),
      children: children.map(({ shardId }) => shardId).sort(),
    });
  }
  return reshards;
}

type Timed = ShardRow & { readonly firstArrival: Date; readonly lastArrival: Date };

function earliest(dates: readonly (Date | undefined)[]): Date | undefined {
  const times = dates.filter((date) => date !== undefined).map(Number);
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

function latest(dates: readonly (Date | undefined)[]): Date | undefined {
  const times = dates.filter((date) => date !== undefined).map(Number);
  return times.length === 0 ? undefined : new Date(Math.max(...times));
}
