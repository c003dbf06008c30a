import { deepStrictEqual } from "node:assert/strict";
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { openLedger } from "../../../../src/exports/checkpoint.ts";
import { VirtualClock } from "../../../../src/base/clock.ts";
import type { SequenceNumber } from "../../../../src/base/record.ts";
import { shardId, START } from "../../../archive/chain_archives.ts";
import { withArchive } from "../../archive_place.ts";
import { runCommand } from "../../fake_context.ts";

const NOW = START / 1000 + 60;

function stats(database: string, ...args: readonly string[]) {
  const clock = new VirtualClock({ now: NOW * 1000 });
  const all = ["stats", "--client-name", "store", "--checkpoint-db", database, ...args];
  return runCommand(all, { clock });
}

Deno.test("triton stats counts recorded gaps, after go-triton's lines", () =>
  withArchive(async ({ database }) => {
    for (const client of ["store", "other"]) {
      await using ledger = await openLedger(database, {
        ...{ client, stream: "clicks" },
        clock: new VirtualClock({ now: START }),
      });
      await ledger.adopt(new Map([[shardId(0), { checkpoint: "7" as SequenceNumber }]]));
      for (const after of ["3", "5"] as SequenceNumber[]) {
        await ledger.recordGap({
          ...{ stream: "clicks", shardId: shardId(1), after, until: undefined },
          ...{ reason: "retention", recordedAt: new Date(START + Number(after)) },
        });
      }
    }
    const { code, stdout } = await stats(database);
    deepStrictEqual([code, stdout.split("\n")], [0, [
      `store.clicks.shardId-000000000000.age 60 ${NOW}`,
      `store.clicks.shardId-000000000001.gaps 2 ${NOW}`,
      "",
    ]]);
    const lines = (await stats(database, "--json")).stdout.trimEnd().split("\n");
    deepStrictEqual(lines.length, 3);
    deepStrictEqual(JSON.parse(lines[1]!), {
      gap: {
        ...{ client: "store", stream: "clicks", shardId: "shardId-000000000001" },
        ...{ after: "3", reason: "retention", recordedAt: "2026-01-01T00:00:00.003Z" },
      },
    });
  }));

Deno.test("triton stats creates neither a file nor a table", () =>
  withArchive(async ({ database }) => {
    const path = database.slice("sqlite://".length);
    const missing = await stats(database);
    deepStrictEqual([missing.code, missing.stdout, existsSync(path)], [1, "", false]);
    const opened = new DatabaseSync(path);
    deepStrictEqual((await stats(database)).code, 0);
    const tables = opened.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    opened.close();
    deepStrictEqual(tables, []);
  }));
