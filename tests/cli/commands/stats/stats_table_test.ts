// deno-lint-ignore-file no-control-regex no-regex-spaces -- of terminals and tables

import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { openCheckpointer, openLedger } from "../../../../src/exports/checkpoint.ts";
import { VirtualClock } from "../../../../src/base/clock.ts";
import type { SequenceNumber } from "../../../../src/base/record.ts";
import { shardId, START } from "../../../archive/chain_archives.ts";
import { withArchive } from "../../archive_place.ts";
import { type FakeWorld, runCommand } from "../../fake_context.ts";

const LONG = "49680480916350259916269246369948349811450609681163091970" as SequenceNumber;
const OWNER = "5712f7ae502dcaf2a1c20b07dc203a35";

/** A lease that has not expired when the test runs, by the database's clock. */
const LEASE_MS = 100 * 365 * 86_400_000;

/**
 * A database in which one shard is held, one has ended, the lease of one has expired, and a consumer
 * reads another one.
 */
async function fill(url: string): Promise<void> {
  const clock = new VirtualClock({ now: START });
  await using ledger = await openLedger(url, { client: "store", stream: "clicks", clock });
  const start = { type: "trim-horizon" } as const;
  await ledger.adopt(new Map([[shardId(0), { checkpoint: LONG }]]));
  await ledger.addShards([0, 1, 2].map((n) => ({ shardId: shardId(n), parents: [], start })));
  await ledger.acquire(shardId(0), OWNER, LEASE_MS);
  await ledger.acquire(shardId(2), OWNER, 1);
  const epoch = await ledger.acquire(shardId(1), OWNER, LEASE_MS);
  await ledger.end(shardId(1), epoch!, undefined, []);
  await ledger.recordGap({
    ...{ stream: "clicks", shardId: shardId(0), after: "3" as SequenceNumber, until: undefined },
    ...{ reason: "retention", recordedAt: new Date(START) },
  });
  await using consumer = await openCheckpointer(url, { client: "billing", clock });
  await consumer.save("views", new Map([[shardId(7), "42" as SequenceNumber]]));
}

/** Runs `triton stats` five seconds after all that. */
async function stats(args: readonly string[], world: FakeWorld = {}): Promise<string> {
  let printed = "";
  await withArchive(async ({ database }) => {
    await fill(database);
    const all = ["stats", "--checkpoint-db", database, ...args];
    const clock = new VirtualClock({ now: START + 5_000 });
    const { code, stdout, stderr } = await runCommand(all, { clock, ...world });
    deepStrictEqual([code, stderr], [0, ""]);
    printed = stdout;
  });
  return printed;
}

const TABLE = `\
client   stream  shard                 owner     position           age  gaps
billing  views   shardId-000000000007  -         42                  5s
store    clicks  shardId-000000000000  5712f7ae  49680480…63091970   5s     1
store    clicks  shardId-000000000001  ended     trim-horizon
store    clicks  shardId-000000000002  none      trim-horizon
`;

Deno.test("stats prints a table on a terminal, and with --format table", async () => {
  const terminal = { stdoutIsTerminal: true, env: { NO_COLOR: "1" } };
  equal(await stats([], terminal), TABLE);
  equal(await stats(["--format", "table"]), TABLE);
  const one = await stats(["--client-name", "store"], terminal);
  match(one, /^stream  shard +owner +position +age  gaps\n/);
  equal(one.split("\n").length, 5);
});

Deno.test("stats colours a table on a terminal unless NO_COLOR is set", async () => {
  const colored = await stats([], { stdoutIsTerminal: true });
  ok(colored.includes("\x1b[31m   1\x1b[0m"), "a gap is red");
  ok(colored.includes("\x1b[33mnone    \x1b[0m"), "a shard that nobody archives is yellow");
  const plain = colored.replace(/\x1b\[\d+m/g, "").replace(/ +$/gm, "");
  equal(plain, TABLE);
});

Deno.test("stats prints go-triton's lines elsewhere, and on a terminal with --format carbon", async () => {
  const now = START / 1000 + 5;
  const lines = [
    `billing.views.shardId-000000000007.age 5 ${now}`,
    `store.clicks.shardId-000000000000.age 5 ${now}`,
    `store.clicks.shardId-000000000000.gaps 1 ${now}`,
  ];
  deepStrictEqual((await stats([])).trimEnd().split("\n"), lines);
  const carbon = await stats(["--format", "carbon"], { stdoutIsTerminal: true });
  deepStrictEqual(carbon.trimEnd().split("\n"), lines);
});

Deno.test("stats --json shortens nothing, and includes owners", async () => {
  const lines = (await stats(["--json", "--client-name", "store"])).trimEnd().split("\n");
  const [first, second, third, gap] = lines.map((line) => JSON.parse(line));
  deepStrictEqual(first, {
    ...{ client: "store", stream: "clicks", shardId: "shardId-000000000000", sequenceNumber: LONG },
    ...{ updatedAt: "2026-01-01T00:00:00.000Z", ageSeconds: 5, state: "open", owner: OWNER },
    ...{ leasedUntil: new Date(START + LEASE_MS).toISOString(), epoch: 1 },
  });
  deepStrictEqual([second.state, second.owner, third.owner], ["ended", null, null]);
  equal(gap.gap.reason, "retention");
});

Deno.test("stats --stream accepts a logical name", () =>
  withArchive(async ({ database, run }) => {
    await fill(database);
    const { stdout } = await run("stats", ["--checkpoint-db", database, "--format", "json"]);
    const streams = stdout.trimEnd().split("\n").map((line) => {
      const { stream, gap } = JSON.parse(line);
      return stream ?? gap.stream;
    });
    deepStrictEqual(new Set(streams), new Set(["clicks"]));
  }));

/** Runs `triton stats --watch` until it has printed this many times, at virtual intervals. */
async function watched(
  times: number,
  world: FakeWorld,
  args: readonly string[] = [],
  between: (database: string) => Promise<void> = async () => {},
) {
  const clock = new VirtualClock({ now: START + 5_000 });
  const stop = new AbortController();
  let result: Awaited<ReturnType<typeof runCommand>> | undefined;
  await withArchive(async ({ database }) => {
    await fill(database);
    let writes = 0;
    const running = runCommand(
      ["stats", "--checkpoint-db", database, "--watch", "10", ...args],
      {
        ...{ clock, signal: stop.signal, ...world },
        get columns() {
          return world.columns;
        },
        get rows() {
          return world.rows;
        },
        beforeWrite: () => void (++writes === times && stop.abort()),
      },
    );
    let over = false;
    running.finally(() => over = true);
    let changed = 0;
    while (!over) {
      await new Promise((resolve) => setTimeout(resolve)); // lets the database answer
      if (writes > changed && writes < times) {
        changed = writes;
        await between(database);
        await clock.advance(10_000);
      }
    }
    result = await running;
  });
  return result!;
}

Deno.test("stats --watch redraws the table in place until SIGINT, and exits with 0", async () => {
  const world = { stdoutIsTerminal: true, env: { NO_COLOR: "1" } };
  const { code, stdout } = await watched(3, world);
  equal(code, 0);
  const [, ...draws] = stdout.split("\x1b[H");
  equal(draws.length, 3);
  ok(stdout.startsWith("\x1b[2J\x1b[H"));
  const ages = draws.map((draw) => / 42 +(\S+)\x1b/.exec(draw)?.[1]);
  deepStrictEqual(ages, ["5s", "15s", "25s"]);
  ok(draws.every((draw) => draw.endsWith("\x1b[J")));
});

Deno.test("stats --watch repeats go-triton's lines elsewhere", async () => {
  const { code, stdout } = await watched(2, {}, ["--client-name", "billing"]);
  const now = START / 1000 + 5;
  deepStrictEqual([code, stdout], [
    0,
    `billing.views.shardId-000000000007.age 5 ${now}\n` +
    `billing.views.shardId-000000000007.age 15 ${now + 10}\n`,
  ]);
});

/** The screen after each draw, as lines without what clears them. */
function screens(stdout: string): string[][] {
  return stdout.split("\x1b[H").slice(1).map((draw) =>
    draw.replace(/\x1b\[2?[JK]/g, "").trimEnd().split("\n").map((line) => line.trimEnd())
  );
}

Deno.test("stats --watch fits the height of the terminal, and says how much it does not show", async () => {
  const world = { stdoutIsTerminal: true, env: { NO_COLOR: "1" }, rows: 7 };
  const [screen] = screens((await watched(1, world)).stdout);
  deepStrictEqual(screen!.slice(1), ["", ...TABLE.split("\n").slice(0, 3), "… and 2 more lines"]);
  const [whole] = screens((await watched(1, { ...world, rows: 8 })).stdout);
  deepStrictEqual(whole!.slice(2), TABLE.trimEnd().split("\n"));
});

Deno.test("stats --watch draws again, to the new size, when the terminal is resized", async () => {
  const world = { stdoutIsTerminal: true, env: { NO_COLOR: "1" }, columns: 80, rows: 24 };
  let resized = () => {};
  let listeners = 0;
  const onResize = (listener: () => void) => {
    resized = listener;
    listeners++;
    return () => void listeners--;
  };
  const live = { ...world, onResize };
  const { stdout } = await watched(2, live, [], async () => {
    Object.assign(live, { rows: 6, columns: 60 });
    await Promise.resolve(resized());
  });
  ok(stdout.lastIndexOf("\x1b[2J\x1b[H") > 0, "the whole screen is cleared");
  const [before, after] = screens(stdout);
  deepStrictEqual(before!.slice(2), TABLE.trimEnd().split("\n"));
  deepStrictEqual(after!.slice(2), [
    "client   stream  shard                 owner     age  gaps",
    "billing  views   shardId-000000000007  -          5s",
    "… and 4 more lines",
  ]);
  equal(listeners, 0);
});
