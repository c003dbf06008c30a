/** Archives whose files follow on each other, for the tests of verification. */

import {
  ArchiveBuilder,
  type ArchiveHeader,
  encodeEvent,
  formatArchiveKey,
} from "../../src/codec/mod.ts";
import type { ObjectStore } from "../../src/objects/mod.ts";
import type { SequenceNumber, ShardId } from "../../src/base/record.ts";

/** Shard number `n`. */
export function shardId(n: number): ShardId {
  return `shardId-${String(n).padStart(12, "0")}` as ShardId;
}

/** A file to put: of each shard the record it follows on, and its records; negative is no event. */
export interface FileSpec {
  readonly shards: Readonly<Record<number, readonly [previous: number | undefined, ...number[]]>>;
  /** When it was created: a time, or seconds after 2026-01-01. */
  readonly at: number | string;
  readonly client?: string;
  readonly stream?: string;
}

/** The day of the tests' archives. */
export const START = Date.UTC(2026, 0, 1);

/** When a file was created, in seconds since the Unix epoch. */
function createdAt({ at }: FileSpec): number {
  return typeof at === "string" ? Date.parse(at) / 1000 : START / 1000 + at;
}

/** The key of a file. */
export function keyOf(spec: FileSpec): string {
  const { stream = "clicks", client = "store" } = spec;
  return formatArchiveKey({ stream, client, createdAt: createdAt(spec) });
}

/** The bytes of a file. */
export function fileOf(spec: FileSpec, header: Partial<ArchiveHeader> = {}): Uint8Array {
  const builder = new ArchiveBuilder();
  const previous = new Map<ShardId, SequenceNumber>();
  for (const [n, [before, ...records]] of Object.entries(spec.shards)) {
    const shard = shardId(Number(n));
    if (before !== undefined) previous.set(shard, String(before) as SequenceNumber);
    for (const record of records) {
      const sequenceNumber = String(Math.abs(record)) as SequenceNumber;
      const position = { sequenceNumber, arrivedAt: new Date(START + Math.abs(record)) };
      if (record >= 0) builder.add(shard, position, encodeEvent({ record, text: "x".repeat(40) }));
      else {
        const [partitionKey, data] = [
          `key${record}`,
          new TextEncoder().encode(`no event ${record}`),
        ];
        builder.quarantine({ ...position, shardId: shard, partitionKey, data, reason: "test" });
      }
    }
  }
  const { stream = "clicks", client = "store" } = spec;
  const time = new Date(createdAt(spec) * 1000);
  return builder.finish({ stream, client, createdAt: time, program: "test", previous, ...header });
}

/** Puts files, and returns their keys. */
export async function putFiles(
  store: ObjectStore,
  ...specs: readonly FileSpec[]
): Promise<string[]> {
  for (const spec of specs) await store.put(keyOf(spec), fileOf(spec));
  return specs.map(keyOf);
}

/** Files of one shard, an hour apart, of two records each: 1-2, 3-4 and so on. */
export function chainOf(count: number, n = 0): FileSpec[] {
  return Array.from({ length: count }, (_, i) => ({
    shards: { [n]: [i === 0 ? undefined : 2 * i, 2 * i + 1, 2 * i + 2] as const },
    at: 3600 * i,
  }));
}
