/**
 * What every ledger promises of positions that are moved by hand, as a list of tests.
 *
 * @module
 */

import { deepStrictEqual, equal, match, ok, rejects } from "node:assert/strict";
import type { ArchiveLedger } from "@triton/triton/checkpoint";
import { VirtualClock } from "@triton/triton";
import { moveArchiver } from "../../src/ledger/move_archiver.ts";
import { positions, shard } from "../checkpoint/contract.ts";
import { at, checkpointsOf, intent, lease, type LedgerTest, LONG_MS, range } from "./support.ts";

const NOW = Date.UTC(2026, 0, 2);

/** Moves shards by their numbers; gives each that was moved as text. */
async function move(
  ledger: ArchiveLedger,
  to: Readonly<Record<number, string>>,
  { dryRun = false, now = NOW } = {},
): Promise<string[]> {
  const clock = new VirtualClock({ now });
  const moves = await moveArchiver(ledger, positions(to), { dryRun, clock, againSince: undefined });
  return moves.map(({ shardId, from, to }) => `${Number(shardId.slice(-3))} ${from} ${to}`);
}

/** Archives shards to some position, and gives their leases back. */
async function archive(ledger: ArchiveLedger, id: string, last: string): Promise<void> {
  const shardIds = await lease(ledger, "a", 2);
  await ledger.intend(intent(id, ...shardIds.map((_, n) => range(n, 1, undefined, last))));
  equal(await ledger.commit(id), "done");
  await ledger.leave("a");
}

async function gapsOf(ledger: ArchiveLedger): Promise<string[]> {
  return (await ledger.gaps()).map(({ shardId, after, until, reason, recordedAt }) => {
    equal(recordedAt.getTime() >= NOW, true);
    return `${Number(shardId.slice(-3))} ${after} ${until} ${reason}`;
  });
}

async function startsOf(ledger: ArchiveLedger): Promise<unknown[]> {
  return (await ledger.shards()).map(({ start, checkpoint }) =>
    start.type === "after" ? `after ${start.sequenceNumber}` : checkpoint ?? start.type
  );
}

export const MOVES: readonly LedgerTest[] = [
  {
    name: "shards() tells who holds a lease, and until when",
    async run(place) {
      await using ledger = await place.open();
      await lease(ledger, "a", 1);
      const [held] = await ledger.shards();
      equal(held!.owner, "a");
      ok(held!.leasedUntil instanceof Date);
      await ledger.renew("a", 2 * LONG_MS);
      ok((await ledger.shards())[0]!.leasedUntil! > held!.leasedUntil!);
      await ledger.leave("a");
      deepStrictEqual((await ledger.shards()).map(({ leasedUntil }) => leasedUntil), [undefined]);
    },
  },
  {
    name: "an archiver moves forward, and what it passes over is a gap",
    async run(place) {
      await using ledger = await place.open();
      await archive(ledger, "i", "5");
      const { knownAt } = await ledger.position(shard(0));
      deepStrictEqual(await move(ledger, { 0: "9" }, { dryRun: true }), ["0 5 9"]);
      deepStrictEqual([await checkpointsOf(ledger), await gapsOf(ledger)], [
        { 0: "5", 1: "5" },
        [],
      ]);
      deepStrictEqual(await move(ledger, { 0: "9", 7: "1" }), ["0 5 9"]);
      deepStrictEqual(await startsOf(ledger), ["after 9", "5"]);
      deepStrictEqual(await gapsOf(ledger), ["0 5 undefined skipped"]);
      deepStrictEqual((await ledger.position(shard(0))).knownAt, knownAt);
      deepStrictEqual(await move(ledger, { 0: "9", 1: "5" }), []);
      deepStrictEqual((await ledger.shards()).map(({ owner }) => owner), [undefined, undefined]);
      deepStrictEqual((await ledger.renew("b", 1_000)).workers, ["b"]);
    },
  },
  {
    name: "an archiver moves back within what it passed over, and never before what it archived",
    async run(place) {
      await using ledger = await place.open();
      await archive(ledger, "i", "5");
      const archived = { name: "CheckpointError", code: "Archived", retryable: false };
      await rejects(move(ledger, { 0: "8", 1: "4" }), archived);
      deepStrictEqual(await startsOf(ledger), ["5", "5"]);
      await move(ledger, { 0: "100" });
      await move(ledger, { 0: "50" }, { now: NOW + 1 });
      deepStrictEqual(await startsOf(ledger), ["after 50", "5"]);
      deepStrictEqual(await gapsOf(ledger), ["0 5 undefined skipped"]);
      await rejects(move(ledger, { 0: "4" }), (error: Error) => {
        match(
          error.message,
          /^Cannot move shardId-0{12} of "clicks" back: client "store" has archived it up to 5, /,
        );
        return true;
      });
    },
  },
  {
    name: "an archiver that archived nothing yet moves anywhere",
    async run(place) {
      await using ledger = await place.open();
      await lease(ledger, "a", 1);
      await ledger.leave("a");
      deepStrictEqual(await move(ledger, { 0: "9" }), ["0 undefined 9"]);
      deepStrictEqual(await move(ledger, { 0: "3" }, { now: NOW + 1 }), ["0 9 3"]);
      deepStrictEqual(await startsOf(ledger), ["after 3"]);
    },
  },
  {
    name: "what was only read when the stream dropped records does not count as archived",
    async run(place) {
      await using ledger = await place.open();
      const [shardId] = await lease(ledger, "a", 1);
      await ledger.leave("a");
      const dropped = { stream: ledger.stream, shardId: shardId!, reason: "retention" };
      const recordedAt = new Date(NOW);
      await ledger.recordGap({ ...dropped, after: at("20"), until: undefined, recordedAt });
      await move(ledger, { 0: "50" }, { now: NOW + 1 });
      await move(ledger, { 0: "10" }, { now: NOW + 2 });
      deepStrictEqual(await gapsOf(ledger), [
        "0 20 undefined retention",
        "0 undefined undefined skipped",
      ]);
    },
  },
  {
    name: "nothing of an archiver is moved while a worker is alive or an archive is open",
    async run(place) {
      await using ledger = await place.open();
      await lease(ledger, "a", 2);
      await ledger.release("a", [shard(0)]);
      const leased = { code: "Leased", retryable: false };
      await rejects(move(ledger, { 0: "9" }, { dryRun: true }), leased);
      await rejects(move(ledger, { 0: "9" }), (error: Error) => {
        match(
          error.message,
          /: worker a holds the lease of shardId-0{11}1 until 20\d\d-\d\d-\d\dT[\d:.]+Z; stop /,
        );
        return true;
      });
      await ledger.intend(intent("i", range(1, 1, undefined, "4")));
      await ledger.leave("a");
      await rejects(move(ledger, { 0: "9" }), { code: "Unsettled", retryable: false });
      deepStrictEqual(await startsOf(ledger), ["trim-horizon", "trim-horizon"]);
      await ledger.cancel("i");
      deepStrictEqual(await move(ledger, { 0: "9" }), ["0 undefined 9"]);
    },
  },
  {
    name: "a shard that was archived to its end is not moved",
    async run(place) {
      await using ledger = await place.open();
      await archive(ledger, "i", "5");
      const epoch = (await ledger.acquire(shard(0), "a", LONG_MS))!;
      await ledger.end(shard(0), epoch, at("5"), []);
      await ledger.leave("a");
      await rejects(move(ledger, { 0: "9" }), { code: "Ended" });
      deepStrictEqual(await move(ledger, { 0: "5", 1: "7" }), ["1 5 7"]);
    },
  },
];
