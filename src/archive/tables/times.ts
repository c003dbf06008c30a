import { formatTime, timeOf, Timestamp } from "../../codec/msgpack/values.ts";
import type { TimeForm } from "./column_types.ts";

/**
 * Converts a value to microseconds since the Unix epoch, if that can be undone exactly.
 *
 * @returns Undefined if the value does not have the form, or has a finer or a later time than a column
 * can hold.
 */
export function toMicros(value: unknown, form: TimeForm): bigint | undefined {
  switch (form) {
    case "time":
      return value instanceof Date ? microsOf(value) : undefined;
    case "s":
    case "ms": {
      if (typeof value !== "number" || Object.is(value, -0)) return undefined;
      const micros = Math.round(value * PER_UNIT[form]);
      return Number.isSafeInteger(micros) && micros / PER_UNIT[form] === value
        ? BigInt(micros)
        : undefined;
    }
    default:
      return typeof value === "string" ? parseText(value, form) : undefined;
  }
}

const PER_UNIT = { s: 1_000_000, ms: 1000 };

/** The value that {@linkcode toMicros} has converted. */
export function fromMicros(micros: bigint, form: TimeForm): unknown {
  if (form === "s" || form === "ms") return Number(micros) / PER_UNIT[form];
  return form === "time" ? timeAt(micros) : timeText(micros, form)!;
}

function microsOf(date: Date): bigint | undefined {
  const { seconds, nanoseconds } = timeOf(date);
  if (nanoseconds % 1000 !== 0) return undefined;
  return BigInt(seconds) * 1_000_000n + BigInt(nanoseconds / 1000);
}

/** A time of microseconds since the Unix epoch. */
export function timeAt(micros: bigint): Timestamp {
  const part = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return new Timestamp(Number((micros - part) / 1_000_000n), Number(part) * 1000);
}

function timeText(micros: bigint, form: "iso" | "rfc3339"): string | undefined {
  const time = timeAt(micros);
  if (form === "rfc3339") {
    const { seconds, nanoseconds } = timeOf(time);
    return formatTime(seconds, nanoseconds);
  }
  return micros % 1000n === 0n ? time.toISOString() : undefined;
}

const TEXT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d{1,6}))?Z$/;

function parseText(text: string, form: "iso" | "rfc3339"): bigint | undefined {
  const match = TEXT.exec(text);
  if (match === null) return undefined;
  const ms = Date.parse(`${text.slice(0, 19)}Z`);
  if (Number.isNaN(ms)) return undefined;
  const micros = BigInt(ms) * 1000n + BigInt((match[1] ?? "").padEnd(6, "0"));
  return timeText(micros, form) === text ? micros : undefined;
}
