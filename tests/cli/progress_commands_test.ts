import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { type Clock, VirtualClock } from "../../src/base/clock.ts";
import { countArchives } from "../../src/cli/archive_totals.ts";
import { openLedger } from "../../src/exports/checkpoint.ts";
import { chainOf, START } from "../archive/chain_archives.ts";
import { withArchive } from "./archive_place.ts";
import { FakeTerminal } from "./text/fake_terminal.ts";

/** A clock on which each look takes a second. */
function slowClock(): Clock {
  let now = START + 2 * 86_400_000;
  return { now: () => now += 1_000, random: () => 0.5, sleep: () => Promise.resolve() };
}

/** Commands that read an archive, and what they say meanwhile. */
const COMMANDS: readonly (readonly [line: string, says: RegExp, isTable?: boolean])[] = [
  ["verify", /verified [\d%].* files, .* files\/s/],
  ["verify --deep", /verified [\d%].* files, .* files\/s/],
  ["ls --long", /listed [\d%].* files, .* files\/s/, true],
  ["ls --long", /listed [\d%].* files, .* files\/s/],
  ["map", /read [\d%].* files, .* files\/s/],
  ["checkpoint recover --dry-run --checkpoint-db DB", /read [\d%].* files, .* files\/s/],
  ["cat --start-date 20260101", /read [\d%].* events, .* bytes\/s/],
  ["export --to file://TABLE", /exported [\d%].* events, .* bytes\/s/],
];

for (const [line, says, stdoutIsTerminal = false] of COMMANDS) {
  const where = stdoutIsTerminal ? " as a table" : "";
  Deno.test(`${line.replace(/ --(to|check).*/, "")} shows progress on a terminal${where}, and clears it`, () =>
    withArchive(async ({ put, run, database, bucket }) => {
      await put(...chainOf(20));
      const clock = new VirtualClock({ now: START });
      const ledger = await openLedger(database, { client: "store", stream: "clicks", clock });
      await ledger[Symbol.asyncDispose]();
      const args = line.replace("DB", database).replace("TABLE", `${bucket}-table`).split(" ");
      const command = args[0] === "checkpoint" ? args.splice(0, 2).join(" ") : args.shift()!;
      const world = { stdoutIsTerminal, clock: slowClock() };
      const shown = await run(command, args, { ...world, isTerminal: true });
      equal(shown.code, 0, shown.stderr);
      match(shown.stderr, says);
      const screen = new FakeTerminal();
      await screen.write(shown.stderr);
      ok(screen.lines.every((text) => text === "" || text.startsWith("triton: ")), screen.line);
      equal(screen.line, "");
      const elsewhere = await run(command, args, { ...world, clock: slowClock() });
      ok(!elsewhere.stderr.includes("\r"), elsewhere.stderr);
    }));
}

Deno.test("cat --limit shows the share of the limit that is done", () =>
  withArchive(async ({ put, run }) => {
    await put(...chainOf(20));
    const args = ["--start-date", "20260101", "--limit", "40"];
    const { stderr } = await run("cat", args, { clock: slowClock(), isTerminal: true });
    const shares = [...stderr.matchAll(/read (\d+)% /g)].map(([, share]) => Number(share));
    ok(shares.length > 10, stderr.slice(-200));
    deepStrictEqual(shares, shares.toSorted((a, b) => a - b));
    equal(shares.at(-1), 100);
  }));

Deno.test("countArchives() counts the archives of a selection", () =>
  withArchive(async ({ put, store }) => {
    const keys = await put(...chainOf(30));
    const clock = new VirtualClock({ now: START });
    const { signal } = new AbortController();
    const count = (to?: string) => countArchives(store, { stream: "clicks", to, clock }, signal);
    const sizes = await Promise.all(keys.map(async (key) => (await store.head(key))!.size));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    deepStrictEqual(await count(), { files: 30, bytes });
    equal((await count("20260101")).files, 24);
  }));
