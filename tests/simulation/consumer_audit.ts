import type { Consumer, ConsumerRun } from "./consumers.ts";
import { compareNumbers, type Facts, type PutRecord } from "./facts.ts";

/** What the consumers' part of an audit goes by. */
export type ConsumerFacts = Pick<Facts, "records" | "horizonAt" | "endedAt" | "start"> & {
  /** The numbers of the records that are in the archive. */
  readonly archived: ReadonlySet<number>;
};

/**
 * Tells what a consumer missed, or got out of order.
 *
 * Every event from its start on must have been handled: what was handed out to a process that died
 * over it comes again. Only what the stream has dropped may be missing, and for a history only if it
 * was not archived either. In one process the records of a shard come once and in order.
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
    if (plan.type === "history" && facts.archived.has(record.n)) return true;
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
