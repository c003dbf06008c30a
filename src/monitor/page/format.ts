import { duration } from "../duration.ts";
import { type Html, html } from "./html.ts";

/** Formats a number with thousands separators: `12,345`. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

const SIZES = [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]] as const;

/** Formats a size in decimal units: `9.9 MB`. */
export function formatBytes(bytes: number): string {
  for (const [unit, size] of SIZES) {
    if (bytes >= size) return `${(bytes / size).toFixed(bytes >= 100 * size ? 0 : 1)} ${unit}`;
  }
  return `${Math.round(bytes)} B`;
}

/** Formats a rate, with a decimal if it is below 10. */
export function formatRate(perSecond: number): string {
  const digits = perSecond > 0 && perSecond < 10 ? 1 : 0;
  return `${perSecond.toLocaleString("en-US", { maximumFractionDigits: digits })}/s`;
}

/** Formats a duration, with a decimal if it is below ten seconds. */
export function formatSpan(ms: number | undefined): string {
  if (ms === undefined) return "unknown";
  return ms > 0 && ms < 9_950 ? `${(ms / 1000).toFixed(1)} s` : duration(ms);
}

/** Formats how long ago a time was, with the time itself as a tooltip. */
export function timeAgo(time: Date, now: Date): Html {
  const text = `${duration(now.getTime() - time.getTime())} ago`;
  const iso = time.toISOString();
  return html`<time datetime="${iso}" title="${iso}">${text}</time>`;
}
