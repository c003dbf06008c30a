import { deepStrictEqual, equal, match } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { EMPTY_ARCHIVE } from "../../../../src/codec/mod.ts";
import {
  type ArchiveLedger,
  openCheckpointer,
  openLedger,
} from "../../../../src/exports/checkpoint.ts";
import type { SequenceNumber } from "../../../../src/base/record.ts";
import { chainOf, fileOf, type FileSpec, keyOf, shardId } from "../../../archive/chain_archives.ts";
import { type ArchivePlace, withArchive } from "../../archive_place.ts";

const FIRST: FileSpec = { shards: { 0: [undefined, 1, 2], 1: [undefined, 7] }, at: 0 };
const SECOND: FileSpec = { shards: { 0: [2, 3] }, at: 3600 };

function ledgerOf({ database }: ArchivePlace): Promise<ArchiveLedger> {
  return openLedger(database, { client: "store", stream: "clicks" });
}

async function positionsIn({ database }: ArchivePlace): Promise<string[]> {
  await using checkpointer = await openCheckpointer(database, { client: "store" });
  return (await checkpointer.list("clicks")).map(({ shardId, sequenceNumber, updatedAt }) =>
    `${Number(shardId.slice(-3))} ${sequenceNumber} ${updatedAt.toISOString().slice(0, 10)}`
  );
}

/** Recovers, with the database of the place. */
function recover(place: ArchivePlace, ...args: readonly string[]) {
  return place.run("checkpoint recover", ["--checkpoint-db", place.database, ...args]);
}

Deno.test("triton checkpoint recover restores a lost database", () =>
  withArchive(async (place) => {
    const [first, second] = await place.put(FIRST, SECOND);
    await place.put({ shards: { 0: [undefined, 99] }, at: 1, client: "other" });
    const moves = [
      `shardId-000000000000  no position  ->  3  ${second}`,
      `shardId-000000000001  no position  ->  7  ${first}`,
    ];
    const dry = await recover(place, "--dry-run");
    deepStrictEqual([dry.code, dry.stderr], [0, ""]);
    deepStrictEqual(dry.stdout.split("\n"), [...moves, "2 positions would be moved", ""]);
    deepStrictEqual(await positionsIn(place), []);
    const done = await recover(place);
    deepStrictEqual(done.stdout.split("\n"), [...moves, "2 positions moved", ""]);
    deepStrictEqual(await positionsIn(place), ["0 3 2026-01-01", "1 7 2026-01-01"]);
    const again = await recover(place);
    deepStrictEqual([again.code, again.stdout], [0, "No position is behind the archive\n"]);
  }));

Deno.test("triton checkpoint recover moves positions that are behind, and ends parents whose children are archived", () =>
  withArchive(async (place) => {
    await place.put(FIRST, SECOND, { shards: { 2: [undefined, 50] }, at: 7200 });
    {
      await using ledger = await ledgerOf(place);
      const start = { type: "trim-horizon" } as const;
      await ledger.addShards([
        { shardId: shardId(0), parents: [], start },
        { shardId: shardId(1), parents: [], start },
        { shardId: shardId(2), parents: [shardId(0)], start },
      ]);
      const epoch = (await ledger.acquire(shardId(0), "w", 1000))!;
      await ledger.reposition(shardId(0), epoch, { checkpoint: "2" as SequenceNumber });
      await ledger.leave("w");
    }
    const { code, stdout } = await recover(place);
    equal(code, 0);
    match(stdout, /^shardId-000000000000 {2}2 {12}-> {2}3 /m);
    match(stdout, /^shardId-000000000000 is marked as ended$/m);
    await using ledger = await ledgerOf(place);
    deepStrictEqual(
      (await ledger.shards()).map(({ state, checkpoint, owner }) => [state, checkpoint, owner]),
      [["ended", "3", undefined], ["open", "7", undefined], ["open", "50", undefined]],
    );
  }));

Deno.test("triton checkpoint recover is refused while a worker is alive or an archive is open", () =>
  withArchive(async (place) => {
    await place.put(FIRST);
    await using ledger = await ledgerOf(place);
    await ledger.addShards([
      { shardId: shardId(0), parents: [], start: { type: "trim-horizon" } },
    ]);
    const epoch = (await ledger.acquire(shardId(0), "worker-1", 60_000))!;
    const busy = await recover(place);
    deepStrictEqual([busy.code, busy.stdout], [1, ""]);
    match(busy.stderr, /worker worker-1 archives shardId-000000000000; stop triton store/);
    const last = "5" as SequenceNumber;
    const ranges = [{ shardId: shardId(0), epoch, previous: undefined, last }];
    await ledger.intend({ id: "i9", key: "20260101/clicks-store-9.tri", ranges });
    await ledger.leave("worker-1");
    const open = await recover(place);
    equal(open.code, 1);
    match(open.stderr, /archive "20260101\/clicks-store-9\.tri" \(intent i9\) was started/);
    deepStrictEqual(await positionsIn(place), []);
  }));

Deno.test("triton checkpoint recover reports shards with a broken chain, and does not change them", () =>
  withArchive(async (place) => {
    const [first, , third] = chainOf(3);
    await place.put(first!, third!, { shards: { 1: [undefined, 7] }, at: 60 });
    const { code, stdout, stderr } = await recover(place);
    equal(code, 1);
    match(stdout, /^shardId-000000000001 {2}no position/m);
    match(stderr, /^triton: gap a6670d5f9eac: store shardId-000000000000 /m);
    match(stderr, /^triton: 1 shard could not be recovered; run triton verify/m);
    deepStrictEqual(await positionsIn(place), ["1 7 2026-01-01"]);
  }));

Deno.test("triton checkpoint recover continues after a recorded gap", () =>
  withArchive(async (place) => {
    await place.put(FIRST, { shards: { 0: [undefined, 9] }, at: 3600 });
    {
      await using ledger = await ledgerOf(place);
      await ledger.recordGap({
        ...{ stream: "clicks", shardId: shardId(0), after: "2" as SequenceNumber },
        ...{ until: undefined, reason: "skipped", recordedAt: new Date(0) },
      });
    }
    equal((await recover(place)).code, 0);
    deepStrictEqual(await positionsIn(place), ["0 9 2026-01-01", "1 7 2026-01-01"]);
  }));

Deno.test("triton checkpoint recover --dry-run writes nothing, not even an empty database", () =>
  withArchive(async (place) => {
    await place.put(FIRST);
    const path = place.database.slice("sqlite://".length);
    const folder = path.slice(0, path.lastIndexOf("/"));
    const files = () => Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
    const before = files();
    const dry = await recover(place, "--dry-run");
    deepStrictEqual([dry.code, dry.stderr], [0, ""]);
    match(dry.stdout, /position\S* would be moved/);
    deepStrictEqual(files(), before);

    // A database of go-triton, whose tables are not ours yet.
    const db = new DatabaseSync(path); // Deno 2.4 knows no `using` of it
    db.exec("CREATE TABLE triton_checkpoint (client, stream, shard, seq_num, updated)");
    db.close();
    const bytes = Deno.readFileSync(path);
    equal((await recover(place, "--dry-run")).stdout, dry.stdout);
    deepStrictEqual(Deno.readFileSync(path), bytes);
    deepStrictEqual(files(), [...before, "triton.db"].sort());
  }));

Deno.test("triton checkpoint recover --dry-run refuses what recover refuses", () =>
  withArchive(async (place) => {
    await place.put(FIRST);
    await using ledger = await openLedger(place.database, { client: "store", stream: "clicks" });
    const shard = { shardId: shardId(0), parents: [], start: { type: "trim-horizon" } } as const;
    await ledger.addShards([shard]);
    const epoch = (await ledger.acquire(shardId(0), "worker", 60_000))!;
    const live = await recover(place, "--dry-run");
    match(live.stderr, /^triton: Cannot recover checkpoints: worker worker archives shardId/);
    const range = { shardId: shardId(0), epoch, previous: undefined, last: "7" as SequenceNumber };
    const intent = { id: "i1", key: keyOf(FIRST), ranges: [range], knownAt: new Date() };
    deepStrictEqual(await ledger.intend(intent), [shardId(0)]);
    await ledger.leave("worker");
    const open = await recover(place, "--dry-run");
    match(open.stderr, /intent i1\) was started, and it is unknown whether it was uploaded/);
  }));

Deno.test("triton checkpoint recover rejects archives with an unknown end", () =>
  withArchive(async (place) => {
    await place.put(FIRST);
    await place.store.put(keyOf(SECOND), fileOf(SECOND).slice(0, -9));
    const damaged = await recover(place);
    equal(damaged.code, 1);
    match(damaged.stderr, /^triton: Cannot recover checkpoints: damaged: 20\S+1767229200\.tri: /);
    await place.store.put("20260102/clicks-store-1767312000.tri", EMPTY_ARCHIVE);
    equal(
      (await recover(place, "--start-date", "20260102")).stdout,
      "No position is behind the archive\n",
    );
    deepStrictEqual(await positionsIn(place), []);
  }));

Deno.test("triton checkpoint recover rejects an archive whose newest file is another program's", () =>
  withArchive(async (place) => {
    const [first] = await place.put(FIRST);
    const golden = await Deno.readFile(
      new URL("../../../testdata/golden/ext.tri", import.meta.url),
    );
    await place.store.put("20260101/clicks-store-1767225601.tri", golden);
    const newer = await recover(place);
    equal(newer.code, 1);
    match(
      newer.stderr,
      /archive "20260101\/clicks-store-1767225601\.tri" is the newest, and it has no manifest/,
    );
    await place.put(SECOND);
    equal((await recover(place)).code, 0);
    equal(typeof first, "string");
  }));

Deno.test("triton checkpoint recover never moves a position back", () =>
  withArchive(async (place) => {
    await place.put(FIRST);
    {
      await using ledger = await ledgerOf(place);
      await ledger.adopt(new Map([[shardId(0), { checkpoint: "8" as SequenceNumber }]]));
    }
    const { code, stderr } = await recover(place);
    equal(code, 1);
    match(
      stderr,
      /shardId-000000000000 is not changed: the database is at 8, but the archive ends at 2/,
    );
    equal((await positionsIn(place)).map((line) => line.slice(0, 3)).join(), "0 8,1 7");
  }));

Deno.test("triton checkpoint lists its commands, and rejects others", () =>
  withArchive(async ({ run }) => {
    const help = await run("checkpoint recover", ["--help"]);
    equal(help.code, 0);
    match(help.stdout, /^Usage: triton checkpoint recover \[options\]/);
    match(help.stdout, /--dry-run/);
    const wrong = await run("checkpoint recover", ["--dryrun"]);
    equal(wrong.code, 2);
    match(
      wrong.stderr,
      /unknown option '--dryrun'[\s\S]*run triton checkpoint recover --help for usage/,
    );
    equal((await run("checkpoint", [])).code, 2);
  }));
