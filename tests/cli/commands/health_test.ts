import { deepStrictEqual, equal, match } from "node:assert/strict";
import { systemClock, VirtualClock } from "../../../src/base/clock.ts";
import {
  ago,
  failingStatus,
  LONG,
  MINUTE,
  serve,
  shard,
  startingStatus,
  status,
  store,
} from "../../monitor/monitor_fixture.ts";
import { runCommand } from "../fake_context.ts";

/** Runs `triton health` against an address. */
function health(url: string, ...args: readonly string[]) {
  const env = { TRITON_LISTEN: new URL(url).host };
  return runCommand(["health", ...args], { env });
}

/** A server that answers each request the same way. */
function answering(respond: () => Response | Promise<Response>) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, respond);
  const url = `http://127.0.0.1:${server.addr.port}/`;
  return { url, [Symbol.asyncDispose]: () => server.shutdown() };
}

Deno.test("triton health exits with 0 if the store works", async () => {
  await using server = serve(() => status());
  for (const check of ["healthz", "readyz", "livez"]) {
    deepStrictEqual(
      await health(server.url, check).then(({ code, stdout, stderr }) => ({
        ...{ code, stdout, stderr },
      })),
      { code: 0, stdout: `${server.url}${check} is ok\n`, stderr: "" },
    );
  }
  match((await health(server.url)).stdout, /healthz is ok$/m);
});

Deno.test("triton health exits with 1 and the reasons if the store does not work", async () => {
  let now = startingStatus();
  await using server = serve(() => now);
  const starting = await health(server.url, "readyz");
  equal(starting.code, 1);
  match(starting.stderr, /^triton: http:\S+readyz failed: The database has not responded yet: /);
  equal((await health(server.url, "livez")).code, 0);
  now = status({ shards: [shard(0, { unarchivedAgeMs: 80 * MINUTE })] });
  const late = await health(server.url);
  deepStrictEqual([late.code, late.stdout], [1, ""]);
  match(
    late.stderr,
    /failed: shardId-000000000000: records that arrived 1 h 20 min ago are not archived\n$/,
  );
});

Deno.test("triton health prints why each of many streams is not well", async () => {
  const streams = Array.from({ length: 300 }, (_, n) => {
    const stream = `stream_${n}_${"x".repeat(90)}`;
    const failure = { error: `${n}: ${LONG}`, attempts: 3, since: ago(MINUTE) };
    return failingStatus({ stream, failure });
  });
  await using server = serve(() => store(...streams));
  const { code, stderr } = await health(server.url);
  equal(code, 1);
  equal(
    stderr.match(/stream_\d+_x+: Archiving failed 3 times in 1 min: \d+: Cannot put/g)!.length,
    300,
  );
});

Deno.test("triton health uses the loopback address of a store that listens on all addresses", async () => {
  await using server = serve(() => status());
  const { port } = new URL(server.url);
  const { code, stdout } = await runCommand(["health", "--listen", `0.0.0.0:${port}`]);
  deepStrictEqual([code, stdout], [0, `http://127.0.0.1:${port}/healthz is ok\n`]);
});

Deno.test("triton health exits with 1 and a sentence if nothing listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}/`;
  listener.close();
  const { code, stderr } = await health(url);
  equal(code, 1);
  match(
    stderr,
    /^triton: Cannot check \S+\/healthz: .*refused.* Is triton store running with --listen/i,
  );
});

Deno.test("triton health exits with 1 if something else listens", async () => {
  const answers = [
    () => new Response("not\x1b[2Jhere\n", { status: 404 }),
    () => new Response("Gone\n", { status: 503 }),
    () => new Response("x".repeat(2 ** 20), { status: 500 }),
  ];
  for (const answer of answers) {
    await using other = answering(answer);
    const { code, stderr } = await health(other.url);
    equal(code, 1);
    match(
      stderr,
      /^triton: Cannot check \S+: it responded with \d+, "(not\\u001b\[2Jhere|Gone|x{200})"\n$/,
    );
  }
});

Deno.test("triton health gives up after 4 seconds", async () => {
  const clock = new VirtualClock();
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  await using other = answering(() => {
    asked.resolve();
    return answer.promise;
  });
  const run = runCommand(["health", "--listen", new URL(other.url).host], { clock });
  await asked.promise;
  await clock.advance(4_000);
  const { code, stderr } = await run;
  answer.resolve(new Response());
  equal(code, 1);
  match(stderr, /^triton: Cannot check \S+: no response within 4 s\n$/);
});

Deno.test("triton health rejects invalid addresses", async () => {
  for (const listen of ["nowhere", "127.0.0.1:0"]) {
    const { code, stderr } = await runCommand(["health", "--listen", listen], {
      clock: systemClock,
    });
    equal(code, 2);
    match(stderr, /(Use an address such as|Pass the port that)/);
  }
});
