import type { ArchiveMap } from "../../../archive/mod.ts";
import { DAY_MS } from "../../../base/clock.ts";

/** A slot whose time is written. */
interface MapTick {
  readonly slot: number;
  readonly label: string;
}

/** From here on, a map has years, because a day of the year would not say which. */
const YEARS_MS = 364 * DAY_MS;

/**
 * The slots whose times are written above a map, so that no two labels touch: days, and hours where
 * slots are shorter than days and there is room; months with their years if there is more than a year.
 *
 * @param room Characters between the starts of two slots, which may be less than one.
 */
export function ticks({ start, slots, slotMs }: ArchiveMap, room = 1): MapTick[] {
  if (start === undefined) return [];
  const times = Array.from({ length: slots }, (_, slot) => start.getTime() + slot * slotMs);
  const [from, to] = slots * slotMs > YEARS_MS ? [0, 7] : [5, 10];
  const days = times.flatMap((time, slot) =>
    slot === 0 || slotMs >= DAY_MS || time % DAY_MS < slotMs
      ? [{ slot, label: new Date(time).toISOString().slice(from, to) }]
      : []
  );
  const hours = slotMs >= DAY_MS ? [] : times.flatMap((time, slot) => {
    const hour = new Date(time).getUTCHours();
    return hour % 6 === 0 ? [{ slot, label: `${String(hour).padStart(2, "0")}h` }] : [];
  });
  const placed: MapTick[] = [];
  for (const tick of [...days, ...hours]) {
    const [from, to] = [tick.slot * room, tick.slot * room + tick.label.length];
    const isFree = placed.every(({ slot, label }) =>
      slot * room + label.length + 1 <= from || to + 1 <= slot * room
    );
    if (isFree && (to <= slots * room || placed.length === 0)) placed.push(tick);
  }
  return placed.sort((a, b) => a.slot - b.slot);
}

/** The labels above a map as one line; a slot takes `wide` characters. */
export function ticksOf(map: ArchiveMap, wide: number): string {
  return ticks(map, wide).reduce((line, { slot, label }) => line.padEnd(slot * wide) + label, "");
}
