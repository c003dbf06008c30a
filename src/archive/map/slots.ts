import { DAY_MS } from "../../base/clock.ts";

/** An hour, in milliseconds. */
export const HOUR_MS = 3_600_000;

/**
 * Lengths of a slot, in milliseconds: 1, 3, 6 and 12 hours, 1 day, 1, 4 and 52 weeks. Each is a
 * multiple of the one before, so that slots can be joined.
 */
export const SLOT_LENGTHS: readonly number[] = [
  ...[1, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 7, 28, 364].map((days) => days * DAY_MS),
];

/** Slots are counted from a Monday, so that weeks begin with one. */
const ORIGIN_MS = Date.UTC(1970, 0, 5);

/** The slot of a time, in milliseconds since the Unix epoch. */
export function slotAt(ms: number, slotMs: number): number {
  return Math.floor((ms - ORIGIN_MS) / slotMs);
}

/** When a slot begins, in milliseconds since the Unix epoch. */
export function startOfSlot(slot: number, slotMs: number): number {
  return ORIGIN_MS + slot * slotMs;
}

/** The next longer slot; the same if there is none. */
export function longerSlot(slotMs: number): number {
  return SLOT_LENGTHS.find((length) => length > slotMs) ?? slotMs;
}

/** A part of a span of time, and which part of the whole is before its end, from 0 to 1. */
export interface SlotShare {
  readonly slot: number;
  readonly upTo: number;
  /** Whether the span ends in it. */
  readonly isLast: boolean;
}

/**
 * Divides a span of time into slots, in order.
 *
 * @param from When it begins, in milliseconds since the Unix epoch.
 * @param to When it ends, the moment included.
 */
export function* sharesOf(from: number, to: number, slotMs: number): Generator<SlotShare> {
  const last = slotAt(to, slotMs);
  for (let slot = slotAt(from, slotMs); slot < last; slot++) {
    yield { slot, upTo: (startOfSlot(slot + 1, slotMs) - from) / (to - from), isLast: false };
  }
  yield { slot: last, upTo: 1, isLast: true };
}
