/**
 * What every `KinesisApi` must do, whatever is behind it.
 *
 * @module
 */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { HASH_KEYS, hashKeyOf } from "../../src/kinesis/memory/memory_stream.ts";
import {
  type KinesisApi,
  KinesisError,
  type KinesisRecord,
  type PutEntry,
  type Shard,
  type StartPosition,
} from "../../src/kinesis/mod.ts";
import {
  compareSequenceNumbers,
  type SequenceNumber,
  type ShardId,
} from "../../src/base/record.ts";

/** A service under test, with what is done to it from outside. */
export interface ContractSubject {
  readonly kinesis: KinesisApi;
  createStream(name: string, shardCount: number): Promise<void>;
  splitShard(stream: string, shardId: ShardId): Promise<void>;
  mergeShards(stream: string, shardId: ShardId, neighbourId: ShardId): Promise<void>;
  /** Sets tags of a stream that has none. */
  tagStream(stream: string, tags: Readonly<Record<string, string>>): Promise<void>;
}

/** One thing that every service does; `stream` is a name that nobody used yet. */
export interface Behaviour {
  readonly name: string;
  /** The services that are known not to do it, and what they do instead. */
  readonly except?: Readonly<Record<string, string>>;
  check(subject: ContractSubject, stream: string): Promise<void>;
}

/** Registers a test of every behaviour on one service. */
export function testContract(
  service: string,
  start: () => Promise<ContractSubject & AsyncDisposable>,
): void {
  Deno.test(`KinesisApi of ${service} keeps the contract`, async (t) => {
    await using subject = await start();
    for (const [i, { name, except, check }] of BEHAVIOURS.entries()) {
      const instead = except?.[service];
      await t.step({
        name: instead === undefined ? name : `${name} - not ${service}: ${instead}`,
        ignore: instead !== undefined,
        fn: () => check(subject, `contract-${i}`),
      });
    }
  });
}

const TRIM_HORIZON: StartPosition = { type: "trim-horizon" };

const BEHAVIOURS: readonly Behaviour[] = [
  {
    name: "describeStream() tells name, status, age and retention, and the time",
    async check({ kinesis, createStream }, stream) {
      await createStream(stream, 1);
      const { createdAt, serverTime, ...rest } = await kinesis.describeStream(stream);
      ok(Math.abs(Date.now() - serverTime!.getTime()) < 10_000);
      deepEqual(rest, { name: stream, status: "ACTIVE", retentionHours: 24 });
      ok(createdAt.getTime() > 0);
    },
  },
  {
    name: "a stream that is not there is a ResourceNotFoundException, for good",
    async check({ kinesis }, stream) {
      const entries = [entry("a", 1)];
      await refuses("ResourceNotFoundException", () => kinesis.describeStream(stream));
      await refuses("ResourceNotFoundException", () => list(kinesis, stream));
      await refuses("ResourceNotFoundException", () => kinesis.putRecords(stream, entries));
      const shard = { stream, shardId: "shardId-000000000000" as ShardId };
      const open = () => kinesis.getShardIterator(shard, TRIM_HORIZON);
      await refuses("ResourceNotFoundException", open);
    },
  },
  {
    name: "listStreams() lists every stream once, by name",
    async check({ kinesis, createStream }, stream) {
      await createStream(`${stream}-b`, 1);
      await createStream(`${stream}-a`, 2);
      const streams = await Array.fromAsync(kinesis.listStreams());
      const names = streams.map(({ name }) => name).filter((name) => name.startsWith(stream));
      deepEqual(names, [`${stream}-a`, `${stream}-b`]);
      // Older and local services list names alone.
      ok(streams.every(({ status }) => ["ACTIVE", undefined].includes(status)));
    },
  },
  {
    name: "listTags() lists the tags of a stream, an empty value included",
    async check({ kinesis, createStream, tagStream }, stream) {
      await createStream(stream, 1);
      deepEqual([...await kinesis.listTags(stream)], []);
      await tagStream(stream, { team: "data", env: "", "a/b": "c d" });
      const tags = await kinesis.listTags(stream);
      deepEqual([...tags].sort(), [["a/b", "c d"], ["env", ""], ["team", "data"]]);
      await refuses("ResourceNotFoundException", () => kinesis.listTags(`${stream}-missing`));
    },
  },
  {
    name: "listShards() lists open shards without parents",
    async check({ kinesis, createStream }, stream) {
      await createStream(stream, 3);
      const shards = await list(kinesis, stream);
      deepEqual(shards.map(({ id }) => id), [shardId(0), shardId(1), shardId(2)]);
      deepEqual(shards.map(({ parents }) => parents), [[], [], []]);
      ok(shards.every(({ endingSequenceNumber }) => endingSequenceNumber === undefined));
      ok(shards.every(({ startingSequenceNumber }) => /^\d{50,56}$/.test(startingSequenceNumber)));
    },
  },
  {
    name: "getRecords() returns what was put, in order, with growing numbers",
    async check({ kinesis, createStream }, stream) {
      await createStream(stream, 1);
      const results = await kinesis.putRecords(stream, [entry("a", 1), entry("ü", 2)]);
      await kinesis.putRecords(stream, [entry("c", 3)]);
      const records = await read(kinesis, stream, shardId(0), TRIM_HORIZON);
      deepEqual(records.map(({ partitionKey }) => partitionKey), ["a", "ü", "c"]);
      deepEqual(records.map(({ data }) => [...data]), [[1], [2], [3]]);
      const numbers = records.map(({ sequenceNumber }) => sequenceNumber);
      deepEqual(results.map((result) => result.ok && result.sequenceNumber), numbers.slice(0, 2));
      ok(numbers.every((number, i) => i === 0 || isLower(numbers[i - 1]!, number)));
      ok(records.every(({ arrivedAt }) => arrivedAt instanceof Date && arrivedAt.getTime() > 0));
    },
  },
  {
    name: "putRecords() picks the shard by the MD5 of the key",
    async check({ kinesis, createStream }, stream) {
      await createStream(stream, 4);
      const keys = Array.from({ length: 40 }, (_, i) => `key ${i}`);
      const results = await kinesis.putRecords(stream, keys.map((key, i) => entry(key, i)));
      const expected = keys.map((key) => shardId(Number(hashKeyOf(key) * 4n / HASH_KEYS)));
      deepEqual(results.map((result) => result.ok && result.shardId), expected);
    },
  },
  {
    name: "a read begins after a record, at a time, and at the latest",
    async check({ kinesis, createStream }, stream) {
      await createStream(stream, 1);
      await kinesis.putRecords(stream, [entry("a", 1), entry("a", 2)]);
      const [first, second] = await read(kinesis, stream, shardId(0), TRIM_HORIZON);
      const from = (position: StartPosition) => values(kinesis, stream, shardId(0), position);
      const { sequenceNumber } = first!;
      deepEqual(await from({ type: "after", sequenceNumber }), [2]);
      deepEqual(await from({ type: "after", sequenceNumber: second!.sequenceNumber }), []);
      deepEqual(await from({ type: "at-timestamp", timestamp: first!.arrivedAt }), [1, 2]);
      const shard = { stream, shardId: shardId(0) };
      const latest = await kinesis.getShardIterator(shard, { type: "latest" });
      await kinesis.putRecords(stream, [entry("a", 3)]);
      const { records } = await kinesis.getRecords(latest);
      deepEqual(records.map(({ data }) => data[0]), [3]);
    },
  },
  {
    name: "a read at a time that no record has reached waits for the next one",
    except: { kinesalite: "GetShardIterator hangs until there is such a record" },
    async check({ kinesis, createStream }, stream) {
      await createStream(stream, 1);
      await kinesis.putRecords(stream, [entry("a", 1)]);
      const [record] = await read(kinesis, stream, shardId(0), TRIM_HORIZON);
      const timestamp = new Date(record!.arrivedAt.getTime() + 1);
      // The clock of a real server has to pass that moment; a virtual one is moved by the subject.
      const shard = { stream, shardId: shardId(0) };
      const iterator = await untilAccepted(() =>
        kinesis.getShardIterator(shard, { type: "at-timestamp", timestamp })
      );
      deepEqual((await kinesis.getRecords(iterator)).records, []);
    },
  },
  {
    name: "getRecords() heeds the limit, and goes on where it stopped",
    async check({ kinesis, createStream }, stream) {
      await createStream(stream, 1);
      await kinesis.putRecords(stream, [1, 2, 3, 4, 5].map((value) => entry("a", value)));
      const open = { stream, shardId: shardId(0) };
      let iterator = await kinesis.getShardIterator(open, TRIM_HORIZON);
      const seen: number[][] = [];
      for (let i = 0; i < 3; i++) {
        const batch = await kinesis.getRecords(iterator, { limit: 2 });
        seen.push(batch.records.map(({ data }) => data[0]!));
        iterator = batch.nextIterator!;
      }
      deepEqual(seen, [[1, 2], [3, 4], [5]]);
    },
  },
  {
    name: "getRecords() tells how far it is behind",
    except: { kinesalite: "MillisBehindLatest is always 0" },
    async check({ kinesis, createStream }, stream) {
      await createStream(stream, 1);
      const put = (value: number) => kinesis.putRecords(stream, [entry("a", value)]);
      const times = async () => {
        const records = await read(kinesis, stream, shardId(0), TRIM_HORIZON);
        return new Set(records.map(({ arrivedAt }) => arrivedAt.getTime()));
      };
      // Some tell the difference of two arrivals, which is 0 within a millisecond.
      for (await put(1); (await times()).size < 2;) await put(2);
      const open = { stream, shardId: shardId(0) };
      const iterator = await kinesis.getShardIterator(open, TRIM_HORIZON);
      const first = await kinesis.getRecords(iterator, { limit: 1 });
      const rest = await kinesis.getRecords(first.nextIterator!);
      ok(first.millisBehindLatest > 0, `first: ${first.millisBehindLatest}`);
      equal(rest.millisBehindLatest, 0);
    },
  },
  {
    name: "a split closes a shard, whose reading ends, and opens two children",
    async check({ kinesis, createStream, splitShard }, stream) {
      await createStream(stream, 1);
      const keys = Array.from({ length: 20 }, (_, i) => `key ${i}`);
      await kinesis.putRecords(stream, keys.map((key) => entry(key, 1)));
      await splitShard(stream, shardId(0));
      await kinesis.putRecords(stream, keys.map((key) => entry(key, 2)));
      const shards = await list(kinesis, stream);
      deepEqual(shards.map(({ parents }) => parents), [[], [shardId(0)], [shardId(0)]]);
      ok(shards[0]!.endingSequenceNumber !== undefined);
      deepEqual(new Set(await valuesToEnd(kinesis, stream, shardId(0))), new Set([1]));
      const children = await Promise.all(
        [shardId(1), shardId(2)].map((id) => values(kinesis, stream, id, TRIM_HORIZON)),
      );
      ok(children.every((found) => found.length > 0));
      deepEqual(children.flat(), keys.map(() => 2));
    },
  },
  {
    name: "a merge closes two shards and opens one with both as parents",
    async check({ kinesis, createStream, mergeShards }, stream) {
      await createStream(stream, 2);
      await mergeShards(stream, shardId(0), shardId(1));
      await kinesis.putRecords(stream, [entry("a", 1), entry("b", 2), entry("c", 3)]);
      const shards = await list(kinesis, stream);
      deepEqual([...shards[2]!.parents].sort(), [shardId(0), shardId(1)]);
      deepEqual(await values(kinesis, stream, shardId(2), TRIM_HORIZON), [1, 2, 3]);
      deepEqual(await valuesToEnd(kinesis, stream, shardId(0)), []);
    },
  },
  {
    name: "a shard that is not there is a ResourceNotFoundException",
    async check({ kinesis, createStream }, stream) {
      await createStream(stream, 1);
      const open = { stream, shardId: shardId(7) };
      const act = () => kinesis.getShardIterator(open, TRIM_HORIZON);
      await refuses("ResourceNotFoundException", act);
    },
  },
  {
    name: "what is no iterator is an InvalidArgumentException",
    except: { "kinesis-local": "answers with status 500" },
    async check({ kinesis }) {
      await refuses("InvalidArgumentException", () => kinesis.getRecords("nonsense"));
    },
  },
  {
    name: "a sequence number of another shard is an InvalidArgumentException",
    except: { "kinesis-local": "takes any number" },
    async check({ kinesis, createStream }, stream) {
      await createStream(stream, 2);
      const [first] = await list(kinesis, stream);
      const sequenceNumber = (await kinesis.putRecords(stream, [entry("a", 1)]))[0]!;
      ok(sequenceNumber.ok);
      const other = sequenceNumber.shardId === first!.id ? shardId(1) : shardId(0);
      const position = { type: "after", sequenceNumber: sequenceNumber.sequenceNumber } as const;
      const act = () => kinesis.getShardIterator({ stream, shardId: other }, position);
      await refuses("InvalidArgumentException", act);
    },
  },
  {
    name: "a time in the future is an InvalidArgumentException",
    except: { "kinesis-local": "takes it" },
    async check({ kinesis, createStream }, stream) {
      await createStream(stream, 1);
      const timestamp = new Date(Date.UTC(2099, 0, 1));
      const position = { type: "at-timestamp", timestamp } as const;
      const act = () => kinesis.getShardIterator({ stream, shardId: shardId(0) }, position);
      await refuses("InvalidArgumentException", act);
    },
  },
  {
    name: "putRecords() refuses more than 500 records",
    except: { "kinesis-local": "takes them" },
    async check({ kinesis, createStream }, stream) {
      await createStream(stream, 1);
      const entries = Array.from({ length: 501 }, () => entry("a", 1));
      await rejects(() => kinesis.putRecords(stream, entries), isRefusal);
    },
  },
  {
    name: "putRecords() refuses a record over 1 MiB, and takes one of 1 MiB",
    except: { "kinesis-local": "takes it" },
    async check({ kinesis, createStream }, stream) {
      await createStream(stream, 1);
      const [fits, tooLarge] = [2 ** 20 - 1, 2 ** 20 + 1].map((size) => new Uint8Array(size));
      await kinesis.putRecords(stream, [{ partitionKey: "a", data: fits! }]);
      const act = () => kinesis.putRecords(stream, [{ partitionKey: "a", data: tooLarge! }]);
      await rejects(act, isRefusal);
      deepEqual((await read(kinesis, stream, shardId(0), TRIM_HORIZON))[0]!.data, fits);
    },
  },
  {
    name: "putRecords() refuses an empty key",
    async check({ kinesis, createStream }, stream) {
      await createStream(stream, 1);
      await rejects(() => kinesis.putRecords(stream, [entry("", 1)]), isRefusal);
    },
  },
  {
    name: "an aborted request rejects with the signal's reason",
    async check({ kinesis, createStream }, stream) {
      await createStream(stream, 1);
      const reason = new Error("enough");
      const signal = AbortSignal.abort(reason);
      await rejects(() => kinesis.describeStream(stream, { signal }), reason);
      await rejects(() => kinesis.putRecords(stream, [entry("a", 1)], { signal }), reason);
    },
  },
];

function entry(partitionKey: string, value: number): PutEntry {
  return { partitionKey, data: new Uint8Array([value]) };
}

function shardId(index: number): ShardId {
  return `shardId-${String(index).padStart(12, "0")}` as ShardId;
}

function isLower(a: SequenceNumber, b: SequenceNumber): boolean {
  return compareSequenceNumbers(a, b) < 0;
}

function isRefusal(error: unknown): boolean {
  return error instanceof KinesisError && !error.retryable;
}

async function refuses(code: string, act: () => Promise<unknown>): Promise<void> {
  await rejects(act, (error: unknown) => {
    ok(error instanceof KinesisError, String(error));
    deepEqual([error.code, error.retryable], [code, false]);
    return true;
  });
}

async function untilAccepted<T>(act: () => Promise<T>): Promise<T> {
  while (true) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof KinesisError) || error.code !== "InvalidArgumentException") {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

function list(kinesis: KinesisApi, stream: string): Promise<Shard[]> {
  return Array.fromAsync(kinesis.listShards(stream));
}

/** Reads until an answer has no records. */
async function read(
  kinesis: KinesisApi,
  stream: string,
  shardId: ShardId,
  from: StartPosition,
): Promise<KinesisRecord[]> {
  let iterator: string | undefined = await kinesis.getShardIterator({ stream, shardId }, from);
  const found: KinesisRecord[] = [];
  while (iterator !== undefined) {
    const batch = await kinesis.getRecords(iterator);
    if (batch.records.length === 0) break;
    found.push(...batch.records);
    iterator = batch.nextIterator;
  }
  return found;
}

async function values(
  kinesis: KinesisApi,
  stream: string,
  shardId: ShardId,
  from: StartPosition,
): Promise<number[]> {
  return (await read(kinesis, stream, shardId, from)).map(({ data }) => data[0]!);
}

/** Reads a closed shard until there is no next iterator. */
async function valuesToEnd(
  kinesis: KinesisApi,
  stream: string,
  shardId: ShardId,
): Promise<number[]> {
  let iterator: string | undefined = await kinesis.getShardIterator(
    { stream, shardId },
    TRIM_HORIZON,
  );
  const found: number[] = [];
  while (iterator !== undefined) {
    const batch = await kinesis.getRecords(iterator);
    found.push(...batch.records.map(({ data }) => data[0]!));
    iterator = batch.nextIterator;
  }
  return found;
}
