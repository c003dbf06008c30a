import { deepEqual, equal, rejects } from "node:assert/strict";
import { VirtualClock } from "../../../src/base/clock.ts";
import {
  KinesisError,
  MemoryKinesis,
  type MemoryKinesisOptions,
  type PutEntry,
} from "../../../src/kinesis/mod.ts";
import { StreamWriter } from "../../../src/stream/mod.ts";

const MIB = 2 ** 20;

/** A writer into stream "s", with the operations that it has requested. */
function setUp(options: MemoryKinesisOptions = {}, describe = () => {}) {
  const operations: string[] = [];
  const kinesis = new MemoryKinesis({
    ...options,
    intercept(operation, _args, phase) {
      if (phase === "after") return;
      operations.push(operation);
      if (operation === "describeStream") describe();
    },
  });
  const [shardId] = kinesis.createStream("s");
  const read = async () => {
    const shard = { stream: "s", shardId: shardId! };
    const iterator = await kinesis.getShardIterator(shard, { type: "trim-horizon" });
    return (await kinesis.getRecords(iterator)).records.map(({ data }) => data[0]);
  };
  // Nothing is sent before flush(), so that the order of operations is certain.
  const writer = new StreamWriter(kinesis, "s", {
    maxDelayMs: Infinity,
    clock: new VirtualClock(),
    maxAttempts: 1,
  });
  return { writer, operations, read };
}

function entry(value: number, size = 1): PutEntry {
  const data = new Uint8Array(size);
  data[0] = value;
  return { partitionKey: "key", data };
}

function failing(code: string): () => never {
  return () => {
    throw new KinesisError(`Cannot describe stream "s": ${code}`, { code, retryable: false });
  };
}

Deno.test("StreamWriter puts records of up to 10 MiB where the stream takes them, and describes it once", async () => {
  const { writer, operations, read } = setUp({ maxRecordBytes: 10 * MIB });
  await writer.put(entry(1, MIB - 3));
  await writer.put(entry(2, MIB - 2));
  await writer.put(entry(3, 10 * MIB - 3));
  await writer.flush();
  deepEqual(operations, ["describeStream", "putRecords", "putRecords"]);
  deepEqual(await read(), [1, 2]);
  const message =
    'Cannot put record 3 into stream "s": it has 10485761 bytes with its key "key", more than 10485760';
  await rejects(() => writer.put(entry(4, 10 * MIB - 2)), { name: "RangeError", message });
});

Deno.test("StreamWriter describes no stream for records that every stream takes", async () => {
  const { writer, operations } = setUp({ maxRecordBytes: 10 * MIB });
  await writer.put(entry(1, MIB - 3));
  await writer.flush();
  deepEqual(operations, ["putRecords"]);
});

Deno.test("StreamWriter keeps the order of records while the stream's limit is not known", async () => {
  const { writer, read } = setUp({ maxRecordBytes: 2 * MIB });
  const puts = [entry(1), entry(2, 2 * MIB), entry(3, 2 * MIB - 3), entry(4)].map((entry) =>
    writer.put(entry)
  );
  deepEqual(writer.unwritten, [0, 1, 2, 3]);
  const flushed = writer.flush(); // with the records that wait
  deepEqual((await Promise.allSettled(puts)).map(({ status }) => status), [
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
  ]);
  await flushed;
  deepEqual([await read(), writer.written, writer.unwritten], [[1, 3, 4], 3, []]);
});

Deno.test("StreamWriter takes 1 MiB if the stream must not be described, and says so", async () => {
  const { writer } = setUp({}, failing("AccessDeniedException"));
  await rejects(() => writer.put(entry(1, MIB)), {
    name: "RangeError",
    message: 'Cannot put record 0 into stream "s": it has 1048579 bytes with its key "key", more ' +
      'than 1048576; whether the stream takes more is not known (Cannot describe stream "s": ' +
      "AccessDeniedException)",
  });
  await writer.put(entry(2));
  await writer.flush();
  equal(writer.written, 1);
});

Deno.test("StreamWriter fails if the stream cannot be described, and keeps which records are missing", async () => {
  const { writer } = setUp({}, failing("ResourceNotFoundException"));
  await writer.put(entry(1));
  await rejects(() => writer.put(entry(2, MIB)), { code: "ResourceNotFoundException" });
  await rejects(() => writer.put(entry(3)), { code: "ResourceNotFoundException" });
  deepEqual(writer.unwritten, [0, 1]);
});
