/** Formats a number with thousands separators: `1,707`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** Formats a size for people: `1.2 MB`. */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return unit === 0 ? `${bytes} bytes` : `${value.toFixed(value < 99.5 ? 1 : 0)} ${units[unit]}`;
}

/** Formats a count with its noun: `1 problem`, `2 problems`. */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

const UNITS = [["d", 86_400], ["h", 3_600], ["m", 60], ["s", 1]] as const;

/** Formats a time in UTC, to the second: `2026-09-01T12:00:00Z`; empty if it is invalid. */
export function formatTime(time: Date | number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString().replace(/\.\d+Z$/, "Z");
}

/** Formats a duration in its two largest units: `19s`, `2h05m`, `3d04h`. */
export function formatSpan(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const at = UNITS.findIndex(([, size]) => whole >= size);
  if (at < 0) return "0s";
  const [unit, size] = UNITS[at]!;
  const next = UNITS[at + 1];
  const first = `${Math.floor(whole / size)}${unit}`;
  if (next === undefined) return first;
  return `${first}${String(Math.floor((whole % size) / next[1])).padStart(2, "0")}${next[0]}`;
}
