import type { ShardId } from "../../src/base/record.ts";
import type { Consumer, ConsumerRun } from "./consumers.ts";
import { compareNumbers, type Facts, type PutRecord } from "./facts.ts";

/** What the consumers' part of an audit goes by. */
export type ConsumerFacts = Pick<Facts, "records" | "horizonAt" | "endedAt" | "start"> & {
  /** When each record that is in the archive was put there, by its number. */
  readonly archived: ReadonlyMap<number, number>;
};

/**
 * Tells what a consumer missed, or got out of order.
 *
 * Every event from its start on must have been handled: what was handed out to a process that died
 * over it comes again. Only what the stream has dropped may be missing, and for a history only if it
 * was not archived either before it began, or it told that something may be missing there. In one process the records of a shard come once and in order.
 */
export function auditConsumer(consumer: Consumer, facts: ConsumerFacts): string[] {
  const missing = missedBy(consumer, facts).map((record) =>
    `${consumer.name} missed ${name(record)}`
  );
  return [...missing, ...consumer.runs.flatMap((run) => outOfOrder(consumer.name, run, facts))];
}

/** The records that a consumer has not handled, and had to. */
export function missedBy({ plan, runs }: Consumer, facts: ConsumerFacts): PutRecord[] {
  const horizon = facts.horizonAt(facts.endedAt);
  return facts.records.filter((record) => {
    if (!record.isEvent || record.putAt < plan.from) return false;
    if (runs.some(({ handled }) => handled.has(record.n))) return false;
    if (plan.type === "history") {
      const archivedAt = facts.archived.get(record.n);
      if (archivedAt !== undefined) {
        // It was live by then, or had told that something may be missing there.
        const isTold = runs.some(({ told }) => told.has(record.shardId as ShardId));
        const wasLate = runs.some(({ startedAt }) => startedAt <= archivedAt);
        return record.putAt >= horizon || !(isTold || wasLate);
      }
      // What arrived before the archive begins is not looked for.
      if (record.putAt < (facts.start?.from ?? 0)) return false;
    }
    return record.putAt >= horizon;
  });
}

function outOfOrder(who: string, { got }: ConsumerRun, { records }: ConsumerFacts): string[] {
  const last = new Map<string, PutRecord>();
  return got.flatMap((n) => {
    const record = records[n];
    if (record === undefined) return [`${who} got a record that nobody put`];
    const before = last.get(record.shardId);
    last.set(record.shardId, record);
    return before === undefined || follows(record, before)
      ? []
      : [`${who} got ${name(record)} after ${name(before)}`];
  });
}

function follows(record: PutRecord, before: PutRecord): boolean {
  const order = compareNumbers(record.sequenceNumber, before.sequenceNumber);
  return order > 0 || (order === 0 && record.sub! > before.sub!);
}

function name({ n, shardId, sequenceNumber }: PutRecord): string {
  return `record ${n} (${shardId} ${sequenceNumber})`;
}
