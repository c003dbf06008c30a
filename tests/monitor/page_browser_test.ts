/** The page in a browser. */

import { deepStrictEqual, equal, match, notEqual, ok } from "node:assert/strict";
import type { RecentFile } from "../../src/archiver/mod.ts";
import { Browser } from "../support/browser.ts";
import { checkLooks } from "../support/page_looks.ts";
import {
  ago,
  group,
  HOUR,
  LONG,
  manyStatuses,
  MINUTE,
  serve,
  shard,
  startingStatus,
  status,
  store,
} from "./monitor_fixture.ts";

const file: RecentFile = {
  ...{ key: "20260501/a_stream_with_a_long_name_prod-store-1777636800.tri", size: 58_123_456 },
  ...{ events: 1_234_567, quarantined: 2, reason: "time", at: ago(25 * MINUTE) },
};

const pages = {
  working: () => status({ recentFiles: [file] }),
  starting: () => startingStatus(),
  grouped: () =>
    status({
      consumerGroups: {
        ...{ readAt: ago(20_000), error: LONG },
        groups: [group(), group({ client: "a-group-with-a-long-name".repeat(4), members: [] })],
      },
    }),
  troubled: () =>
    status({
      shards: [
        shard(0, { unarchivedAgeMs: 80 * MINUTE }),
        ...(["refused", "free", "another", "waiting"] as const).map((state, n) =>
          shard(n + 1, { state, owner: undefined, lagMs: undefined })
        ),
      ],
      recentErrors: [{ message: LONG, times: 37, firstAt: ago(2 * HOUR), lastAt: ago(8_000) }],
      services: { "object store": { failingSince: ago(2 * HOUR), error: LONG } },
    }),
};

Deno.test("the list of streams fits any width, can be read, and leads to each of them", async () => {
  await using browser = await Browser.start();
  if (browser === undefined) return;
  const streams = manyStatuses(30);
  await using server = serve(() => store(...streams));
  for (const scheme of ["light", "dark"] as const) {
    for (const width of [320, 390, 700, 1280]) {
      await checkLooks(browser, server.url, { width, height: 844, scheme });
    }
  }
  const links = await browser.evaluate<string[]>(
    `[...document.querySelectorAll(".streams a")].map(({ href }) => href)`,
  );
  equal(links.length, streams.length);
  const headings = new Map<string, string>();
  for (const link of links) {
    await browser.open(link, { width: 390, height: 844, scheme: "light" });
    headings.set(link, await browser.evaluate(`document.querySelector("header").innerText`));
  }
  equal(new Set(headings.values()).size, streams.length, "each stream has its own page");
  await checkLooks(browser, links[0]!, { width: 390, height: 844, scheme: "light" });
  equal(await browser.evaluate(`document.querySelector("nav a").href`), server.url);
  equal(await browser.evaluate(`document.querySelector("footer a").href`), `${server.url}metrics`);
  streams[29] = { ...streams[29]!, store: "s3://another-bucket" };
  await browser.evaluate("update()");
  match(await browser.evaluate(`document.querySelector("header").innerText`), /another-bucket/);
  deepStrictEqual(browser.complaints, []);
});

Deno.test("the page fits any width, can be read in light and dark, and breaks no rule", async () => {
  await using browser = await Browser.start();
  if (browser === undefined) return;
  let show = pages.working;
  await using server = serve(() => show());
  const backgrounds = new Set<string>();
  for (const [name, page] of Object.entries(pages)) {
    show = page as typeof show;
    for (const scheme of ["light", "dark"] as const) {
      for (const width of [320, 375, 700, 1280]) {
        await checkLooks(browser, server.url, { width, height: 800, scheme }, name);
      }
      backgrounds.add(await browser.evaluate("getComputedStyle(document.body).backgroundColor"));
    }
  }
  equal(backgrounds.size, 2);
  deepStrictEqual(browser.complaints, []);
  const png = await browser.screenshot();
  deepStrictEqual([...png.subarray(1, 4)], [...new TextEncoder().encode("PNG")]);
  ok(png.length > 10_000);
});

Deno.test("the page updates itself, and says when it cannot", async () => {
  await using browser = await Browser.start();
  if (browser === undefined) return;
  let show = pages.starting;
  await using stack = new AsyncDisposableStack();
  const server = stack.use(serve(() => show()));
  await browser.open(server.url, { width: 800, height: 800, scheme: "light" });
  const headline = () =>
    browser.evaluate<string>(`document.querySelector(".verdict strong").innerText`);
  const isStale = () => browser.evaluate<boolean>(`!document.getElementById("stale").hidden`);
  equal(await headline(), "Starting");
  show = pages.working as typeof show;
  await browser.evaluate("update()"); // which its timer calls, every five seconds
  deepStrictEqual([await headline(), await isStale()], ["Healthy", false]);
  notEqual(await browser.evaluate(`document.querySelectorAll("main").length`), 2);
  await stack.disposeAsync();
  await browser.evaluate("update()");
  deepStrictEqual([await headline(), await isStale()], ["Healthy", true]);
});
