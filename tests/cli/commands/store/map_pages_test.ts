import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { MemoryObjectStore } from "../../../../src/archive/mod.ts";
import { ArchiverMonitor } from "../../../../src/archiver/mod.ts";
import { DAY_MS, VirtualClock } from "../../../../src/base/clock.ts";
import { MapPages } from "../../../../src/cli/commands/store/map_pages.ts";
import { StoreWatch } from "../../../../src/cli/commands/store/store_watch.ts";
import { type MapRequest, MetricRegistry, MonitorServer } from "../../../../src/monitor/mod.ts";
import { putFiles, START } from "../../../archive/chain_archives.ts";
import { hourlyFiles } from "../../../archive/map/map_files.ts";
import { Browser } from "../../../support/browser.ts";
import { checkLooks } from "../../../support/page_looks.ts";

const NOW = START + 2 * DAY_MS;

const REQUEST: MapRequest = {
  ...{ stream: "clicks", client: "store", days: undefined, root: "", self: "map" },
  ...{ status: "", query: "" },
};

/** A store with an archive of 40 hours, and how often it was asked; `wait` delays each file. */
async function archive(wait: () => Promise<void> = () => Promise.resolve()) {
  const asked = { list: 0, get: 0 };
  const store = new MemoryObjectStore({
    async intercept({ operation }, proceed) {
      if (operation === "list" || operation === "get") asked[operation]++;
      if (operation === "get") await wait();
      return await proceed();
    },
  });
  await putFiles(store, ...hourlyFiles({ to: 40 }).filter((_, hour) => hour !== 30));
  return { store, asked };
}

function pagesOf(store: MemoryObjectStore, clock: VirtualClock): MapPages {
  return new MapPages({
    ...{ clock, env: {}, database: "memory:" },
    placeOf: ({ stream }) => stream === "clicks" ? { store, logicalName: "visits" } : undefined,
  });
}

/** The page of a map. */
async function bodyOf(pages: MapPages, request: Partial<MapRequest> = {}): Promise<string> {
  const answer = await pages.draw({ ...REQUEST, ...request });
  if (answer.type !== "page") throw new Error(JSON.stringify(answer));
  return answer.body;
}

Deno.test("MapPages draws an archive, and keeps the page for a while", async () => {
  const { store, asked } = await archive();
  const clock = new VirtualClock({ now: NOW });
  await using pages = pagesOf(store, clock);
  const page = await bodyOf(pages);
  match(page, /<strong>Not whole<\/strong>/);
  match(page, /triton verify --stream visits --start-date 20260102 --end-date 20260102/);
  match(page, /<link rel="stylesheet" href="page\.css">/);
  ok(!/<style|<script/.test(page));
  match(page, /1 day a column/);
  const { get } = asked;
  ok(get >= 39);
  equal(await bodyOf(pages), page);
  equal(asked.get, get, "from memory");
  match(await bodyOf(pages, { days: 2 }), /1 hour a column/);
  await clock.advance(11 * 60_000);
  ok(await bodyOf(pages) !== page, "drawn again");
});

Deno.test("MapPages answers before a map is drawn, reads it once, and ends it at the stop", async () => {
  const gate = Promise.withResolvers<void>();
  const { store, asked } = await archive(() => gate.promise);
  const clock = new VirtualClock({ now: NOW });
  await using pages = pagesOf(store, clock);
  const early = Promise.all([pages.draw(REQUEST), pages.draw(REQUEST)]);
  await clock.advance(3_000);
  deepStrictEqual(await early, Array(2).fill({ type: "reading", files: 0 }));
  gate.resolve();
  match(await bodyOf(pages), /<strong>Not whole/);
  equal(asked.get, 39);
});

Deno.test("MapPages says why there is no map, without secrets, and asks again later", async () => {
  const secret = "very-secret-key";
  let broken = true;
  const store = new MemoryObjectStore({
    async intercept(_, proceed) {
      if (broken) throw new TypeError(`secret_key=${secret} was refused`);
      return await proceed();
    },
  });
  const clock = new VirtualClock({ now: NOW });
  await using pages = pagesOf(store, clock);
  const failed = await pages.draw(REQUEST);
  ok(failed.type === "failed" && failed.reason.includes("was refused"), JSON.stringify(failed));
  ok(!failed.reason.includes(secret));
  broken = false;
  deepStrictEqual(await pages.draw(REQUEST), failed, "kept for half a minute");
  await clock.advance(31_000);
  match(await bodyOf(pages), /<strong>No files/);
  const gone = await pages.draw({ ...REQUEST, stream: "other" });
  deepStrictEqual(gone, { type: "failed", reason: "The stream is not archived." });
});

Deno.test("MapPages draws without the database while it does not respond", async () => {
  const { store } = await archive();
  await using pages = new MapPages({
    ...{ clock: new VirtualClock({ now: NOW }), env: {}, database: "sqlite:///no/such/triton.db" },
    placeOf: () => ({ store, logicalName: "visits" }),
  });
  match(await bodyOf(pages), /The database did not respond: recorded gaps/);
});

Deno.test("triton store --listen serves maps that fit any width, linked from the page", async () => {
  const { store } = await archive();
  const clock = new VirtualClock({ now: NOW });
  await using pages = new MapPages({
    ...{ clock, env: {}, database: "memory:" },
    placeOf: (stream) => watch.archiveOf(stream),
  });
  const watch = new StoreWatch({
    ...{ clock, env: {} },
    monitorOf: (stream) => new ArchiverMonitor({ ...stream, clock }),
  });
  await using server = new MonitorServer({
    address: { hostname: "127.0.0.1", port: 0 },
    ...{ status: () => watch.status(), registry: new MetricRegistry(), clock, map: pages.draw },
    limits: { minHeadroomMs: 0, leaseMs: 20_000 },
  });
  const { url } = server;
  const archived = { store, logicalName: "visits" };
  watch.add({ stream: "clicks", client: "store", rotateMs: 1, archive: archived });
  const get = async (path: string) => await (await fetch(new URL(path, url))).text();
  match(await get("/"), /<nav><a href="map\/clicks">Map of the archive<\/a><\/nav>/);
  ok(!(await get("/status")).includes("logicalName"));
  match(await get("/map"), /<b>14 days<\/b><a href="map\?days=90">/);
  watch.add({ stream: "clicks", client: "second", rotateMs: 1, archive: archived });
  watch.add({ stream: "orders", client: "store", rotateMs: 1 });
  match(await get("/"), /<a href="map">Maps of the archives<\/a>/);
  const list = await get("/map");
  deepStrictEqual([...list.matchAll(/<li><a href="([^"]*)">/g)].map(([, link]) => link), [
    ...["map/clicks?client=store", "map/clicks?client=second", "map/orders"],
  ]);
  match(await get("/map/clicks?client=second"), /<strong>No files<\/strong>/);
  match(await get("/map/orders"), /The stream is not archived/);
  equal((await fetch(new URL("/map/none", url))).status, 404);
  const post = await fetch(new URL("/map", url), { method: "POST" });
  await post.body?.cancel();
  equal(post.status, 405);

  await using browser = await Browser.start();
  if (browser === undefined) return;
  for (const path of ["map", "map/clicks?client=store&days=2", "map/orders"]) {
    for (const [width, scheme] of [[320, "light"], [390, "dark"], [1280, "light"]] as const) {
      await checkLooks(browser, url + path, { width, height: 844, scheme }, path);
    }
  }
  await browser.open(`${url}map/clicks?client=store&days=2`, {
    ...{ width: 700, height: 844, scheme: "dark" },
  });
  const links: string[] = await browser.evaluate(
    `[...document.querySelectorAll("nav a")].map(({ href }) => href)`,
  );
  deepStrictEqual(links, [
    `${url}streams/clicks?client=store`,
    `${url}map/clicks?client=store&days=14`,
    `${url}map/clicks?client=store&days=90`,
  ]);
  const bar: string = await browser.evaluate(
    `getComputedStyle(document.querySelector(".map .b7")).backgroundImage`,
  );
  match(bar, /linear-gradient/);
  deepStrictEqual(browser.complaints, []);
});
