/** What the commands print on terminals of all widths, and elsewhere. */

import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { openCheckpointer, openLedger } from "../../src/exports/checkpoint.ts";
import { VirtualClock } from "../../src/base/clock.ts";
import type { SequenceNumber } from "../../src/base/record.ts";
import { widthOf } from "../../src/cli/text/fit.ts";
import { chainOf, type FileSpec, shardId, START } from "../archive/chain_archives.ts";
import { type ArchivePlace, withArchive } from "./archive_place.ts";

const WIDTHS = [60, 80, 100, 200];
const LONG = "49680480916350259916269246369948349811450609681163091970" as SequenceNumber;
const WORKER = "5712f7ae502dcaf2a1c20b07dc203a35";

/** A file with records of 56 digits would be slow to make: these are as long as the rule needs. */
const FILES: FileSpec[] = [
  ...chainOf(3),
  { shards: { 1: [undefined, 10, -11, -12] }, at: 10_900, client: "a_client_with_a_long_name" },
  { shards: { 2: [100, 101, 102] }, at: 14_500 },
];

/** An archive with a missing and a quarantined record, and positions, one of them held. */
async function fill({ put, database }: ArchivePlace): Promise<void> {
  await put(...FILES);
  const clock = new VirtualClock({ now: START });
  await using ledger = await openLedger(database, { client: "store", stream: "clicks", clock });
  const start = { type: "trim-horizon" } as const;
  await ledger.adopt(new Map([[shardId(7), { checkpoint: LONG }]]));
  await ledger.addShards([6, 7].map((n) => ({ shardId: shardId(n), parents: [], start })));
  await ledger.acquire(shardId(7), WORKER, 1e12);
  await ledger.recordGap({
    ...{ stream: "clicks", shardId: shardId(0), after: LONG, until: undefined },
    ...{ reason: "retention", recordedAt: new Date(START) },
  });
  await using consumer = await openCheckpointer(database, { client: "billing", clock });
  await consumer.save("clicks", new Map([[shardId(0), "1" as SequenceNumber]]));
}

/** Command lines that print a table or long lines; the ledger's client is not that of the archive. */
const COMMANDS: readonly (readonly [command: string, ...args: string[]])[] = [
  ["ls"],
  ["ls", "--long"],
  ["verify", "--checkpoint-db", "DB"],
  ["quarantine"],
  ["stats", "--checkpoint-db", "DB"],
  ["checkpoint list", "--client-name", "store", "--checkpoint-db", "DB"],
  ["checkpoint set", "--client-name", "billing", "--checkpoint-db", "DB", "--dry-run"].concat(
    ["--shard", shardId(0), "--to", LONG],
  ) as [string, ...string[]],
];

Deno.test("tables and sentences fit the terminal, whatever its width", () =>
  withArchive(async (place) => {
    await fill(place);
    for (const [command, ...args] of COMMANDS) {
      for (const columns of WIDTHS) {
        const terminal = { stdoutIsTerminal: true, columns, env: { NO_COLOR: "1" } };
        const all = args.map((arg) => arg === "DB" ? place.database : arg);
        const { stdout } = await place.run(command, all, terminal);
        const wide = stdout.split("\n").filter((line) => widthOf(line) > columns);
        deepStrictEqual(wide, [], `${command} at ${columns}`);
        ok(stdout.trim().split("\n").length > 1, `${command} printed "${stdout}"`);
      }
    }
  }));

Deno.test("a terminal that has room shows all that a file gets", () =>
  withArchive(async (place) => {
    await fill(place);
    for (const [command, ...args] of COMMANDS.filter(([name]) => /verify|set/.test(name))) {
      const all = args.map((arg) => arg === "DB" ? place.database : arg);
      const wide = { stdoutIsTerminal: true, columns: 400, env: { NO_COLOR: "1" } };
      const [onTerminal, inFile] = [
        await place.run(command, all, wide),
        await place.run(command, all),
      ];
      equal(onTerminal.stdout, inFile.stdout, command);
    }
  }));

Deno.test("elsewhere nothing is cut, and --json is whole on a terminal, too", () =>
  withArchive(async (place) => {
    await fill(place);
    const list = ["--client-name", "store", "--checkpoint-db", place.database];
    const { stdout } = await place.run("checkpoint list", list, { columns: 60 });
    ok(stdout.includes(`${LONG}  2026-01-01T00:00:00Z  open   ${WORKER} until `), stdout);
    for (const command of ["ls --long --json", "verify --json", "quarantine --json"]) {
      const narrow = { stdoutIsTerminal: true, columns: 60 };
      equal((await place.run(command, [], narrow)).stdout, (await place.run(command)).stdout);
    }
  }));

Deno.test("at 80 columns, checkpoint list and ls --long still tell shards and files apart", () =>
  withArchive(async (place) => {
    await fill(place);
    const terminal = { stdoutIsTerminal: true, columns: 80, env: { NO_COLOR: "1" } };
    const list = ["--client-name", "store", "--checkpoint-db", place.database];
    const positions = (await place.run("checkpoint list", list, terminal)).stdout.split("\n");
    const [until] = /[-\d]+ [\d:]+$/.exec(positions[2]!)!;
    deepStrictEqual(positions, [
      "shard              position           state  owner              leased until",
      "shardId-…00000006  no position        open",
      `shardId-…00000007  49680480…63091970  open   5712f7ae…dc203a35  ${until}`,
      "Not shown in 80 columns: saved",
      "",
    ]);
    const files = (await place.run("ls --long", [], terminal)).stdout.split("\n").slice(0, 2);
    deepStrictEqual(files, [
      "key                     size  events  shards  first arrival     last arrival",
      "20260101…5600.tri  414 bytes       2       1  2026-01-01 00:00  2026-01-01 00:00",
    ]);
  }));
