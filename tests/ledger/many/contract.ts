/**
 * What the ledgers of many streams promise, as a list of tests.
 *
 * @module
 */

import { deepStrictEqual, equal, throws } from "node:assert/strict";
import type { ArchiveLedger, Ledgers } from "@triton/triton/checkpoint";
import { shard } from "../../checkpoint/contract.ts";
import { lease, LONG_MS, newShard } from "../support.ts";

/** A place for ledgers, empty when a test gets it; what one object wrote, the next one reads. */
export type LedgersPlace = () => Promise<Ledgers>;

/** One promise of the contract. */
export interface LedgersTest {
  readonly name: string;
  readonly run: (open: LedgersPlace) => Promise<void>;
}

const CLICKS = { client: "store", stream: "clicks" };
const VIEWS = { client: "store", stream: "views" };
const COPY = { client: "copy", stream: "clicks" };

/** The open shards of a ledger: number, owner and epoch. */
async function ownersIn(ledger: ArchiveLedger) {
  return (await ledger.shards("open")).map(({ owner, epoch }) => [owner, epoch]);
}

export const LEDGERS_CONTRACT: readonly LedgersTest[] = [
  {
    name: "of() gives ledgers that are apart, and whose disposal leaves the others usable",
    async run(open) {
      await using ledgers = await open();
      {
        await using clicks = ledgers.of(CLICKS);
        deepStrictEqual([clicks.client, clicks.stream], ["store", "clicks"]);
        await lease(clicks, "a", 1);
      }
      for (const key of [VIEWS, COPY]) deepStrictEqual(await ledgers.of(key).shards(), []);
      deepStrictEqual(await ownersIn(ledgers.of(CLICKS)), [["a", 1]]);
      deepStrictEqual(await ledgers.readGroups(["clicks", "views"]), []);
      deepStrictEqual(await ledgers.readGroups([]), []);
      throws(() => ledgers.of({ client: "", stream: "clicks" }), RangeError);
    },
  },
  {
    name: "renew() does for each stream what its ledger does, in the order of the streams",
    async run(open) {
      await using ledgers = await open();
      const [clicks, views, copy] = [CLICKS, VIEWS, COPY].map((key) => ledgers.of(key));
      await lease(clicks!, "a", 2);
      await views!.addShards([newShard(0), newShard(1)]);
      await views!.acquire(shard(1), "a", 0); // expired, and still nobody else's
      await views!.acquire(shard(0), "b", LONG_MS);
      await views!.renew("b", LONG_MS);
      await copy!.renew("gone", 0);
      const renewed = await ledgers.renew("a", [VIEWS, COPY, CLICKS], LONG_MS);
      deepStrictEqual(renewed, [
        { held: new Map([[shard(1), 1]]), workers: ["a", "b"] },
        { held: new Map(), workers: ["a"] },
        { held: new Map([[shard(0), 1], [shard(1), 1]]), workers: ["a"] },
      ]);
      deepStrictEqual(await ownersIn(views!), [["b", 1], ["a", 1]]);
      deepStrictEqual(await ledgers.renew("a", [VIEWS], LONG_MS), [renewed[0]]);
      deepStrictEqual(await views!.renew("a", LONG_MS), renewed[0]);
      deepStrictEqual(await ledgers.renew("a", [], LONG_MS), []);
    },
  },
  {
    name: "renew() touches no stream but those that are named",
    async run(open) {
      await using ledgers = await open();
      const [clicks, copy] = [CLICKS, COPY].map((key) => ledgers.of(key));
      for (const ledger of [clicks!, copy!]) {
        await ledger.addShards([newShard(0)]);
        await ledger.acquire(shard(0), "a", 0);
      }
      await ledgers.renew("a", [CLICKS], LONG_MS);
      deepStrictEqual(await ownersIn(clicks!), [["a", 1]]);
      deepStrictEqual(await ownersIn(copy!), [[undefined, 1]]);
      deepStrictEqual((await copy!.renew("b", LONG_MS)).workers, ["b"]);
      await clicks!.leave("a");
      deepStrictEqual((await clicks!.renew("b", LONG_MS)).workers, ["b"]);
    },
  },
  {
    name: "openShards() tells of each stream what its ledger does",
    async run(open) {
      await using ledgers = await open();
      const [clicks, views] = [CLICKS, VIEWS].map((key) => ledgers.of(key));
      await lease(clicks!, "a", 3);
      equal(await clicks!.end(shard(1), 1, undefined, [newShard(12, 1), newShard(11, 1)]), true);
      await lease(views!, "b", 1);
      const shards = await ledgers.openShards([VIEWS, COPY, CLICKS]);
      deepStrictEqual(shards, [await views!.shards("open"), [], await clicks!.shards("open")]);
      deepStrictEqual(shards[2]!.map(({ shardId }) => shardId), [0, 2, 11, 12].map(shard));
      deepStrictEqual(await ledgers.openShards([]), []);
    },
  },
];
