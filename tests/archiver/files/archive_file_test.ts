import { deepEqual, equal } from "node:assert/strict";
import { ArchiveFile, rangesOf } from "../../../src/archiver/files/archive_file.ts";
import { ShardProgress } from "../../../src/archiver/shard_progress.ts";
import type { SequenceNumber, ShardId } from "../../../src/base/record.ts";
import { encodeEvent } from "../../../src/codec/mod.ts";

const SHARD = "shardId-000000000000" as ShardId;

/** A shard under a lease of some epoch. */
function leased(epoch: number): ShardProgress {
  return new ShardProgress({ shardId: SHARD, epoch, signal: new AbortController().signal });
}

function recordsOf(...numbers: number[]) {
  return numbers.map((number) => ({
    sequenceNumber: String(number) as SequenceNumber,
    partitionKey: "a",
    data: encodeEvent({ number }),
    arrivedAt: new Date(number * 1_000),
  }));
}

const ALL = { from: 0, maxSize: Infinity, now: 0, stream: "clicks" };

Deno.test("ArchiveFile.close() has the shard's next file follow on this one", () => {
  const shard = leased(1);
  const [first, second] = [new ArchiveFile(), new ArchiveFile()];
  first.add(shard, recordsOf(1, 2), ALL);
  const closed = first.close("time", 10_000);
  second.add(shard, recordsOf(3), ALL);
  const ranges = [closed, second.close("time", 20_000)].flatMap(rangesOf);
  deepEqual(ranges.map(({ previous, last }) => [previous, last]), [[undefined, "2"], ["2", "3"]]);
});

Deno.test("ArchiveFile.add() leaves out what was read under an earlier lease of the shard", () => {
  const [before, now] = [leased(1), leased(3)];
  const file = new ArchiveFile();
  file.add(before, recordsOf(1, 2), ALL);
  file.add(now, recordsOf(2), ALL);
  const ranges = rangesOf(file.close("time", 10_000));
  deepEqual(ranges.map(({ epoch, last }) => [epoch, last]), [[3, "2"]]);
  deepEqual([file.builder.events, file.holds(before), file.holds(now)], [1, false, true]);
  equal(before.archived, undefined);
});
