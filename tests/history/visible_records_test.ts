import { deepEqual, equal } from "node:assert/strict";
import { inspect } from "node:util";
import { ArchiveReader, listQuarantine } from "../../src/archive/mod.ts";
import { VirtualClock } from "../../src/base/clock.ts";
import type { RecordSchema } from "../../src/base/schema.ts";
import { encodeEvent } from "../../src/codec/mod.ts";
import { HistoryReader, type HistoryRecord } from "../../src/history/mod.ts";
import { MemoryKinesis } from "../../src/kinesis/mod.ts";
import { MemoryObjectStore } from "../../src/objects/mod.ts";
import { runUntil } from "../../src/testing/mod.ts";
import { keyOf, putFiles, START } from "../archive/chain_archives.ts";
import { GroupWorld } from "../stream/group/group_world.ts";
import { aggregate } from "../support/kpl.ts";

const SPEC = { shards: { 7: [undefined, 1, -2] }, at: 100 } as const;
const BIG = 2n ** 60n;

/** Adds what JSON has no type for. */
const schema: RecordSchema<{ n: bigint; bytes: Uint8Array }> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: () => ({ value: { n: BIG, bytes: new Uint8Array([1]) } }),
  },
};

/** The records of a history: one that is archived, and one that is live and aggregated. */
async function readHistory<T>(typed: { readonly schema?: RecordSchema<T> }) {
  const clock = new VirtualClock({ now: START + 1_000 });
  const kinesis = new MemoryKinesis({ clock });
  kinesis.createStream("clicks");
  const store = new MemoryObjectStore();
  await putFiles(store, SPEC);
  const data = aggregate([{
    partitionKey: "ada",
    data: encodeEvent({ id: BIG, b: new Uint8Array(3) }),
  }]);
  await kinesis.putRecords("clicks", [{ partitionKey: "a", data }]);
  const options = { from: new Date(START), clock, idle: true, ...typed };
  await using history = new HistoryReader({ kinesis, store }, "clicks", options);
  const records: HistoryRecord<T>[] = await runUntil(clock, Array.fromAsync(history));
  return { records, store };
}

/** What the live record has before its data; quoted as in Deno. */
function liveFields({ sequenceNumber, arrivedAt }: HistoryRecord<unknown>) {
  return {
    shardId: "shardId-000000000000",
    sequenceNumber,
    subSequenceNumber: 0,
    partitionKey: "ada",
    arrivedAt,
  };
}

Deno.test("console.log() shows the data of archived and of live records", async () => {
  const { records: [archived, live] } = await readHistory({});
  const data = { record: 1, text: "x".repeat(40) };
  equal(Deno.inspect(archived), `ArchiveRecord ${Deno.inspect({ key: keyOf(SPEC), data })}`);
  const event = { id: BIG, b: new Uint8Array(3) };
  const shown = { ...liveFields(live!), data: event };
  equal(Deno.inspect(live), `StreamRecord ${Deno.inspect(shown)}`);
  equal(inspect(live), `StreamRecord ${inspect(shown)}`);
});

Deno.test("JSON.stringify() has the data of archived and of live records, as triton cat prints it", async () => {
  const { records: [archived, live] } = await readHistory({});
  deepEqual(JSON.parse(JSON.stringify(archived)), {
    key: keyOf(SPEC),
    data: { record: 1, text: "x".repeat(40) },
  });
  const before = JSON.stringify(liveFields(live!)).slice(0, -1);
  equal(JSON.stringify(live), `${before},"data":{"id":1152921504606846976,"b":"AAAA"}}`);
});

Deno.test("Typed records are shown with what their schema has made", async () => {
  const { records } = await readHistory({ schema });
  const data = { n: BIG, bytes: new Uint8Array([1]) };
  const [archived, live] = records;
  equal(Deno.inspect(archived), `ArchiveRecord ${Deno.inspect({ key: keyOf(SPEC), data })}`);
  equal(Deno.inspect(live), `StreamRecord ${Deno.inspect({ ...liveFields(live!), data })}`);
  for (const record of records) {
    equal(
      JSON.stringify(record).endsWith(',"data":{"n":1152921504606846976,"bytes":"AQ=="}}'),
      true,
    );
  }
});

Deno.test("Records of an archive reader and of a group are shown alike", async () => {
  const { store } = await readHistory({});
  const reader = new ArchiveReader(store, { stream: "clicks", from: "20260101" });
  for await (const record of reader) {
    equal(Deno.inspect(record).startsWith("ArchiveRecord {"), true);
  }
  const world = new GroupWorld();
  await world.put(1);
  const { group } = world.member();
  await world.until((async () => {
    for await (const record of group) {
      equal(Deno.inspect(record).startsWith("StreamRecord {"), true);
      deepEqual(JSON.parse(JSON.stringify(record)).data, record.data);
      break;
    }
  })());
});

Deno.test("Records in quarantine are shown, and their JSON is that of triton quarantine --json", async () => {
  const { store } = await readHistory({});
  const [record] = await Array.fromAsync(listQuarantine(store, { stream: "clicks" }));
  equal(Deno.inspect(record), `QuarantinedRecord ${Deno.inspect({ ...record })}`);
  const { shardId, sequenceNumber, partitionKey, arrivedAt, reason, key } = record!;
  equal(
    JSON.stringify(record),
    JSON.stringify({
      ...{ shardId, sequenceNumber, partitionKey, arrivedAt, reason, key },
      ...{ size: 11, data: btoa("no event -2") },
    }),
  );
});
