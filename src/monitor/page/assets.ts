import { MAP_CSS } from "./map_css.ts";

/** The style sheet: light and dark, with cards instead of tables on a phone. */
export const PAGE_CSS = `:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --line: #dfe3e8; --text: #1b2330; --soft: #566173;
  --accent: #1f5fbf; --fill: #1f5fbf22;
  --good: #14663a; --good-back: #dff3e6; --bad: #a1161e; --bad-back: #fde5e5;
  --wait: #7a4a00; --wait-back: #fdf0d5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11151c; --card: #1a202a; --line: #2e3744; --text: #e7ebf1; --soft: #a3aebd;
    --accent: #7fb0ff; --fill: #7fb0ff26;
    --good: #8fe0ae; --good-back: #143524; --bad: #ffb0b0; --bad-back: #451a1d;
    --wait: #ffd591; --wait-back: #3d2d10;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
main { max-width: 1120px; margin: 0 auto; padding: 20px 20px 32px; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 28px 0 8px; overflow-wrap: anywhere; }
h1 + .verdict { margin-top: 10px; }
header p { margin: 2px 0 14px; color: var(--soft); overflow-wrap: anywhere; }
section > p { margin: 6px 2px; color: var(--soft); overflow-wrap: anywhere; }
section > p:empty { display: none; }
code { font: 0.92em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
a { color: var(--accent); }
time { white-space: nowrap; }
#stale { margin: 0; padding: 10px 20px; text-align: center; color: var(--bad); background: var(--bad-back); }
.verdict { display: flex; gap: 4px 14px; align-items: baseline; padding: 10px 14px; border-radius: 8px; }
.verdict strong { white-space: nowrap; }
.verdict ul { margin: 0; padding: 0; list-style: none; overflow-wrap: anywhere; }
.good { color: var(--good); background: var(--good-back); }
.bad { color: var(--bad); background: var(--bad-back); }
.wait { color: var(--wait); background: var(--wait-back); }
.figures, .charts { display: grid; gap: 10px; margin: 14px 0 0; grid-template-columns: repeat(4, minmax(0, 1fr)); }
.figures div, figure { margin: 0; padding: 10px 14px; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
dt, figcaption span, figure p, small { color: var(--soft); }
dt { font-size: 0.85rem; }
dd { margin: 0; font-size: 1.3rem; font-variant-numeric: tabular-nums; }
small { display: block; font-size: 0.8rem; line-height: 1.3; }
figcaption, figure p { display: flex; justify-content: space-between; gap: 8px; font-size: 0.85rem; }
figcaption span { font-variant-numeric: tabular-nums; }
figure p { margin: 4px 0 0; font-size: 0.78rem; }
svg { display: block; width: 100%; height: 64px; margin-top: 6px; border-bottom: 1px solid var(--line); }
polyline { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
polygon { fill: var(--fill); }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); border-radius: 8px; border-spacing: 0; font-variant-numeric: tabular-nums; }
th { text-align: left; font-size: 0.82rem; font-weight: 600; color: var(--soft); }
th, td { padding: 7px 12px; vertical-align: top; overflow-wrap: anywhere; }
table + table { margin-top: 10px; }
tbody tr { border-top: 1px solid var(--line); }
.state { display: inline-block; padding: 0 8px; border-radius: 9px; font-size: 0.85rem; white-space: nowrap; }
.reading { color: var(--good); background: var(--good-back); }
.free { color: var(--wait); background: var(--wait-back); }
.refused, .failing { color: var(--bad); background: var(--bad-back); }
.streams td:nth-child(n + 2):not(:last-child) { white-space: nowrap; }
.streams a { font-weight: 600; }
.error { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
nav { margin: 0 0 6px; font-size: 0.9rem; }
.another, .waiting { color: var(--soft); border: 1px solid var(--line); }
footer { margin-top: 28px; font-size: 0.85rem; color: var(--soft); overflow-wrap: anywhere; }
footer a { margin-left: 8px; }
@media (min-width: 861px) {
  th { overflow-wrap: break-word; }
  .streams th { width: 1%; }
  .streams th:first-child { width: 26%; }
  .streams th:last-child { width: auto; }
}
@media (max-width: 860px) {
  .figures, .charts { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media (max-width: 720px) {
  main { padding: 14px 12px 24px; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, tr, td { display: block; }
  tbody tr { padding: 8px 0; }
  tbody tr:first-child { border-top: 0; }
  td { display: flex; gap: 12px; padding: 2px 12px; }
  td::before { content: attr(data-label); flex: 0 0 7.2em; color: var(--soft); font-size: 0.85rem; }
  td > div { min-width: 0; }
  .streams tr { display: grid; grid-template-columns: repeat(12, minmax(0, 1fr)); gap: 2px 4px; padding: 9px 12px; }
  .streams td, .streams td:nth-child(n + 2):not(:last-child) { display: block; padding: 0; white-space: normal; }
  .streams td::before { display: block; font-size: 0.75rem; }
  .streams td { grid-column: span 3; }
  .streams td:first-child { grid-column: span 7; }
  .streams td:nth-child(2) { grid-column: span 5; justify-self: end; }
  .streams td:nth-child(4) { grid-column: span 4; }
  .streams td:nth-child(6) { grid-column: span 2; }
  .streams td:last-child { grid-column: span 12; }
  .streams td:first-child::before, .streams td:nth-child(2)::before, .streams td:last-child::before { content: none; }
}
@media (max-width: 420px) {
  .charts { grid-template-columns: minmax(0, 1fr); }
  .verdict { display: block; }
  .figures div { padding: 8px 10px; }
  dd { font-size: 1.15rem; }
}
${MAP_CSS}`;

/** The script: fetches the page every few seconds and replaces the old content. */
export const PAGE_JS = `"use strict";
const live = document.getElementById("live");
const stale = document.getElementById("stale");
let timer = setTimeout(update, 5000);
async function update() {
  try {
    const response = await fetch("", { cache: "no-store", signal: AbortSignal.timeout(4000) });
    if (!response.ok) throw new Error(response.statusText);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    // Does not replace selected text, which the user may be about to copy.
    if (getSelection().isCollapsed) live.replaceChildren(...page.getElementById("live").childNodes);
    stale.hidden = true;
  } catch {
    stale.hidden = false;
  }
  // Only one timer: another call may have waited at the same time.
  clearTimeout(timer);
  timer = setTimeout(update, document.hidden ? 30000 : 5000);
}
document.addEventListener("visibilitychange", () => document.hidden || update());
`;
