/**
 * What ledgers promise when several work at once, as a list of tests for real databases.
 *
 * @module
 */

import { deepStrictEqual, equal, ok } from "node:assert/strict";
import type { ArchiveLedger } from "@triton/triton/checkpoint";
import { shard } from "../checkpoint/contract.ts";
import {
  checkpointsOf,
  intent,
  lease,
  type LedgerPlace,
  type LedgerTest,
  LONG_MS,
  newShard,
  openIntents,
  range,
} from "./support.ts";

const ROUNDS = 25;

/** Opens several ledgers on the place, for the time of a test. */
async function withLedgers(
  place: LedgerPlace,
  count: number,
  run: (...ledgers: ArchiveLedger[]) => Promise<void>,
): Promise<void> {
  const ledgers = await Promise.all(Array.from({ length: count }, () => place.open()));
  try {
    await run(...ledgers);
  } finally {
    for (const ledger of ledgers) await ledger[Symbol.asyncDispose]();
  }
}

/** The numbers from 0 up to, but not including, `count`. */
function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

export const RACES: readonly LedgerTest[] = [
  {
    name: "of several that addFirstShards() at once one does",
    run: (place) =>
      withLedgers(place, 4, async (...ledgers) => {
        await ledgers[0]!.identify(new Date(0));
        const added = await Promise.all(
          ledgers.map((ledger, n) => ledger.addFirstShards([newShard(n)])),
        );
        equal(added.filter((first) => first).length, 1);
        deepStrictEqual(
          (await ledgers[0]!.shards()).map(({ shardId }) => shardId),
          [shard(added.indexOf(true))],
        );
      }),
  },
  {
    name: "of several that acquire() the same shards at once each shard goes to one",
    run: (place) =>
      withLedgers(place, 4, async (...ledgers) => {
        const all = numbers(12);
        await ledgers[0]!.addShards(all.map((n) => newShard(n)));
        const taken = await Promise.all(ledgers.flatMap((ledger, worker) =>
          all.map(async (n) => {
            const epoch = await ledger.acquire(shard(n), `${worker}`, LONG_MS);
            return epoch === undefined ? [] : [[shard(n), `${worker}`, epoch] as const];
          })
        ));
        deepStrictEqual(
          taken.flat().sort(),
          (await ledgers[0]!.shards()).map(({ shardId, owner }) => [shardId, owner, 1]),
        );
      }),
  },
  {
    name: "an intend() that races acquire() is refused, or seen by the heir",
    run: (place) =>
      withLedgers(place, 2, async (late, heir) => {
        const verdicts = new Set<boolean>();
        for (const n of numbers(ROUNDS)) {
          await late!.addShards([newShard(n)]);
          await late!.acquire(shard(n), "late", 0);
          const asked = intent(`i${n}`, range(n, 1, undefined, "5"));
          const [accepted, open] = await Promise.all([
            late!.intend(asked),
            heir!.acquire(shard(n), "heir", LONG_MS).then((epoch) => {
              equal(epoch, 2);
              return openIntents(heir!, n);
            }),
          ]);
          deepStrictEqual(open, accepted.length > 0 ? [asked.id] : []);
          verdicts.add(accepted.length > 0);
        }
        ok(verdicts.size > 0);
      }),
  },
  {
    name: "a commit() that races cancel() has one verdict, and the checkpoint follows it",
    run: (place) =>
      withLedgers(place, 2, async (writer, heir) => {
        await lease(writer!, "a", ROUNDS);
        for (const n of numbers(ROUNDS)) {
          await writer!.intend(intent(`i${n}`, range(n, 1, undefined, "5")));
          const [committed, cancelled] = await Promise.all([
            writer!.commit(`i${n}`),
            heir!.cancel(`i${n}`),
          ]);
          equal(committed, cancelled);
          const { open, checkpoint } = await heir!.position(shard(n));
          deepStrictEqual([open, checkpoint], [[], committed === "done" ? "5" : undefined]);
        }
      }),
  },
  {
    name: "a commit() that races commit() moves each checkpoint once",
    run: (place) =>
      withLedgers(place, 3, async (...ledgers) => {
        await lease(ledgers[0]!, "a", 3);
        for (const n of numbers(ROUNDS)) {
          const previous = n === 0 ? undefined : `${n}`;
          const ranges = numbers(3).map((s) => range(s, 1, previous, `${n + 1}`));
          await ledgers[0]!.intend(intent(`i${n}`, ...ranges));
          const verdicts = await Promise.all(ledgers.map((ledger) => ledger.commit(`i${n}`)));
          deepStrictEqual(verdicts, ["done", "done", "done"]);
        }
        const last = `${ROUNDS}`;
        deepStrictEqual(await checkpointsOf(ledgers[0]!), { 0: last, 1: last, 2: last });
      }),
  },
  {
    name: "position() that races commit() sees the intent or its checkpoint, never neither",
    run: (place) =>
      withLedgers(place, 2, async (writer, heir) => {
        await lease(writer!, "a", ROUNDS);
        for (const n of numbers(ROUNDS)) {
          await writer!.intend(intent(`i${n}`, range(n, 1, undefined, "5")));
          const [, ...seen] = await Promise.all([
            writer!.commit(`i${n}`),
            ...numbers(4).map(() => heir!.position(shard(n))),
          ]);
          for (const { open, checkpoint } of seen) {
            deepStrictEqual(checkpoint, open.length === 0 ? "5" : undefined);
          }
        }
      }),
  },
  {
    name: "an end() that races acquire() ends the shard or is refused",
    run: (place) =>
      withLedgers(place, 2, async (late, heir) => {
        for (const n of numbers(ROUNDS)) {
          const child = 1000 + n;
          await late!.addShards([newShard(n)]);
          await late!.acquire(shard(n), "late", 0);
          const [ended, epoch] = await Promise.all([
            late!.end(shard(n), 1, undefined, [newShard(child, n)]),
            heir!.acquire(shard(n), "heir", LONG_MS),
          ]);
          equal(epoch, ended ? undefined : 2);
          const known = (await heir!.shards()).some(({ shardId }) => shardId === shard(child));
          equal(known, ended);
        }
      }),
  },
  {
    name: "the same calls of several workers, in other orders, never wait for each other",
    run: (place) =>
      withLedgers(place, 3, async (...ledgers) => {
        const shards = await lease(ledgers[0]!, "0", 8);
        await Promise.all(ledgers.map(async (ledger, index) => {
          for (const n of numbers(12)) {
            const order = (n + index) % 2 === 0 ? [...shards] : [...shards].reverse();
            const ranges = order.map((shardId) => ({
              ...range(0, 1, undefined, `${n}`),
              shardId,
            }));
            await Promise.all([
              ledger.renew(`${index}`, n % 3 === 0 ? 0 : LONG_MS),
              ledger.renew(`${(index + 1) % 3}`, n % 3 === 1 ? 0 : LONG_MS),
              ledger.intend(intent(`i${index}-${n}`, ...ranges)),
              ledger.addShards(order.map((_, child) => newShard(100 + n * 10 + child))),
              ledger.release("nobody", order),
            ]);
            await ledger.cancel(`i${index}-${n}`);
          }
        }));
        deepStrictEqual((await ledgers[0]!.renew("0", LONG_MS)).held.size, 8);
        deepStrictEqual(await openIntents(ledgers[0]!, 0), []);
      }),
  },
  {
    name: "of a move to another store and intents for the old one at once, either is refused",
    run: (place) =>
      withLedgers(place, 3, async (mover, ...writers) => {
        await mover!.useStore("s3://0");
        await mover!.addShards([newShard(0), newShard(1)]);
        for (const round of numbers(ROUNDS)) {
          const epochs = await Promise.all(
            writers.map((ledger, n) => ledger.acquire(shard(n), `${n}`, 0)),
          );
          const write = (ledger: ArchiveLedger, n: number) =>
            ledger.intend({
              ...intent(`i${round}-${n}`, range(n, epochs[n]!, undefined, "9")),
              store: `s3://${round}`,
            });
          const to = `s3://${round + 1}`;
          const [move, ...intents] = await Promise.allSettled([
            mover!.moveStore(to),
            ...writers.map(write),
          ]);
          const open = [...await openIntents(mover!, 0), ...await openIntents(mover!, 1)];
          const accepted = intents.filter(({ status }) => status === "fulfilled");
          equal(open.length, accepted.length);
          equal(move!.status === "fulfilled", open.length === 0, `${round}: ${open}`);
          for (const id of open) await mover!.cancel(id);
          await mover!.moveStore(to);
        }
      }),
  },
];
