import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import type { RecentFile } from "../../src/archiver/mod.ts";
import { History } from "../../src/monitor/history.ts";
import { PAGE_JS } from "../../src/monitor/page/assets.ts";
import { chart } from "../../src/monitor/page/chart.ts";
import { formatBytes, formatRate, formatSpan } from "../../src/monitor/page/format.ts";
import { html } from "../../src/monitor/page/html.ts";
import { renderStream } from "../../src/monitor/page/stream_page.ts";
import { judgeStreamHealth, judgeStreamReadiness } from "../../src/monitor/judge_stream.ts";
import type { StreamStatus } from "../../src/monitor/mod.ts";
import {
  ago,
  group,
  HOUR,
  LIMITS,
  MINUTE,
  shard,
  startingStatus,
  status,
  store,
} from "./monitor_fixture.ts";

function render(stream: StreamStatus, history = new History()): string {
  const [ready, healthy] = [judgeStreamReadiness, judgeStreamHealth]
    .map((judge) => judge(stream, LIMITS));
  const verdicts = { ready: ready!, healthy: healthy! };
  return renderStream({ status: store(stream), stream, history, root: "", ...verdicts });
}

/** The text of a page, without markup. */
function textOf(page: string): string {
  return page.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
}

Deno.test("renderStream() shows a working store", () => {
  const file: RecentFile = {
    ...{ key: "20260501/clicks_prod-store-1777636800.tri", size: 58_123_456, events: 1_234_567 },
    ...{ quarantined: 2, reason: "time", at: ago(25 * MINUTE) },
  };
  const text = textOf(render(status({ recentFiles: [file] })));
  match(text, /clicks_prod to s3:\/\/triton-prod , for client store Healthy/);
  match(text, /Headroom 23 h 40 min/);
  match(text, /File in progress 9\.9 MB 12,345 events in 20 min closes in 1 h/);
  match(text, /shardId-000000000000 read here 0\.4 s 20 min 23 h 40 min 5712f7ae \(this one\) 3/);
  match(
    text,
    /25 min ago 20260501\/clicks_prod-store-1777636800\.tri 1,234,567 58\.1 MB time 2/,
  );
  match(text, /the stream keeps records for 1 d/);
});

Deno.test("renderStream() shows the groups that read the stream", () => {
  const consumerGroups = { readAt: ago(5_000), error: undefined, groups: [group()] };
  const page = render(status({ consumerGroups }));
  const text = textOf(page);
  match(text, /Group billing Member State Shards Last error member-1111 alive 1 –/);
  match(text, /member-2222 gone 0 Error: no such &lt;customer&gt; x{120} Shard Owner/);
  match(text, /shardId-000000000000 member-1111 1 s ago not behind the archive 3 …\d{8}/);
  match(text, /shardId-000000000001 free – behind the archive 7 none yet/);
  match(text, /2 more shards have ended\./);
  ok(page.includes("at handle (billing.ts:3:9)"), "the whole error is a tooltip");
  const alone = { ...consumerGroups, groups: [group({ members: [] })] };
  match(
    textOf(render(status({ consumerGroups: alone }))),
    /No member is running\. Nobody reads its shards\./,
  );
  const none = { ...consumerGroups, groups: [] };
  equal(render(status({ consumerGroups: none })), render(status()));
});

Deno.test("renderStream() says why groups cannot be read, and shows those that were read last", () => {
  const consumerGroups = { readAt: ago(65_000), error: "connection refused", groups: [group()] };
  const text = textOf(render(status({ consumerGroups })));
  match(
    text,
    /Consumer groups Cannot be read: connection refused\. What follows was read 1 min 5 s ago \. Group billing/,
  );
  const never = { readAt: undefined, error: "connection refused", groups: [] };
  match(textOf(render(status({ consumerGroups: never }))), /read: connection refused\. Errors/);
});

Deno.test("renderStream() lists the first 50 shards of a group", () => {
  const [first] = group().shards;
  const shards = Array.from({ length: 60 }, (_, n) => ({ ...first!, shardId: shard(n).shardId }));
  const consumerGroups = { readAt: ago(0), error: undefined, groups: [group({ shards })] };
  const text = textOf(render(status({ shards: [], consumerGroups })));
  match(text, /The first 50 of 2 members and of 60 shards; \/status has all\./);
  ok(text.includes("shardId-000000000049 ") && !text.includes("shardId-000000000050"));
});

Deno.test("renderStream() shows when a file closes whose stream closes its files later than others", () => {
  const closes = (changes: Partial<StreamStatus>) =>
    /closes in (\d+ \w+)/.exec(textOf(render(status(changes))))![1];
  equal(closes({ at: ago(10 * MINUTE) }), "10 min");
  equal(closes({ at: ago(10 * MINUTE), rotateOffsetMs: 30_000 }), "10 min");
  equal(closes({ at: ago(-10_000), rotateOffsetMs: 30_000 }), "20 s");
  equal(closes({ at: ago(-40_000), rotateOffsetMs: 30_000 }), "59 min");
});

Deno.test("renderStream() shows what is wrong, and where", () => {
  const text = textOf(render(status({
    shards: [shard(0, { unarchivedAgeMs: 80 * MINUTE }), shard(1, { state: "refused" })],
    recentErrors: [{
      message: "Cannot put: connect ECONNREFUSED",
      ...{ times: 37, firstAt: ago(2 * HOUR), lastAt: ago(8_000) },
    }],
    services: {
      "object store": { failingSince: ago(2 * HOUR), error: "ECONNREFUSED" },
      ledger: { lastAnswerAt: ago(1_000) },
      Kinesis: { lastAnswerAt: ago(1_000) },
    },
  })));
  match(text, /Not healthy shardId-000000000001 is refused: the database is behind the archive/);
  match(text, /shardId-000000000000: records that arrived 1 h 20 min ago are not archived/);
  match(text, /8 s ago Cannot put: connect ECONNREFUSED 37 times since 2 h ago/);
  match(text, /Object store failing since 2 h ago : ECONNREFUSED/);
});

Deno.test("renderStream() shows if there is no headroom left", () => {
  const headroomMs = -6 * HOUR;
  const text = textOf(render(status({ headroomMs, shards: [shard(0, { headroomMs })] })));
  match(text, /Headroom 0 s until/);
  match(text, /shardId-000000000000 read here 0\.4 s 20 min 0 s 5712f7ae/);
});

Deno.test("renderStream() shows a starting or stopping store", () => {
  const starting = textOf(render(startingStatus()));
  match(starting, /Starting The database has not responded yet: Cannot connect: refused/);
  match(starting, /Shards Not known yet\./);
  match(textOf(render(status({ state: "stopping", uploads: 2 }))), /Stopping It is stopping/);
});

Deno.test("renderStream() lists the shards that are furthest behind, if there are many", () => {
  const shards = Array.from({ length: 120 }, (_, n) => shard(n, { unarchivedAgeMs: n * 1_000 }));
  const page = render(status({ shards, endedShards: 1_234 }));
  const listed = [...page.matchAll(/shardId-0+(\d+)<\/div>/g)].map(([, number]) => Number(number));
  deepStrictEqual(listed, Array.from({ length: 50 }, (_, n) => 119 - n));
  match(
    textOf(page),
    /The 50 of 120 that are furthest behind; \/status has all\. 1,234 more have ended/,
  );
});

Deno.test("renderStream() loads nothing from other hosts, and works without its script", () => {
  const page = render(status());
  const links = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link);
  deepStrictEqual(links, ["data:,", "page.css", "page.js", "metrics", "status"]);
  match(page, /<noscript>\s*<meta http-equiv="refresh" content="30">/);
  ok(!/style="|<style| on[a-z]+="/.test(page), "the policy allows none of it");
});

Deno.test("the page refreshes every five seconds, however often it is shown", async () => {
  const timers = new Map<number, number>();
  const done = Promise.withResolvers<void>();
  const LOOKS = 3;
  let [asked, last] = [0, 0];
  let look = () => {};
  const element = { hidden: true, replaceChildren() {}, childNodes: [] };
  const world = {
    document: {
      hidden: false,
      getElementById: () => element,
      addEventListener: (_name: string, listener: () => void) => void (look = listener),
    },
    fetch: () => Promise.resolve(new Response(`${++asked}`)),
    DOMParser: class {
      parseFromString = () => world.document;
    },
    getSelection: () => ({ isCollapsed: true }),
    setTimeout(_then: () => void, ms: number) {
      timers.set(++last, ms);
      if (last === 1 + LOOKS) done.resolve();
      return last;
    },
    clearTimeout: (timer: number) => timers.delete(timer),
  };
  new Function(...Object.keys(world), PAGE_JS)(...Object.values(world));
  for (let i = 0; i < LOOKS; i++) look();
  await done.promise;
  equal(asked, LOOKS);
  deepStrictEqual([...timers.values()], [5_000]);
});

Deno.test("html escapes what is not HTML, at any position", () => {
  const evil = `<script>"&'`;
  const escaped = "&lt;script&gt;&quot;&amp;&#39;";
  equal(
    html`<p title="${evil}">${[evil, html`<b>${evil}</b>`, 3]}${undefined}</p>`.text,
    `<p title="${escaped}">${escaped}<b>${escaped}</b>3</p>`,
  );
  const page = render(status({
    recentErrors: [{ message: evil, times: 1, firstAt: ago(0), lastAt: ago(0) }],
    stream: evil,
  }));
  ok(page.includes(escaped) && !page.includes(evil));
});

Deno.test("chart() draws values from zero, and has a label", () => {
  const times = [0, 30_000, 60_000, 90_000];
  const format = (value: number) => `${value} things`;
  const { text } = chart({ title: "Things", times, values: [NaN, 5, 10, 0], format });
  match(text, /aria-label="Things of the last 1 min 30 s: now 0 things, at most 10 things"/);
  const points = /<polyline points="([^"]+)"/.exec(text)![1]!.split(" ");
  deepStrictEqual(points, ["106.7,33.0", "213.3,3.0", "320.0,63.0"]);
  match(chart({ title: "Things", times: [0], values: [1], format }).text, /collecting/);
});

Deno.test("chart() of a day's samples stays small", () => {
  const times = Array.from({ length: 2_880 }, (_, n) => n * 30_000);
  const { text } = chart({ title: "T", times, values: times.map(Math.sin), format: String });
  ok(text.length < 6_000, `${text.length}`);
});

Deno.test("sizes, rates and durations have few digits", () => {
  deepStrictEqual([0, 999, 1_500, 9_876_543, 158e6, 2.5e9].map(formatBytes), [
    "0 B",
    "999 B",
    "1.5 kB",
    "9.9 MB",
    "158 MB",
    "2.5 GB",
  ]);
  deepStrictEqual([0, 0.25, 12.3, 1_234].map(formatRate), ["0/s", "0.3/s", "12/s", "1,234/s"]);
  deepStrictEqual([undefined, 0, 420, 59_000].map(formatSpan), ["unknown", "0 s", "0.4 s", "59 s"]);
});
