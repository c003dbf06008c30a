/**
 * What the tests of ledgers share.
 *
 * @module
 */

import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import {
  type ArchiveIntent,
  type ArchiveLedger,
  type IntendedRange,
  type NewShard,
  openCheckpointer,
  openLedger,
  type SequenceNumber,
  type ShardId,
} from "@triton/triton/checkpoint";
import { positions, shard } from "../checkpoint/contract.ts";

/** Long enough for any test, whose leases then never expire. */
export const LONG_MS = 3_600_000;

/** A place for ledgers, empty when a test gets it. */
export interface LedgerPlace {
  /** Opens a ledger on the place; what one wrote, the next one reads. */
  open(options?: {
    readonly client?: string;
    readonly stream?: string;
  }): Promise<ArchiveLedger>;
  /** Saves checkpoints the way an older Triton did, before the first ledger is opened. */
  save(checkpoints: Readonly<Record<number, string>>): Promise<void>;
  /** Lets at least a millisecond pass on the clock that leases expire by. */
  pass(): Promise<void>;
}

/** One promise of the contract. */
export interface LedgerTest {
  readonly name: string;
  readonly run: (place: LedgerPlace) => Promise<void>;
}

/** A sequence number. */
export function at(position: string): SequenceNumber {
  return position as SequenceNumber;
}

/** Shard number `n`, read from the trim horizon. */
export function newShard(n: number, ...parents: readonly number[]): NewShard {
  return { shardId: shard(n), parents: parents.map(shard), start: { type: "trim-horizon" } };
}

/** Part of shard `n` in an archive. */
export function range(
  n: number,
  epoch: number,
  previous: string | undefined,
  last: string,
): IntendedRange {
  return {
    shardId: shard(n),
    epoch,
    previous: previous as SequenceNumber | undefined,
    last: at(last),
  };
}

/** An intent whose key follows from its id. */
export function intent(id: string, ...ranges: readonly IntendedRange[]): ArchiveIntent {
  return { id, key: `20260101/clicks-store-${id}.tri`, ranges };
}

/** Adds the first `count` shards, and leases them all to a worker. */
export async function lease(
  ledger: ArchiveLedger,
  worker: string,
  count: number,
): Promise<ShardId[]> {
  const shardIds = Array.from({ length: count }, (_, n) => shard(n));
  await ledger.addShards(shardIds.map((_, n) => newShard(n)));
  for (const shardId of shardIds) equal(await ledger.acquire(shardId, worker, LONG_MS), 1);
  return shardIds;
}

/** The checkpoints by shard number. */
export async function checkpointsOf(ledger: ArchiveLedger): Promise<Record<number, string>> {
  const entries = [...await ledger.checkpoints()];
  return Object.fromEntries(entries.map(([shardId, position]) => [numberOf(shardId), position]));
}

/** The number of a shard. */
export function numberOf(shardId: ShardId): number {
  return Number(shardId.slice("shardId-".length));
}

/** The ids of the open intents that name a shard, in order. */
export async function openIntents(ledger: ArchiveLedger, n: number): Promise<string[]> {
  return (await ledger.position(shard(n))).open.map(({ id }) => id).sort();
}

/** A checkpointer must not move what says up to where the archive goes. */
export async function keepsConsumersOut(url: string): Promise<void> {
  const open = (client: string) => openCheckpointer(url, { client });
  await using early = await open("store");
  await early.save("other", positions({ 0: "1" }));
  await using ledger = await openLedger(url, { client: "store", stream: "clicks" });
  await ledger.addShards([newShard(0)]);
  await using late = await open("store");
  await rejects(late.save("clicks", positions({ 0: "9" })), {
    name: "CheckpointError",
    code: "Archiver",
    retryable: false,
    message: /^Cannot save positions of stream "clicks": client "store" archives it, /,
  });
  deepStrictEqual(await checkpointsOf(ledger), {});
  await late.save("other", positions({ 0: "2" }));
  await using consumer = await open("billing");
  await consumer.save("clicks", positions({ 0: "9" }));
  equal(await consumer.load("clicks", shard(0)), "9");
}

/** Takes away what version 2 of the ledger's tables has brought. */
export const TO_VERSION_1: readonly string[] = [
  "DROP TABLE triton_store",
  "DROP TABLE triton_move",
  "ALTER TABLE triton_archive DROP COLUMN store",
  "UPDATE triton_schema SET version = 1 WHERE part = 'ledger'",
];

/** Where version 1 has archived shard 0 up to 5, and was about to archive it up to 6. */
export async function takesOverVersion1(open: () => Promise<ArchiveLedger>): Promise<void> {
  await using ledger = await open();
  equal(await ledger.store(), undefined);
  deepStrictEqual((await ledger.newestFiles()).map(({ id }) => id), ["i"]);
  deepStrictEqual((await ledger.position(shard(0))).open, [intent("j", range(0, 1, "5", "6"))]);
  await ledger.useStore("s3://a");
  await rejects(ledger.useStore("s3://b"), { code: "OtherStore" });
  equal(await ledger.commit("j"), "done");
  const next = { ...intent("k", range(0, 1, "6", "7")), store: "s3://a" };
  deepStrictEqual(await ledger.intend(next), [shard(0)]);
}

/**
 * Has the tables of an open ledger raised, and set back, by another program: its next transaction
 * is refused, whichever it is, and nothing is written.
 *
 * @param setVersion Writes the version of the tables down by other means.
 */
export async function noticesAnotherSchema(
  ledger: ArchiveLedger,
  setVersion: (version: number) => unknown,
): Promise<void> {
  await lease(ledger, "a", 1);
  await ledger.intend(intent("i", range(0, 1, undefined, "5")));
  const calls: readonly (() => Promise<unknown>)[] = [
    () => ledger.renew("b", LONG_MS),
    () => ledger.intend(intent("j", range(0, 1, undefined, "6"))),
    () => ledger.commit("i"),
    () => ledger.release("a", [shard(0)]),
  ];
  for (const [version, code] of [[99, "SchemaTooNew"], [1, "SchemaTooOld"]] as const) {
    await setVersion(version);
    for (const call of calls) await rejects(call(), { code, retryable: false });
  }
  await setVersion(2);
  deepStrictEqual((await ledger.renew("a", LONG_MS)).workers, ["a"]);
  equal((await ledger.position(shard(0))).open.length, 1);
  equal(await ledger.commit("i"), "done");
}
