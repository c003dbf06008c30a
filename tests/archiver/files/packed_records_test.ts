import { deepEqual, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { type ClosedFile, rangesOf } from "../../../src/archiver/files/archive_file.ts";
import { ArchiveWriter } from "../../../src/archiver/files/archive_writer.ts";
import type { FileArchiver } from "../../../src/archiver/files/file_archiver.ts";
import { SharedMemory } from "../../../src/archiver/shared/shared_memory.ts";
import { ShardProgress } from "../../../src/archiver/shard_progress.ts";
import { concatBytes } from "../../../src/base/bytes.ts";
import type { SequenceNumber } from "../../../src/base/record.ts";
import type { Records } from "../../../src/kinesis/kinesis_api.ts";
import { PackedRecords } from "../../../src/kinesis/sdk/packed_records.ts";
import { ResponseParser } from "../../../src/kinesis/sdk/response_parser.ts";
import { ServiceTime } from "../../../src/kinesis/mod.ts";
import { VirtualClock } from "../../../src/testing/mod.ts";
import { anyMsgpackMap } from "../../codec/msgpack/samples.ts";
import { eventOf, HEADER, shard } from "../../codec/tri/archive_samples.ts";
import { packRecords } from "../../support/kpl_message.ts";

/** Payloads of the records of one response, and the shard they are from. */
interface Response {
  readonly shard: number;
  readonly payloads: readonly Uint8Array[];
}

/** The records of a response: most of them packed, as they come over the wire. */
function received({ payloads }: Response, n: number): Records[] {
  const records = payloads.map((data, index) => ({
    SequenceNumber: String(n * 1_000 + index + 1),
    PartitionKey: index % 3 === 0 ? `"é${index}\\` : `key ${index}`,
    Data: Buffer.from(data).toString("base64"),
    // Neither in order nor whole milliseconds.
    ApproximateArrivalTimestamp: 1_795_415_430 + (index * 7 % 5) / 3,
  }));
  const parser = new ResponseParser();
  parser.push(Buffer.from(JSON.stringify({ Records: records, MillisBehindLatest: 0 })));
  parser.end();
  const found: Records[] = [];
  for (let next = parser.next(); next !== undefined; next = parser.next()) {
    found.push(next as Records);
  }
  return found;
}

/** The files that a writer makes of batches of records, and where it has read its shards up to. */
async function filesOf(
  batches: readonly { readonly shard: number; readonly records: Records }[],
  maxSize: number,
) {
  const files: unknown[] = [];
  const archive = (file: ClosedFile) => {
    const { reason, previous, openedAt, builder: { events, quarantined } } = file;
    const body = Buffer.from(concatBytes(file.builder.finishParts({ ...HEADER, previous })));
    files.push({ reason, openedAt, events, quarantined, ranges: rangesOf(file), body });
    return Promise.resolve({ lost: [] });
  };
  const clock = new VirtualClock();
  const writer = new ArchiveWriter({
    clock,
    time: new ServiceTime(clock),
    files: { archive } as unknown as FileArchiver,
    leases: { lose: () => ok(false) },
    memory: new SharedMemory({ maxMemory: Infinity }),
  }, { stream: "s", maxSize });
  const { signal } = new AbortController();
  const shards = [0, 1, 2].map((n) => new ShardProgress({ shardId: shard(n), epoch: 1, signal }));
  const lastRead: (SequenceNumber | undefined)[] = [];
  for (const { shard, records } of batches) {
    writer.add(shards[shard]!, records);
    lastRead.push(shards[shard]!.lastRead);
  }
  await writer.close("shutdown");
  return { files, lastRead };
}

const event = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 8, max: 2_000 }).map((size) => eventOf(size)) },
  { weight: 2, arbitrary: fc.integer({ min: 60_000, max: 140_000 }).map((size) => eventOf(size)) },
  { weight: 3, arbitrary: anyMsgpackMap },
);
const payload = fc.oneof(
  { weight: 20, arbitrary: event },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 50 }) },
  {
    weight: 1,
    arbitrary: fc.array(fc.oneof(event, fc.uint8Array({ maxLength: 9 })), {
      minLength: 1,
      maxLength: 5,
    })
      .map((inside) => packRecords(inside.map((data) => ({ partitionKey: "k", data })))),
  },
);
const response = fc.record({
  shard: fc.nat(2),
  payloads: fc.array(payload, { minLength: 1, maxLength: 150 }),
});

Deno.test("ArchiveWriter makes the same files of packed records as of one record at a time", async () => {
  let packed = 0;
  let cut = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(response, { minLength: 1, maxLength: 8 }),
      fc.oneof(fc.constant(1e9), fc.integer({ min: 1, max: 300_000 })),
      async (responses, maxSize) => {
        const batches = responses.flatMap((response, n) =>
          received(response, n).map((records) => ({ shard: response.shard, records }))
        );
        const single = batches.map(({ shard, records }) =>
          [...records].map((record) => ({ shard, records: [record] }))
        );
        packed += batches.filter(({ records }) => records instanceof PackedRecords).length;
        const byPiece = await filesOf(batches, maxSize);
        const byRecord = await filesOf(single.flat(), maxSize);
        deepEqual(byPiece.files, byRecord.files);
        const ends = single.map(({ length }) => length);
        let end = -1;
        deepEqual(byPiece.lastRead, ends.map((length) => byRecord.lastRead[end += length]));
        if (byPiece.files.length > batches.length) cut++;
      },
    ),
    { numRuns: 200 },
  );
  ok(packed > 200 && cut > 10, `${packed} packed, ${cut} cut`);
});
