import type { StreamRecord } from "../../../src/base/record.ts";
import { compareNumbers, type PutRecord } from "../facts.ts";

/**
 * The records that were handled by whichever member, and whether each came after those that it has to
 * come after: those before it in its shard, or of its key, and all of the shards that its own comes from.
 */
export class HandledRecords {
  /** What went wrong. */
  readonly problems: string[] = [];
  readonly #records: readonly PutRecord[];
  readonly #children: ReadonlyMap<string, readonly string[]>;
  /** Whether only the records of one key follow each other. */
  readonly #byKey: boolean;
  readonly #handled = new Set<number>();

  constructor(options: {
    readonly records: readonly PutRecord[];
    readonly children: ReadonlyMap<string, readonly string[]>;
    readonly byKey: boolean;
  }) {
    this.#records = options.records;
    this.#children = options.children;
    this.#byKey = options.byKey;
  }

  /** Notes that somebody begins with some records, one after the other. */
  begin(who: string, records: readonly StreamRecord[]): void {
    const first = this.#records[records[0]!.data.n as number]!;
    const missing = this.#records.find((record) =>
      this.#comesBefore(record, first) && !this.#handled.has(record.n)
    );
    if (missing !== undefined) {
      this.problems.push(`${who} gets record ${first.n} before record ${missing.n} is handled`);
    }
    for (const [index, { data }] of records.entries()) {
      const before = records[index - 1];
      if (before === undefined) continue;
      const [one, other] = [
        this.#records[before.data.n as number]!,
        this.#records[data.n as number]!,
      ];
      if (one.shardId !== other.shardId || !precedes(one, other)) {
        this.problems.push(`${who} gets record ${other.n} after record ${one.n}`);
      }
    }
  }

  /** Notes that records were handled. */
  end(records: readonly StreamRecord[]): void {
    for (const { data } of records) this.#handled.add(data.n as number);
  }

  /** An event that nobody has handled. */
  get missing(): PutRecord | undefined {
    return this.#records.find(({ n, isEvent }) => isEvent && !this.#handled.has(n));
  }

  #comesBefore(record: PutRecord, first: PutRecord): boolean {
    if (!record.isEvent || (this.#byKey && record.partitionKey !== first.partitionKey)) {
      return false;
    }
    if (record.shardId === first.shardId) return precedes(record, first);
    return this.#children.get(record.shardId)?.includes(first.shardId) ?? false;
  }
}

/** Whether a record comes before another one of its shard. */
export function precedes(record: PutRecord, other: PutRecord): boolean {
  const order = compareNumbers(record.sequenceNumber, other.sequenceNumber);
  return order < 0 || (order === 0 && record.sub! < other.sub!);
}
