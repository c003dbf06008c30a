import { deepStrictEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ArchiveMap, MapCell, MapRow } from "../../../../src/archive/mod.ts";
import type { ShardId } from "../../../../src/base/record.ts";
import { renderMap } from "../../../../src/cli/commands/map/page/map_page.ts";
import { shardId, START } from "../../../archive/chain_archives.ts";
import { DAY, HOUR, hourlyFiles, mapOf } from "../../../archive/map/map_files.ts";
import { Browser } from "../../../support/browser.ts";
import { checkLooks } from "../../../support/page_looks.ts";
import { withArchive } from "../../archive_place.ts";

const OPTIONS = {
  ...{ stream: "clicks", client: undefined, hasDatabase: false },
  ...{ now: START + 3 * DAY, store: "s3://bucket" },
};

/** A map with this many full rows. */
function fullMap(shards: number, slots: number, slotMs = HOUR): ArchiveMap {
  const cells = (events: number): MapCell[] =>
    Array.from({ length: slots }, (_, slot) => ({
      ...{ slot, files: 1, events: events + slot % 7, quarantined: slot % 50 === 9 ? 1 : 0 },
      ...{ size: 12_345_678, marks: slot % 90 === 5 ? ["missing" as const] : [] },
    }));
  const row = (n: number): MapRow => ({
    ...{ client: "store", shardId: shardId(n), files: slots, events: 1e6, quarantined: 9 },
    ...{ size: 1e9, firstArrival: new Date(START), lastArrival: new Date(START + slots * slotMs) },
    ...{ isBegun: true, cells: cells(1_000_000 + n) },
  });
  const amounts = { files: slots, events: shards * 1e6, quarantined: 9, size: 1e12 };
  return {
    ...{ stream: "clicks", client: undefined, from: undefined, to: undefined },
    ...{ start: new Date(START), slotMs, slots, bytes: 1e12, empty: 0, unprovable: 0, ...amounts },
    all: { ...row(0), client: undefined, shardId: undefined, ...amounts },
    rows: Array.from({ length: shards }, (_, n) => row(n)),
    reshards: [],
    findings: [],
  };
}

Deno.test("triton map --html writes a page that loads nothing from elsewhere, and runs no script", () =>
  withArchive(async ({ put, run, bucket }) => {
    await put(...hourlyFiles({ to: 5 }).filter((_, hour) => hour !== 2));
    const file = join(bucket, "map.html");
    const { code, stdout, stderr } = await run("map", ["--html", file]);
    deepStrictEqual([code, stdout], [0, ""]);
    match(stderr, /^triton: Wrote .*map\.html: [\d.]+ kB\n$/);
    const page = await Deno.readTextFile(file);
    doesNotMatch(page, /<script|javascript:|https?:|src=|@import|url\(|\son\w+=|\sstyle=/i);
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)![1]!;
    const styles = /<style>(.*)<\/style>/s.exec(page)![1]!;
    const hash = createHash("sha256").update(styles).digest("base64");
    equal(
      policy,
      `default-src &#39;none&#39;; style-src &#39;sha256-${hash}&#39;; img-src data:; ` +
        "form-action &#39;none&#39;; base-uri &#39;none&#39;",
    );
    match(page, /<td class="mark missing" title="2026-01-01 02:00: 0 events, [^"]*missing file">/);
    match(page, /triton verify --stream clicks --start-date 20260101 --end-date 20260101/);
    const piped = await run("map", ["--html", "-"]);
    deepStrictEqual([piped.code, piped.stdout, piped.stderr], [0, page, ""]);
    equal((await run("map", ["--html", "-", "--json"])).code, 2);
    const refused = await run("map", ["--html", join(bucket, "none", "map.html")]);
    equal(refused.code, 1);
    match(refused.stderr, /^triton: Cannot write --html .*map\.html: /);
  }));

Deno.test("renderMap() escapes all names, which are foreign text", () => {
  const evil = `<img src=x onerror=alert(1)>"'&`;
  const map = fullMap(2, 3);
  const row = { ...map.rows[0]!, client: evil, shardId: evil as ShardId };
  const reshard = { client: evil, at: new Date(START), source: "times" as const };
  const page = renderMap({
    ...map,
    stream: evil,
    rows: [row, { ...map.rows[1]!, client: `b${evil}` }],
    reshards: [{ ...reshard, parents: [evil as ShardId], children: [evil as ShardId] }],
    findings: [{
      ...{ mark: "damaged", client: evil, shardId: evil as ShardId, message: evil },
      ...{ from: new Date(START), to: new Date(START), keys: [evil, evil] },
    }],
  }, { ...OPTIONS, stream: evil, client: evil, store: evil, note: evil, nav: evil, styles: evil });
  ok(!page.includes("<img"));
  ok(!page.includes(`"'&`));
  ok(page.split("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;").length > 10);
});

Deno.test("renderMap() stays below 2 MB, however large the archive is", () => {
  for (const [shards, slots] of [[1, 10_000], [40, 3_000], [256, 200], [1_000, 50]] as const) {
    const page = renderMap(fullMap(shards, slots), OPTIONS);
    ok(page.length < 2_000_000, `${shards} shards, ${slots} slots: ${page.length}`);
    const cells = page.match(/<td class="(b|mark)/g)!.length;
    ok(cells <= 13_000 && cells >= 50, `${cells} cells`);
  }
});

Deno.test("renderMap() says whether something is wrong, first of all", async () => {
  const verdictOf = async (files: Parameters<typeof mapOf>[0]) =>
    /class="verdict (\w+)"><strong>([^<]*)/.exec(renderMap(await mapOf(files), OPTIONS))!.slice(1);
  const files = hourlyFiles({ to: 4 });
  deepStrictEqual(await verdictOf([]), ["wait", "No files"]);
  deepStrictEqual(await verdictOf(files), ["good", "Whole"]);
  deepStrictEqual(await verdictOf([files[0]!, files[3]!]), ["bad", "Not whole"]);
  const anew = hourlyFiles({ from: 6, to: 7 });
  deepStrictEqual(await verdictOf([...files, ...anew]), ["wait", "Gaps"]);
  const quarantined = { ...files[0]!, shards: { 0: [undefined, 1, -2] as const } };
  deepStrictEqual(await verdictOf([quarantined]), ["wait", "Quarantine"]);
});

Deno.test("the page of a map fits any width, can be read in light and dark, and with a keyboard", async () => {
  await using browser = await Browser.start();
  if (browser === undefined) return;
  const folder = await Deno.makeTempDir({ prefix: "triton-map-" });
  try {
    const troubled = await mapOf([
      ...hourlyFiles({ to: 40 }).filter((_, hour) => hour !== 7),
      ...hourlyFiles({ shard: 1, to: 20 }),
      ...[2, 3].flatMap((shard) => hourlyFiles({ shard, from: 20, to: 40 })),
    ]);
    const maps = {
      one: await mapOf(hourlyFiles({ to: 1 })),
      none: await mapOf([]),
      troubled,
      wide: fullMap(3, 180),
      tall: fullMap(256, 6),
    };
    for (const [name, map] of Object.entries(maps)) {
      const path = join(folder, `${name}.html`);
      await Deno.writeTextFile(path, renderMap(map, OPTIONS));
      const url = pathToFileURL(path).href;
      const schemes = name === "tall" ? ["dark"] as const : ["light", "dark"] as const;
      for (const scheme of schemes) {
        for (const width of [320, 390, 700, 1280]) {
          await checkLooks(browser, url, { width, height: 844, scheme }, name);
        }
      }
      if (map.slots === 0) continue;
      const isReached: boolean = await browser.evaluate(`(() => {
        const region = document.querySelector(".scroll");
        region.focus();
        return document.activeElement === region;
      })()`);
      ok(isReached, name);
      const rows: number = await browser.evaluate(
        `document.querySelectorAll(".map tbody th[scope=row]").length`,
      );
      equal(rows, map.rows.length > 1 ? map.rows.length + 1 : 1);
    }
    const heights = await browser.evaluate<number[]>(
      `[...document.querySelectorAll(".map tbody tr:not(.sum)")].map((row) => row.offsetHeight)`,
    );
    equal(new Set(heights).size, 1);
    deepStrictEqual(browser.complaints, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
