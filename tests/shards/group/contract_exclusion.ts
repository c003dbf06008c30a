/**
 * What groups and others that use one database promise each other, as a list of tests.
 *
 * @module
 */

import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import {
  forgetPositions,
  openCheckpointer,
  openLedger,
  type SequenceNumber,
} from "@triton/triton/checkpoint";
import { START_ROW } from "../../../src/checkpoint/rows.ts";
import { openGroupDatabase } from "../../../src/shards/group/open_group.ts";
import { positions, shard } from "../../checkpoint/contract.ts";
import { CREATED, fence, lease, LONG_MS, newShard } from "./support.ts";

const OPTIONS = { client: "billing", stream: "clicks", leaseMs: LONG_MS };

export const EXCLUSIONS: readonly {
  readonly name: string;
  readonly run: (url: string) => Promise<void>;
}[] = [
  {
    name: "a group refuses the client of an archiver",
    async run(url) {
      await using ledger = await openLedger(url, OPTIONS);
      await using group = await openGroupDatabase(url, OPTIONS);
      await ledger.identify(CREATED);
      await group.table.identify(CREATED); // nothing is archived yet
      await rejects(ledger.addFirstShards([newShard(0)]), { code: "Group" });
      await rejects(ledger.identify(CREATED), {
        name: "CheckpointError",
        code: "Group",
        retryable: false,
        message: /^Cannot archive stream "clicks" for client "billing": a consumer group /,
      });
      deepStrictEqual(await ledger.shards(), []);
      await using other = await openLedger(url, { ...OPTIONS, client: "store" });
      await other.identify(CREATED);
      equal(await other.addFirstShards([newShard(0)]), true);
      await using late = await openGroupDatabase(url, { ...OPTIONS, client: "store" });
      await rejects(late.table.identify(CREATED), {
        name: "CheckpointError",
        code: "Archiver",
        retryable: false,
        message: /^Cannot read stream "clicks" as group "store": /,
      });
      equal(await late.table.createdAt(), undefined);
    },
  },
  {
    name: "of a group and an archiver that begin at once, one is refused",
    async run(url) {
      for (let n = 0; n < 10; n++) {
        const options = { ...OPTIONS, client: `client-${n}` };
        await using ledger = await openLedger(url, options);
        await using group = await openGroupDatabase(url, options);
        const outcomes = await Promise.allSettled([
          ledger.identify(CREATED).then(() => ledger.addFirstShards([newShard(0)])),
          group.table.identify(CREATED).then(() => group.table.addFirstShards([newShard(0)])),
        ]);
        const refused = outcomes.filter(({ status }) => status === "rejected");
        equal(refused.length, 1, JSON.stringify(outcomes));
        const rows = [...await ledger.shards(), ...await group.table.shards()];
        equal(rows.length, 1);
      }
    },
  },
  {
    name: "a plain reader of the same client saves nothing any more, and is not let in",
    async run(url) {
      await using reader = await openCheckpointer(url, { client: "billing" });
      await reader.save("clicks", positions({ 0: "7" }));
      await using group = await openGroupDatabase(url, OPTIONS);
      await reader.requireReader!("clicks"); // there are tables, but no group yet
      await group.table.identify(CREATED);
      await rejects(reader.save("clicks", positions({ 0: "8" })), {
        name: "CheckpointError",
        code: "Group",
        message: /reads it as a consumer group/,
      });
      await rejects(reader.requireReader!("clicks"), { code: "Group" });
      equal(await reader.load("clicks", shard(0)), "7");
      await reader.save("other", positions({ 0: "8" }));
      await using other = await openCheckpointer(url, { client: "other" });
      await other.requireReader!("clicks");
      await other.save("clicks", positions({ 0: "8" }));
    },
  },
  {
    name: "forgetPositions() removes a group of a deleted stream, when no member is alive",
    async run(url) {
      await using group = await openGroupDatabase(url, OPTIONS);
      const { table } = group;
      await lease(table, 2);
      await table.save("a", [{ ...fence(undefined, "5") }]);
      const createdAt = new Date(CREATED.getTime() + 1);
      await rejects(table.identify(createdAt), { code: "StreamRecreated" });
      await rejects(forgetPositions(url, { ...OPTIONS, createdAt }), {
        code: "Leased",
        message: /member a of group "billing" is alive/,
      });
      await table.leave("a");
      await rejects(forgetPositions(url, { ...OPTIONS, createdAt: CREATED }), {
        code: "SameStream",
      });
      const forgotten = [
        { shardId: shard(0), archived: "5" },
        { shardId: shard(1), archived: undefined },
      ];
      const dryRun = await forgetPositions(url, { ...OPTIONS, createdAt, dryRun: true });
      deepStrictEqual(dryRun, forgotten);
      equal((await table.shards()).length, 2);
      deepStrictEqual(await forgetPositions(url, { ...OPTIONS, createdAt }), forgotten);
      deepStrictEqual([await table.shards(), await table.createdAt()], [[], undefined]);
      deepStrictEqual((await table.gaps()).map(({ after, reason }) => [after, reason]), [
        ["5", "recreated"],
      ]);
      await table.identify(createdAt);
    },
  },
  {
    name: "a group begins no later than its client began to read",
    async run(url) {
      await using reader = await openCheckpointer(url, { client: "billing" });
      const begunAt = new Date(1_764_547_200_000);
      await reader.save(
        "clicks",
        new Map([
          ...positions({ 0: "7" }),
          [START_ROW, `${begunAt.getTime()}` as SequenceNumber],
        ]),
      );
      await using group = await openGroupDatabase(url, OPTIONS);
      await group.table.identify(CREATED);
      const later = { type: "at-timestamp", timestamp: new Date(1_764_547_300_000) } as const;
      const sooner = { type: "at-timestamp", timestamp: new Date(1_764_547_100_000) } as const;
      await group.table.addFirstShards([
        { ...newShard(0), start: later },
        { ...newShard(1), start: later },
        { ...newShard(2), start: sooner },
        newShard(3),
      ]);
      const shards = await group.table.shards();
      deepStrictEqual(shards.map(({ position }) => position), [
        "7",
        undefined,
        undefined,
        undefined,
      ]);
      deepStrictEqual(shards.slice(1).map(({ start }) => start), [
        { type: "at-timestamp", timestamp: begunAt },
        sooner,
        { type: "trim-horizon" },
      ]);
      deepStrictEqual(shards[1]!.knownAt, begunAt);
      deepStrictEqual([...await group.table.checkpoints()], [[shard(0), "7"]]);
    },
  },
];
