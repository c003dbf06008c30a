import { duration } from "../store_status.ts";
import { type Html, html } from "./html.ts";

/** A number with its thousands apart: `12,345`. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

const SIZES = [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]] as const;

/** A size in decimal units: `9.9 MB`. */
export function formatBytes(bytes: number): string {
  for (const [unit, size] of SIZES) {
    if (bytes >= size) return `${(bytes / size).toFixed(bytes >= 100 * size ? 0 : 1)} ${unit}`;
  }
  return `${Math.round(bytes)} B`;
}

/** A rate: with decimals where it is small. */
export function formatRate(perSecond: number): string {
  const digits = perSecond > 0 && perSecond < 10 ? 1 : 0;
  return `${perSecond.toLocaleString("en-US", { maximumFractionDigits: digits })}/s`;
}

/** A time span; under ten seconds with a decimal. */
export function formatSpan(ms: number | undefined): string {
  if (ms === undefined) return "unknown";
  return ms > 0 && ms < 9_950 ? `${(ms / 1000).toFixed(1)} s` : duration(ms);
}

/** A time as how long ago it is; the time itself is shown on pointing at it. */
export function timeAgo(time: Date, now: Date): Html {
  const text = `${duration(now.getTime() - time.getTime())} ago`;
  const iso = time.toISOString();
  return html`<time datetime="${iso}" title="${iso}">${text}</time>`;
}
