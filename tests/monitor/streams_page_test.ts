import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { History } from "../../src/monitor/history.ts";
import { judgeHealth, judgeReadiness } from "../../src/monitor/judge_store.ts";
import { judgeStreamHealth, judgeStreamReadiness } from "../../src/monitor/judge_stream.ts";
import type { StoreStatus, StreamStatus } from "../../src/monitor/mod.ts";
import { renderStreams } from "../../src/monitor/page/streams_page.ts";
import {
  ago,
  failingStatus,
  HOUR,
  LIMITS,
  manyStatuses,
  MINUTE,
  serve,
  shard,
  startingStatus,
  status,
  store,
} from "./monitor_fixture.ts";

function render(status: StoreStatus): string {
  const judge = (stream: StreamStatus) => ({
    ready: judgeStreamReadiness(stream, LIMITS),
    healthy: judgeStreamHealth(stream, LIMITS),
  });
  const [ready, healthy] = [judgeReadiness(status, LIMITS), judgeHealth(status, LIMITS)];
  return renderStreams({ status, history: new History(), judge, ready, healthy });
}

/** The text of a page, without markup. */
function textOf(page: string): string {
  return page.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
}

const linksOf = (page: string) => [...page.matchAll(/href="(streams\/[^"]*)"/g)].map(([, a]) => a);

Deno.test("renderStreams() lists what is not well first, then by name", () => {
  const streams = ["d", "b", "a"].map((stream) => status({ stream }));
  const late = status({ stream: "e", shards: [shard(0, { unarchivedAgeMs: 80 * MINUTE })] });
  const failing = failingStatus({ stream: "f" });
  const page = render(store(...streams, startingStatus({ stream: "c" }), late, failing));
  deepStrictEqual(linksOf(page), ["e", "f", "c", "a", "b", "d"].map((name) => `streams/${name}`));
  match(textOf(page), /6 streams Not healthy e: shardId-0+: records that arrived 1 h 20 min ago/);
  match(textOf(page), /f: Archiving failed 7 times in 5 min: Cannot read clicks_prod/);
  match(textOf(page), /Streams 6 2 not well/);
  match(
    textOf(page),
    /f Failing – .* Cannot read clicks_prod: AccessDeniedException since 5 min ago/,
  );
});

Deno.test("renderStreams() shows lag, files, gaps and the last error of each stream, and totals", () => {
  const file = { key: "k", size: 1, events: 1, quarantined: 0, reason: "time" as const };
  const busy = status({
    ...{ stream: "busy", lagMs: 90_000, unarchivedAgeMs: 30 * MINUTE },
    totals: { "triton.files.archived": 1_200, "triton.gaps": 2 },
    recentFiles: [{ ...file, at: ago(25 * MINUTE) }],
    recentErrors: [{ message: "Slow <down>", times: 3, firstAt: ago(HOUR), lastAt: ago(8_000) }],
  });
  const quiet = status({
    stream: "quiet",
    totals: { "triton.files.archived": 34, "triton.gaps": 0 },
  });
  const text = textOf(render(store(quiet, busy, startingStatus({ stream: "new" }))));
  match(text, /busy Healthy 1 min 30 s 30 min 1,200 25 min ago 2 Slow &lt;down&gt; 8 s ago/);
  match(text, /quiet Healthy 0\.4 s 20 min 34 0 /);
  match(text, /new Starting – – – – /);
  match(
    text,
    /Lag 1 min 30 s behind the newest record Files 1,234 since the start, the last 25 min ago/,
  );
  match(text, /Gaps 2 recorded since the start Memory 123 MB 9\.9 MB of 168 MB buffered Workers 1/);
});

Deno.test("renderStreams() names the client if two streams have one name", () => {
  const streams = [
    status({ stream: "clicks", client: "store" }),
    status({ stream: "clicks", client: "audit" }),
    status({ stream: "orders", client: "audit" }),
  ];
  const page = render(store(...streams));
  deepStrictEqual(linksOf(page), [
    "streams/clicks?client=audit",
    "streams/clicks?client=store",
    "streams/orders",
  ]);
  match(textOf(page), /clicks client audit Healthy .* clicks client store Healthy/);
});

Deno.test("renderStreams() lists a hundred streams, and none", () => {
  equal(linksOf(render(store(...manyStatuses(100)))).length, 100);
  const none = textOf(render({ ...store(), state: "running", streams: [] }));
  match(none, /0 streams Not ready No stream is archived .* Streams No stream is archived\./);
});

Deno.test("renderStreams() lists the first 20 reasons, and works without its script", () => {
  const streams = Array.from(
    { length: 30 },
    (_, n) =>
      failingStatus({
        stream: `s${n}`,
        failure: { error: `E${n}`, attempts: 2, since: ago(MINUTE) },
      }),
  );
  const page = render(store(...streams));
  match(textOf(page), /s19: Archiving failed 2 times in 1 min: E19 And 10 more: see \/healthz/);
  match(page, /<noscript>\s*<meta http-equiv="refresh" content="30">/);
  ok(!/style="|<style| on[a-z]+="/.test(page), "the policy allows none of it");
});

Deno.test("MonitorServer shows the page of each stream, and on / that of the only one", async () => {
  const streams = [status({ stream: "clicks" }), status({ stream: "a.b-c_d" })];
  await using server = serve(() => store(...streams));
  const get = async (path: string) => {
    const response = await fetch(new URL(path, server.url));
    const body = await response.text();
    return { status: response.status, title: /<title>(.*)<\/title>/.exec(body)?.[1], body };
  };
  equal((await get("/")).title, "2 streams - Triton");
  const page = await get("/streams/a.b-c_d");
  deepStrictEqual([page.status, page.title], [200, "a.b-c_d - Triton"]);
  const links = [...page.body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link);
  deepStrictEqual(links, [
    ...["data:,", "../page.css", "../page.js", "../", "../metrics", "../status"],
  ]);
  equal((await get("/streams/a%2Eb-c_d")).title, "a.b-c_d - Triton");
  for (const path of ["/streams/orders", "/streams/%", "/streams/", "/streams/clicks?client=x"]) {
    const { status, body } = await get(path);
    deepStrictEqual([status, body.trim()], [
      404,
      "Not found: no such stream is archived here. / has all",
    ], path);
  }
  streams[1] = status({ stream: "clicks", client: "audit" });
  match((await get("/streams/clicks?client=audit")).body, /for client audit/);
  match((await get("/streams/clicks?client=store")).body, /for client store/);
  streams.pop();
  equal((await get("/")).title, "clicks - Triton");
  ok(!(await get("/")).body.includes("<nav>"), "there is no list to go back to");
});

Deno.test("MonitorServer serves the charts of each stream", async () => {
  const counted = (stream: string, read: number) =>
    status({ stream, totals: { "triton.records.read": read }, at: new Date(clock.now()) });
  const { VirtualClock } = await import("../../src/base/clock.ts");
  const clock = new VirtualClock();
  let round = 0;
  const show = () => {
    const streams = [counted("slow", 30 * round), counted("fast", 300 * round)];
    return { ...store(...streams), at: streams[0]!.at };
  };
  await using server = serve(show, { clock });
  for (round = 1; round <= 3; round++) await clock.advance(30_000);
  const rateOn = async (path: string) => {
    const text = await (await fetch(new URL(path, server.url))).text();
    return /Records read of the last [^:]*: now ([^,]*),/.exec(text)?.[1];
  };
  deepStrictEqual(
    [await rateOn("/streams/slow"), await rateOn("/streams/fast"), await rateOn("/")],
    ["1/s", "10/s", "11/s"],
  );
});
