/**
 * The styles of a map of an archive: bars as high as there are many events, and a sign of its own for
 * each thing that is wrong, so that no colour is needed to read it.
 */
export const MAP_CSS =
  `.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; background: var(--card); padding: 8px 12px 10px 0; }
.scroll:focus-visible, .map a:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.map { display: table; width: max-content; table-layout: auto; border-collapse: separate; border: 0; background: none; border-radius: 0; }
.map thead { display: table-header-group; position: static; width: auto; height: auto; clip-path: none; overflow: visible; }
.map tbody { display: table-row-group; }
.map tr, .map tbody tr { display: table-row; border: 0; padding: 0; }
.map th, .map td { display: table-cell; padding: 0; height: 22px; white-space: nowrap; vertical-align: bottom; overflow-wrap: normal; }
.map td::before { content: none; }
.map .name { position: sticky; left: 0; z-index: 1; max-width: 180px; padding: 0 10px 2px 12px; background: var(--card); text-align: left; overflow: hidden; text-overflow: ellipsis; font-size: 0.82rem; }
.map thead th:not(.name, .total) { font-weight: 400; font-size: 0.75rem; overflow: visible; border-left: 1px solid var(--line); padding-left: 2px; height: 18px; }
.map .sum th, .map .sum td { border-bottom: 8px solid var(--card); }
.map td { font-size: 0; text-align: center; background-repeat: no-repeat; background-position: bottom; border: solid var(--card); border-width: 2px 1px 0 0; background-clip: padding-box; }
.map .total { font-size: 0.82rem; text-align: right; padding: 0 0 2px 16px; color: var(--soft); }
.w0 td { min-width: 44px; } .w1 td { min-width: 22px; } .w2 td { min-width: 11px; } .w3 td { min-width: 7px; } .w4 td { min-width: 5px; }
.map .n { background-image: linear-gradient(var(--soft), var(--soft)); background-size: 3px 1px; }
${
    Array.from(
      { length: 8 },
      (_, level) =>
        `.map .b${level} { background-image: linear-gradient(var(--accent), var(--accent)); background-size: 100% ${
          12.5 * (level + 1)
        }%; }`,
    ).join("\n")
  }
.map .mark { font-size: 0.8rem; font-weight: 700; line-height: 20px; vertical-align: middle; overflow: visible; }
.map .mark a { color: inherit; text-decoration: none; }
.missing, .damaged { color: var(--bad); background-color: var(--bad-back); }
.gap, .doubled { color: var(--wait); background-color: var(--wait-back); }
.map td.quarantine, .quarantine:empty { background-image: repeating-linear-gradient(135deg, var(--wait) 0 2px, var(--wait-back) 2px 5px); }
.quarantine { color: var(--wait); }
.quarantine:empty { width: 1.5em; height: 14px; vertical-align: -2px; }
.accepted, .other, .bend { color: var(--soft); }
.sign { display: inline-block; min-width: 1.5em; margin-right: 6px; text-align: center; font-weight: 700; border-radius: 4px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 0 2px 8px; padding: 0; list-style: none; font-size: 0.85rem; color: var(--soft); }
.bars { display: inline-block; width: 40px; height: 14px; margin-right: 6px; vertical-align: -2px; background: linear-gradient(to top right, var(--accent) 50%, transparent 50.5%); }
.wrong { margin: 0; padding: 0; list-style: none; }
.wrong li { display: flex; align-items: baseline; padding: 4px 2px; overflow-wrap: anywhere; }
.wrong .sign { flex: none; }
.wrong span + span { min-width: 0; }
pre { margin: 4px 0 12px; padding: 8px 12px; overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere; }
details { margin-top: 14px; }
summary { cursor: pointer; font-weight: 600; padding: 4px 2px; }
nav a + a, nav b + a, nav a + b { margin-left: 12px; }
@media (max-width: 720px) { .map .name { max-width: 104px; padding-left: 8px; } .w0 td { min-width: 22px; } }
`;
