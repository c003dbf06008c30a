/**
 * Looks at what a run has left and tells what is wrong with it.
 *
 * It shares no code with the archiver: it knows what was put, and reads the bucket with its own
 * parser. What it demands:
 *
 * - Every record is archived exactly once, as an event or in quarantine. The only records that may
 *   be missing are those that an older Triton had archived, those from before the start that was
 *   asked for, and those in a recorded gap. What was there before the first worker came counts as
 *   before the start if the stream has dropped it: the trim horizon moves while one gets there. A gap excuses what the stream really dropped, or, if
 *   it says `skipped`, what was put before it was recorded; never more. A shard that nobody ever
 *   listed has no name that a gap could give: there the gap of the first of its descendants that
 *   somebody knew of must do.
 * - A gap may be stated where nothing was lost (nobody can know what a stream has dropped), but not
 *   while the stream still held the record that it begins after, for then nothing can be missing;
 *   and between its two ends nothing may be archived.
 * - The files of a shard are one chain, in the order of their keys, without overlap, so that
 *   records that were put as one are archived in one file; counts, sizes and hashes are right;
 *   records stand in the order of their shard, and those of a partition key in the order they were
 *   put, across splits and merges.
 * - Each checkpoint is where its chain ends, and no intent is left open.
 *
 * @module
 */

import type { Gap } from "../../src/ledger/archive_ledger.ts";
import { isVoid, parseArchive, type ParsedArchive, type ParsedRange } from "./archive_parser.ts";
import { auditConsumer } from "./consumer_audit.ts";
import { compareNumbers, type Facts, type PutRecord } from "./facts.ts";

/** One file of the archive, with the records it holds. */
interface AuditedFile {
  readonly key: string;
  readonly archive: ParsedArchive;
  readonly records: readonly PutRecord[];
  readonly quarantined: readonly PutRecord[];
}

const PROBE = "triton-conditional-write-probe";

/** Tells everything that is wrong; nothing if all is well. */
export function audit(facts: Facts): string[] {
  const auditor = new Auditor(facts);
  return auditor.problems();
}

class Auditor {
  readonly #facts: Facts;
  readonly #problems: string[] = [];
  readonly #byPlace = new Map<string, PutRecord>();
  /** The first of those that share a sequence number. */
  readonly #byPosition = new Map<string, PutRecord>();
  /** In which files each record was found. */
  readonly #archivedIn = new Map<PutRecord, string[]>();
  readonly #files: AuditedFile[] = [];
  /** All gaps that were told. */
  readonly #gaps: readonly Gap[];

  constructor(facts: Facts) {
    this.#facts = facts;
    this.#gaps = [...facts.gaps, ...facts.forgottenGaps];
    for (const record of facts.records) {
      this.#byPlace.set(place(record, record.sub), record);
      if ((record.sub ?? 0) === 0) this.#byPosition.set(position(record), record);
    }
  }

  problems(): string[] {
    this.#readFiles();
    for (const record of this.#facts.records) this.#checkRecord(record);
    // By clocks that differ, keys are not in the order of their making.
    if (this.#facts.clocksAgree) this.#checkKeyOrder();
    for (const shardId of this.#shardIds()) this.#checkChain(shardId);
    for (const key of this.#facts.openIntents) this.#report(`the intent of ${key} is still open`);
    this.#checkGaps();
    const { storedAt } = this.#facts;
    const archived = new Map(
      [...this.#archivedIn].map(([{ n }, [key]]) => [n, storedAt.get(key!)!] as const),
    );
    for (const consumer of this.#facts.consumers) {
      this.#problems.push(...auditConsumer(consumer, { ...this.#facts, archived }));
    }
    return this.#problems;
  }

  #report(problem: string): void {
    this.#problems.push(problem);
  }

  #readFiles(): void {
    const { objects, strangers } = this.#facts;
    for (const key of [...objects.keys()].sort()) {
      const bytes = objects.get(key)!;
      if (key.startsWith(PROBE) || strangers.has(key) || isVoid(bytes)) continue;
      try {
        this.#readFile(key, parseArchive(bytes));
      } catch (error) {
        this.#report(`${key} is not an archive: ${error instanceof Error ? error.message : error}`);
      }
    }
  }

  #readFile(key: string, archive: ParsedArchive): void {
    const { records: put } = this.#facts;
    const records = archive.events.map(({ n }) => put[n]).filter((record) => record !== undefined);
    if (records.length < archive.events.length) this.#report(`${key} has events nobody put`);
    const quarantined = archive.quarantine
      .map((record) => this.#byPlace.get(place(record, record.subSequenceNumber)))
      .filter((record) => record !== undefined);
    if (quarantined.length < archive.quarantine.length) {
      this.#report(`${key} has records in quarantine that nobody put`);
    }
    for (const [isEvent, found] of [[true, records], [false, quarantined]] as const) {
      for (const record of found) {
        if (record.isEvent !== isEvent) this.#report(`${name(record)} is on the wrong side`);
        this.#archivedIn.set(record, [...this.#archivedIn.get(record) ?? [], key]);
      }
    }
    this.#files.push({ key, archive, records, quarantined });
  }

  #checkRecord(record: PutRecord): void {
    const { oldCheckpoints } = this.#facts;
    const keys = this.#archivedIn.get(record) ?? [];
    const old = oldCheckpoints.get(record.shardId);
    const byOlder = old !== undefined && compareNumbers(record.sequenceNumber, old) <= 0;
    if (keys.length + (byOlder ? 1 : 0) > 1) {
      const again = byOlder ? ", and by an older Triton" : "";
      this.#report(`${name(record)} is archived twice: in ${keys.join(" and ")}${again}`);
    }
    if (keys.length > 0 || byOlder || this.#isBeforeStart(record)) return;
    if (!this.#isInGap(record) && !this.#isOfLostShard(record)) {
      this.#report(`${name(record)} is lost`);
    }
  }

  #isBeforeStart({ shardId, putAt }: PutRecord): boolean {
    const { start, oldCheckpoints, horizonAt, endedAt } = this.#facts;
    if (start === undefined || oldCheckpoints.has(shardId)) return false;
    return putAt < start.from || (putAt < start.at && putAt < horizonAt(endedAt));
  }

  #isInGap(record: PutRecord): boolean {
    const { horizonAt, endedAt } = this.#facts;
    return this.#gaps.some((gap) => {
      const excuses = gap.reason === "skipped"
        ? record.putAt < gap.recordedAt.getTime()
        : record.putAt < horizonAt(endedAt);
      return excuses && gap.shardId === record.shardId &&
        (gap.after === undefined || compareNumbers(record.sequenceNumber, gap.after) > 0) &&
        compareNumbers(record.sequenceNumber, this.#endOf(gap)) < 0;
    });
  }

  /** Whether a record's shard came and went, and a gap was recorded where its descendants begin. */
  #isOfLostShard({ shardId, putAt }: PutRecord): boolean {
    const { shards, children, horizonAt, endedAt } = this.#facts;
    if (putAt >= horizonAt(endedAt)) return false;
    const descendants = new Set([shardId]);
    for (const id of descendants) {
      if (shards.some((shard) => shard.shardId === id)) continue;
      if (this.#gaps.some((gap) => gap.shardId === id && gap.reason === "expired")) return true;
      for (const child of children.get(id) ?? []) descendants.add(child);
    }
    return false;
  }

  /** A gap whose end was not known yet ends at the next record that was archived. */
  #endOf({ shardId, after, until, reason }: Gap): string {
    if (until !== undefined) return until;
    // Time limits it; a second one, with nothing archived since the first, begins anywhere.
    if (reason === "skipped") return "9".repeat(100);
    // Whoever passed over what there was knows no record before what was lost afterwards.
    const passedOver = this.#gaps.some((gap) =>
      gap.reason === "skipped" && gap.shardId === shardId
    );
    if (after === undefined && passedOver) return "9".repeat(100);
    const next = [...this.#archivedIn.keys()]
      .filter((record) => record.shardId === shardId)
      .map((record) => record.sequenceNumber)
      .filter((number) => after === undefined || compareNumbers(number, after) > 0)
      .sort(compareNumbers);
    return next[0] ?? "9".repeat(100);
  }

  /** Numbers of one partition key must grow through the whole archive, in the order of its keys. */
  #checkKeyOrder(): void {
    const last = new Map<string, PutRecord>();
    for (const { key, records } of this.#files) {
      for (const record of records) {
        const before = last.get(record.partitionKey);
        if (before !== undefined && before.n > record.n) {
          this.#report(`${name(record)} in ${key} comes after ${name(before)}`);
        }
        last.set(record.partitionKey, record);
      }
    }
  }

  #shardIds(): Set<string> {
    const { records, shards, checkpoints } = this.#facts;
    return new Set([
      ...records.map(({ shardId }) => shardId),
      ...shards.map(({ shardId }) => shardId),
      ...checkpoints.keys(),
      ...this.#files.flatMap(({ archive }) => [...archive.shards.keys()]),
    ]);
  }

  #checkChain(shardId: string): void {
    const { oldCheckpoints, checkpoints } = this.#facts;
    let end: string | undefined = oldCheckpoints.get(shardId);
    for (const file of this.#chainOf(shardId)) {
      const range = file.archive.shards.get(shardId);
      const records = file.records.filter((record) => record.shardId === shardId);
      const quarantined = file.quarantined.filter((record) => record.shardId === shardId);
      if (range === undefined) {
        if (records.length + quarantined.length > 0) this.#report(`${file.key} hides ${shardId}`);
        continue;
      }
      const where = `${shardId} in ${file.key}`;
      if ((range.previous ?? undefined) !== end && !this.#isSkip(shardId, range, end)) {
        this.#report(`${where} follows ${range.previous}, but the chain ended at ${end}`);
      }
      if (end !== undefined && compareNumbers(range.first, end) <= 0) {
        this.#report(`${where} begins at ${range.first}, before the chain's end ${end}`);
      }
      this.#checkBucket(where, range, this.#facts.movedAt.get(shardId));
      this.#checkRange(where, range, records, quarantined);
      end = range.last;
    }
    const checkpoint = checkpoints.get(shardId);
    if (checkpoint !== end && !(checkpoint === undefined && this.#wasSkipped(shardId, end))) {
      this.#report(`the checkpoint of ${shardId} is ${checkpoint}, its chain ends at ${end}`);
    }
  }

  /** The files in the order of their keys or, where clocks differ, of what they hold of a shard. */
  #chainOf(shardId: string): readonly AuditedFile[] {
    if (this.#facts.clocksAgree) return this.#files;
    const firstOf = ({ archive }: AuditedFile) => archive.shards.get(shardId)?.first ?? "";
    return this.#files.toSorted((a, b) => compareNumbers(firstOf(a), firstOf(b)));
  }

  /** What was archived before a move is in the old bucket, and what was archived since in the new. */
  #checkBucket(where: string, { last }: ParsedRange, movedAt: string | undefined): void {
    if (movedAt === undefined) return;
    const isNew = where.endsWith("in the new bucket");
    if (isNew === compareNumbers(last, movedAt) > 0) return;
    this.#report(`${where} is in the wrong bucket: the archive moved after ${movedAt}`);
  }

  #checkRange(
    where: string,
    range: ParsedRange,
    records: readonly PutRecord[],
    quarantined: readonly PutRecord[],
  ): void {
    if (range.events !== records.length || range.quarantined !== quarantined.length) {
      this.#report(`${where} does not have as many records as its manifest says`);
    }
    for (const list of [records, quarantined]) {
      for (const [index, record] of list.entries()) {
        const before = list[index - 1];
        if (before !== undefined && !follows(record, before)) {
          this.#report(`${name(record)} is out of order: ${where}`);
        }
      }
    }
    const numbers = [...records, ...quarantined].map(({ sequenceNumber }) => sequenceNumber);
    numbers.sort(compareNumbers);
    if (numbers[0] !== range.first || numbers.at(-1) !== range.last) {
      this.#report(`${where} does not go from ${range.first} to ${range.last}`);
    }
  }

  /** A chain may begin anew where somebody chose to pass over what followed. */
  #isSkip(shardId: string, range: ParsedRange, end: string | undefined): boolean {
    return range.previous === null && this.#wasSkipped(shardId, end);
  }

  #wasSkipped(shardId: string, end: string | undefined): boolean {
    return this.#gaps.some((gap) =>
      gap.reason === "skipped" && gap.shardId === shardId && gap.after === end
    );
  }

  #checkGaps(): void {
    const { gaps, horizonAt } = this.#facts;
    for (const { shardId, after, until, reason, recordedAt } of gaps) {
      if (reason !== "retention") continue;
      const what = `the gap of ${shardId} after ${after}`;
      const record = after && this.#byPosition.get(position({ shardId, sequenceNumber: after }));
      if (record && record.putAt >= horizonAt(recordedAt.getTime())) {
        this.#report(`${what} was recorded while the stream still held that record`);
      }
      for (const { shardId: archived, sequenceNumber } of this.#archivedIn.keys()) {
        // Without a record before it, a gap may follow on what was passed over.
        if (archived !== shardId || until === undefined || after === undefined) continue;
        if (compareNumbers(sequenceNumber, after) <= 0) continue;
        if (compareNumbers(sequenceNumber, until) < 0) {
          this.#report(`${what} ends at ${until}, but ${sequenceNumber} is archived`);
        }
      }
    }
  }
}

function position(of: { readonly shardId: string; readonly sequenceNumber: string }): string {
  return `${of.shardId}/${of.sequenceNumber}`;
}

/** Where a record stands, down to its place in an aggregated one. */
function place(of: Parameters<typeof position>[0], sub: number | undefined): string {
  return `${position(of)}/${sub ?? ""}`;
}

/** Whether a record of a shard stands after another one. */
function follows(record: PutRecord, before: PutRecord): boolean {
  const order = compareNumbers(record.sequenceNumber, before.sequenceNumber);
  return order > 0 || (order === 0 && record.sub! > before.sub!);
}

function name({ n, shardId, sequenceNumber }: PutRecord): string {
  return `record ${n} (${shardId} ${sequenceNumber})`;
}
