/** Hostile text in keys, names and rows must never reach a terminal or a line-based reader unescaped. */

import { readdirSync } from "node:fs";
import { deepStrictEqual, doesNotMatch, equal, match } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openLedger } from "../../src/exports/checkpoint.ts";
import { VirtualClock } from "../../src/base/clock.ts";
import { formatFindings, verdictOn } from "../../src/cli/commands/doctor/doctor_report.ts";
import { formatTextLine } from "../../src/cli/text/log_lines.ts";
import { shardId } from "../archive/chain_archives.ts";
import { type ArchivePlace, withArchive } from "./archive_place.ts";
import { runCommand } from "./fake_context.ts";

/** Moves the cursor, sets the title, rings, starts a line, hides text, reverses text. */
const HOSTILE = "a\x1b[2J\x1b]0;t\x07\nb\r\u009b8m\u202ec\u2028d";
const ESCAPED = "a\\u001b[2J\\u001b]0;t\\u0007\\nb\\r\\u009b8m\\u202ec\\u2028d";

/** All unsafe characters except newlines, tabs and our own colours. */
function checkSafe(text: string, what: string): void {
  // deno-lint-ignore no-control-regex
  const rest = text.replaceAll(/\x1b\[\d*m|\r\x1b\[K|[\n\t]/g, "");
  doesNotMatch(rest, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u, what);
}

/** An archive of a client with a hostile name, a damaged archive, and a record in quarantine. */
async function fill({ store, put }: ArchivePlace): Promise<void> {
  const [key] = await put({ shards: { 1: [undefined, 1, -2] }, at: 60 });
  const bytes = await (await store.get(key!)).bytes();
  await store.put(`20260101/clicks-${HOSTILE}-1767225661.tri`, bytes);
  await store.put(`20260101/clicks-${HOSTILE}x-1767225662.tri`, bytes.subarray(0, 50));
}

/** A database of another program, with hostile clients, streams and shards. */
async function fillDatabase({ database }: ArchivePlace): Promise<void> {
  await (await openLedger(database, { client: "store", stream: "clicks" }))[Symbol.asyncDispose]();
  const db = new DatabaseSync(database.slice("sqlite://".length));
  const insert = db.prepare("insert into triton_checkpoint values (?, ?, ?, ?, ?)");
  insert.run(`${HOSTILE} x`, "clicks", HOSTILE, "7", 1_767_225_600);
  insert.run("store", "clicks", HOSTILE, `7${HOSTILE}`, 1_767_225_600);
  db.close(); // Deno 2.4 knows no `using` of it
}

const COMMANDS: readonly (readonly string[])[] = [
  ["ls"],
  ["ls", "--long"],
  ["verify"],
  ["verify", "--deep"],
  ["quarantine"],
  ["quarantine", "--raw", HOSTILE],
  ["stats", "--checkpoint-db"],
  ["stats", "--format", "carbon", "--checkpoint-db"],
  ["stats", "--format", "table", "--checkpoint-db"],
  ["checkpoint list", "--client-name", "store", "--checkpoint-db"],
  ["checkpoint recover", "--checkpoint-db"],
  ["cat", "--start-date", "20260101"],
  ["ls", "--start-date", HOSTILE],
  ["ls", `--${HOSTILE}`],
  ["ls", "--client-name", HOSTILE],
  ["ls", "--bucket", `file:///${HOSTILE}`],
  ["ls", "--stream", HOSTILE],
  ["ls", "--config", HOSTILE],
  [`help ${HOSTILE}`],
];

Deno.test("no command prints control or invisible characters", async () => {
  await withArchive(async (place) => {
    await fill(place);
    await fillDatabase(place);
    for (const [command, ...rest] of COMMANDS) {
      const args = rest.at(-1) === "--checkpoint-db" ? [...rest, place.database] : rest;
      for (const more of [[], ["--json"], ["--verbose"]]) {
        for (const isTerminal of [false, true]) {
          const world = { isTerminal, stdoutIsTerminal: isTerminal };
          const { stdout, stderr } = await place.run(command!, [...args, ...more], world);
          const what = `${command} ${args} ${more} ${isTerminal}`;
          checkSafe(stdout, what);
          checkSafe(stderr, what);
          if (isTerminal) continue;
          // deno-lint-ignore no-control-regex
          doesNotMatch(stdout + stderr, /\x1b/, what);
        }
      }
    }
  });
});

Deno.test("output for programs has one line per item, and JSON keeps every character", async () => {
  await withArchive(async (place) => {
    await fill(place);
    await fillDatabase(place);
    const key = `20260101/clicks-${HOSTILE}-1767225661.tri`;
    const tabs = (await place.run("ls")).stdout.split("\n");
    equal(tabs.length, 4);
    equal(tabs[1]!.split("\t")[0], `20260101/clicks-${ESCAPED}-1767225661.tri`);
    const lines = (await place.run("ls", ["--json"])).stdout.trimEnd().split("\n");
    equal(JSON.parse(lines[1]!).key, key);
    const quarantined = (await place.run("quarantine", ["--json"])).stdout.trimEnd().split("\n");
    deepStrictEqual(JSON.parse(quarantined[1]!).key, key);
    const carbon = await place.run("stats", ["--checkpoint-db", place.database]);
    for (const line of carbon.stdout.trimEnd().split("\n")) match(line, /^\S+ \d+ \d+$/);
    match(carbon.stdout, /^a\\u001b\[2J\S*_x\.clicks\.a\\u001b\[2J\S*\.age \d+ \d+$/m);
  });
});

Deno.test("completions print stream names one per line", async () => {
  const config = await Deno.makeTempFile();
  await Deno.writeTextFile(
    config,
    `${JSON.stringify(HOSTILE)}: {name: a, partition_key: id, region: r}`,
  );
  const { stdout } = await runCommand(["completions", "--streams", "--config", config]);
  equal(stdout, `${ESCAPED}\n`);
  await Deno.remove(config);
});

Deno.test("text logs and findings are safe for a terminal", () => {
  const record = {
    category: ["triton"],
    level: "warning" as const,
    timestamp: new VirtualClock().now(),
    message: ["", HOSTILE, ""],
    rawMessage: "{reason}",
    properties: { event: "a.b", reason: HOSTILE },
  };
  const line = formatTextLine(record, (text) => text, false);
  checkSafe(line, "log");
  equal(line.split("\n").length, 2);
  const finding = { check: "bucket", level: "fail", message: HOSTILE, advice: HOSTILE } as const;
  const findings = [{ ...finding, weakens: `${HOSTILE} ${shardId(1)}` }];
  checkSafe(formatFindings(findings, verdictOn(findings)), "findings");
});

/** The only places that write text; all other code uses them. */
const WAYS_OUT: Readonly<Record<string, readonly string[]>> = {
  "stderr.write(": [
    "commands/put/put.ts",
    "logging.ts",
    "main.ts",
    "text/say.ts",
  ],
  "stderr.status!(": ["text/progress.ts"],
  "JSON.stringify(": [
    "commands/cat/event_columns.ts", // names of columns and files, in data
    "commands/config/schema.ts", // of constants, in several lines
    "commands/cost/prices.ts", // in an error
    "commands/put/csv_values.ts", // in an error
    "commands/stats/stats_rows.ts",
    "commands/stats/stats_text.ts",
    "commands/store/hosted_streams.ts", // to compare settings
    "commands/store/map_pages.ts", // for keys of maps
    "commands/store/store_watch.ts", // for keys of maps, as in the next ones
    "commands/tail/acknowledgements.ts", // in an error, which main.ts makes safe
    "options/stream_jobs.ts",
    "shared_services.ts",
    "text/log_lines.ts",
    "text/say.ts",
  ],
  '.join("\\t")': ["text/say.ts"],
};

Deno.test("messages, JSON and tab-separated lines are written by the functions that make them safe", async () => {
  const folder = new URL("../../src/cli/", import.meta.url);
  const found: Record<string, string[]> = {};
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const name of names.filter((name) => name.endsWith(".ts")).sort()) {
    const code = await Deno.readTextFile(new URL(name, folder));
    for (const way of Object.keys(WAYS_OUT)) if (code.includes(way)) (found[way] ??= []).push(name);
  }
  deepStrictEqual(found, WAYS_OUT);
});
