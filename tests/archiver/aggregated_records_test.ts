import { deepStrictEqual, equal, match } from "node:assert/strict";
import { verifyArchive } from "../../src/archive/mod.ts";
import { decodeAggregate, encodeEvent, readQuarantine } from "../../src/codec/mod.ts";
import { packRecords } from "../support/kpl_message.ts";
import { Fixture, STREAM } from "./archiver_fixture.ts";

/** Puts records of several events `{ number }` each, from 0 on; a negative number is no event. */
async function putAggregates(fixture: Fixture, contents: readonly (readonly number[])[]) {
  const sequenceNumbers: string[] = [];
  for (const numbers of contents) {
    const data = packRecords(numbers.map((number) => ({
      partitionKey: `key of ${number}`,
      data: number < 0 ? new TextEncoder().encode("no event") : encodeEvent({ number }),
    })));
    const [result] = await fixture.kinesis.putRecords(STREAM, [{ partitionKey: "outer", data }]);
    if (result?.ok) sequenceNumbers.push(result.sequenceNumber);
  }
  return sequenceNumbers;
}

/** Archives what is there; tells what the first file holds. */
async function archiveOneFile(fixture: Fixture) {
  const worker = fixture.start();
  await fixture.clock.advance(5_000);
  await worker.stop();
  const [file] = await fixture.files();
  const bytes = await (await fixture.store.get(file!.key)).bytes();
  return { events: file!.events, quarantined: await Array.fromAsync(readQuarantine(bytes)) };
}

async function assertWhole(fixture: Fixture, events: number): Promise<void> {
  const report = await verifyArchive(fixture.store, { stream: STREAM, deep: true });
  deepStrictEqual(report.problems, []);
  equal(report.events, events);
}

Deno.test("Archiver archives each event of an aggregated record", async () => {
  const fixture = new Fixture(1);
  const [first, last] = await putAggregates(fixture, [[0, 1, 2], [3]]);
  const worker = fixture.start();
  await fixture.clock.advance(5_000);
  await worker.stop();
  const [file] = await fixture.files();
  deepStrictEqual(file!.events, [0, 1, 2, 3]);
  const range = file!.manifest.shards.get(fixture.shards[0]!)!;
  deepStrictEqual([range.first, range.last, range.events], [first, last, 4]);
  equal((await fixture.ledger.checkpoints()).get(fixture.shards[0]!), last);
  await assertWhole(fixture, 4);
});

Deno.test("Archiver puts all events of one Kinesis record into one file, however large", async () => {
  const fixture = new Fixture(1);
  const contents = Array.from(
    { length: 12 },
    (_, i) => Array.from({ length: 50 }, (_, j) => 50 * i + j),
  );
  const positions = await putAggregates(fixture, contents);
  const worker = fixture.start({ maxSize: 100 });
  await fixture.clock.advance(5_000);
  await worker.stop();
  const files = await fixture.files();
  deepStrictEqual(files.map(({ events }) => events), contents);
  deepStrictEqual(
    files.map(({ manifest }) => manifest.shards.get(fixture.shards[0]!)!.last as string),
    positions,
  );
  await assertWhole(fixture, 600);
});

Deno.test("Archiver quarantines only the bad ones among aggregated records", async () => {
  const fixture = new Fixture(1);
  const [position] = await putAggregates(fixture, [[0, -1, 1, -2]]);
  const { events, quarantined } = await archiveOneFile(fixture);
  deepStrictEqual(events, [0, 1]);
  deepStrictEqual(
    quarantined.map((bad) => [bad.sequenceNumber, bad.subSequenceNumber, bad.partitionKey]),
    [[position, 1, "key of -1"], [position, 3, "key of -2"]],
  );
  deepStrictEqual(quarantined[0]!.data, new TextEncoder().encode("no event"));
  await assertWhole(fixture, 2);
});

Deno.test("Archiver quarantines an aggregate with very many bad records whole as well", async () => {
  const fixture = new Fixture(1);
  const bad = Array.from({ length: 150 }, (_, i) => -1 - i);
  await putAggregates(fixture, [[0, ...bad, 1]]);
  const { events, quarantined } = await archiveOneFile(fixture);
  deepStrictEqual(events, [0, 1]);
  deepStrictEqual(
    quarantined.map(({ subSequenceNumber }) => subSequenceNumber),
    [...Array.from({ length: 100 }, (_, i) => 1 + i), undefined],
  );
  const { reason, partitionKey, data } = quarantined.at(-1)!;
  match(reason, /^Aggregate of 152 records, of which 150 are not events; the first 100 /);
  deepStrictEqual([partitionKey, decodeAggregate(data)!.length], ["outer", 152]);
  await assertWhole(fixture, 2);
});

Deno.test("Archiver quarantines whole what only begins like an aggregated record", async () => {
  const fixture = new Fixture(1);
  const data = packRecords([{ partitionKey: "k", data: encodeEvent({ number: 0 }) }]);
  data[data.length - 1]! ^= 1;
  await fixture.kinesis.putRecords(STREAM, [{ partitionKey: "outer", data }]);
  const { events, quarantined: [bad, ...others] } = await archiveOneFile(fixture);
  deepStrictEqual([bad!.partitionKey, bad!.subSequenceNumber], ["outer", undefined]);
  deepStrictEqual([bad!.data, others, events], [new Uint8Array(data), [], []]);
});
