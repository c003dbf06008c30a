import type { ManifestShard } from "../../codec/tri/archive_manifest.ts";
import type { ArchiveEntry } from "../archive_entry.ts";
import { startOfDay } from "../listing/days.ts";
import { DAY_MS } from "../../base/clock.ts";
import type { InspectedArchive } from "../verify/manifests.ts";
import { type ArchiveSurvey, type ChainOwner, isAtHome } from "../verify/survey.ts";
import type { MapAmounts, MapMark, MapRow } from "./archive_map.ts";
import type { CellGrid, Span } from "./cell_grid.ts";

/** Whose row it is; the shard is undefined for all files of which no shard is known. */
type RowOwner = Pick<MapRow, "client" | "shardId">;

/** A row without its cells. */
export type ShardRow = Omit<MapRow, "cells"> & ChainOwner;

type Sums = { -readonly [name in keyof MapAmounts]: MapAmounts[name] };

/** Marks of what lies between two files. */
const BETWEEN: ReadonlySet<MapMark> = new Set(["missing", "gap", "accepted"]);

/** The row of all shards together, in the grid. */
const ALL = "all";

const UNKNOWN: RowOwner = { client: undefined, shardId: undefined };

/** The rows of a map, while files are added. */
export class MapRows {
  readonly #grid: CellGrid;
  readonly #rows = new Map<string, { readonly owner: RowOwner; readonly sums: Sums }>();

  constructor(grid: CellGrid) {
    this.#grid = grid;
  }

  /** The time of all rows; undefined if nothing was added. */
  get span(): Span | undefined {
    return this.#grid.span;
  }

  /** Adds what a file holds, if it holds anything. */
  add(file: InspectedArchive): void {
    const { entry } = file;
    if (file.type === "empty") return;
    if (file.type !== "provable" || !isAtHome(entry, file.manifest)) {
      const amounts = { files: 1, events: 0, quarantined: 0, size: entry.size };
      const span = keySpan(entry);
      this.#add(UNKNOWN, span, amounts);
      return this.#countFile(span.to);
    }
    const { shards, events, quarantined } = file.manifest;
    const whole = events + quarantined;
    let [records, size, end] = [0, 0, -Infinity];
    for (const [shardId, shard] of shards) {
      const span = arrivalSpan(shard, entry);
      end = Math.max(end, span.to);
      records += shard.events + shard.quarantined;
      const upTo = Math.floor(entry.size * (whole === 0 ? 1 : Math.min(1, records / whole)));
      const amounts = { files: 1, events: shard.events, quarantined: shard.quarantined };
      this.#add({ client: entry.client, shardId }, span, {
        ...amounts,
        size: upTo - size,
      });
      size = upTo;
    }
    if (shards.size > 0) this.#countFile(end);
  }

  /** Marks a time of a shard, of all time if there is none, or of the files without shards. */
  mark(owner: RowOwner, span: Span | undefined, mark: MapMark): void {
    const { id } = this.#row(owner);
    const whole = span ?? this.#grid.span;
    if (whole === undefined) return;
    // What is missing lies between the records before and after it.
    const isBetween = span !== undefined && BETWEEN.has(mark);
    for (const row of [id, ALL]) {
      if (isBetween) this.#grid.markBetween(row, whole, mark);
      else this.#grid.mark(row, whole, mark);
    }
  }

  /** The shards, by client and ID. */
  shards(survey: ArchiveSurvey): ShardRow[] {
    return this.#sorted().flatMap(({ owner: { client, shardId }, sums }) => {
      if (client === undefined || shardId === undefined) return [];
      const links = survey.linksOf({ client, shardId });
      const times = (of: (link: ManifestShard) => Date) => links.map((link) => of(link).getTime());
      return [{
        ...{ client, shardId, ...sums },
        firstArrival: dateOf(Math.min(...times(({ firstArrival }) => firstArrival))),
        lastArrival: dateOf(Math.max(...times(({ lastArrival }) => lastArrival))),
        isBegun: links.some(({ previous }) => previous === undefined),
      }];
    });
  }

  /** All rows; the cells are counted from a slot. */
  rows(shards: readonly ShardRow[], start: number): MapRow[] {
    const cells = (owner: RowOwner) => this.#grid.cellsOf(rowId(owner), start);
    const rows = shards.map((row) => ({ ...row, cells: cells(row) }));
    const unknown = this.#rows.get(rowId(UNKNOWN));
    if (unknown === undefined) return rows;
    const noTimes = { firstArrival: undefined, lastArrival: undefined, isBegun: false };
    return [...rows, { ...UNKNOWN, ...unknown.sums, ...noTimes, cells: cells(UNKNOWN) }];
  }

  /** All rows together. */
  all(amounts: MapAmounts, shards: readonly ShardRow[], start: number): MapRow {
    const { files, events, quarantined, size } = amounts;
    const first = shards.map(({ firstArrival }) => firstArrival?.getTime() ?? Infinity);
    const last = shards.map(({ lastArrival }) => lastArrival?.getTime() ?? -Infinity);
    return {
      ...{ client: undefined, shardId: undefined, files, events, quarantined, size },
      firstArrival: dateOf(Math.min(...first)),
      lastArrival: dateOf(Math.max(...last)),
      isBegun: shards.length > 0 && shards.every(({ isBegun }) => isBegun),
      cells: this.#grid.cellsOf(ALL, start),
    };
  }

  #add(owner: RowOwner, span: Span, amounts: MapAmounts): void {
    const { id, sums } = this.#row(owner);
    sums.files += amounts.files;
    sums.events += amounts.events;
    sums.quarantined += amounts.quarantined;
    sums.size += amounts.size;
    this.#grid.add(id, span, amounts);
    this.#grid.add(ALL, span, { ...amounts, files: 0 });
  }

  /** Counts a file once, whatever shards it has. */
  #countFile(at: number): void {
    this.#grid.add(ALL, { from: at, to: at }, { files: 1, events: 0, quarantined: 0, size: 0 });
  }

  #row(owner: RowOwner): { readonly id: string; readonly sums: Sums } {
    const id = rowId(owner);
    const { client, shardId } = owner;
    const row = this.#rows.get(id) ??
      { owner: { client, shardId }, sums: { files: 0, events: 0, quarantined: 0, size: 0 } };
    this.#rows.set(id, row);
    return { id, sums: row.sums };
  }

  #sorted() {
    return [...this.#rows].sort(([a], [b]) => a < b ? -1 : 1).map(([, row]) => row);
  }
}

function rowId({ client, shardId }: RowOwner): string {
  return shardId === undefined ? "" : `${client} ${shardId}`;
}

/** When the records of a shard arrived, by a manifest; if that makes no sense, by the file's key. */
function arrivalSpan({ firstArrival, lastArrival }: ManifestShard, entry: ArchiveEntry): Span {
  const [from, to] = [firstArrival.getTime(), lastArrival.getTime()];
  return from <= to ? { from, to } : keySpan(entry);
}

/** The time in a key. Programs that write another number than a time count at the key's day. */
export function keySpan({ createdAt, day }: Pick<ArchiveEntry, "createdAt" | "day">): Span {
  const [time, start] = [createdAt * 1000, startOfDay(day)];
  const at = Math.abs(time - start) <= 2 * DAY_MS ? time : start;
  return { from: at, to: at };
}

function dateOf(ms: number): Date | undefined {
  return Number.isFinite(ms) ? new Date(ms) : undefined;
}
