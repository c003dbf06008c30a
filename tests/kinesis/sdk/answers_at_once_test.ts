import { equal } from "node:assert/strict";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { SdkKinesis } from "../../../src/kinesis/mod.ts";

const MB = 2 ** 20;

/** An answer that comes in pieces, and how far it was read. */
class Answer {
  read = 0;
  readonly #bytes: Uint8Array;

  constructor(records: number, recordBytes: number) {
    const Data = "A".repeat(recordBytes / 3 * 4);
    const Records = Array.from({ length: records }, (_, n) => ({
      SequenceNumber: String(n + 1),
      ApproximateArrivalTimestamp: 1,
      Data,
      PartitionKey: "key",
    }));
    const text = JSON.stringify({ Records, NextShardIterator: "next", MillisBehindLatest: 0 });
    this.#bytes = new TextEncoder().encode(text);
  }

  get size(): number {
    return this.#bytes.length;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    while (this.read < this.size) {
      const piece = this.#bytes.slice(this.read, this.read + 65_536);
      this.read += piece.length;
      yield await Promise.resolve(piece);
    }
  }
}

/** A service that gives these answers, one to each request. */
function serviceOf(answers: readonly Answer[]): SdkKinesis {
  const left = [...answers];
  const handle = () =>
    Promise.resolve({ response: { statusCode: 200, headers: {}, body: left.shift() } });
  return new SdkKinesis(
    new Kinesis({
      region: "us-east-1",
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
      maxAttempts: 1,
      requestHandler: { handle } as never,
    }),
  );
}

/** Reads all answers at once; each waits in its first records until it is let go on. */
function readAll(answers: readonly Answer[]) {
  const kinesis = serviceOf(answers);
  const waiting: (() => void)[] = [];
  const onRecords = () => new Promise<void>((resolve) => waiting.push(resolve));
  const read = Promise.all(answers.map(() => kinesis.getRecords("iterator", { onRecords })));
  return { waiting, read };
}

/** Lets everything happen that waits for nothing. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 2_000; turn++) await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
}

/** Lets those go on that wait, until all is read. */
async function finish({ waiting, read }: ReturnType<typeof readAll>): Promise<void> {
  let isOver = false;
  read.finally(() => isOver = true);
  while (!isOver) {
    waiting.splice(0).forEach((go) => go());
    await settled();
  }
}

Deno.test("SdkKinesis decodes two answers at once; the others wait, unread", async () => {
  const answers = Array.from({ length: 5 }, () => new Answer(300, 600));
  const reading = readAll(answers);
  while (reading.waiting.length < 2) await settled();
  await settled();
  equal(reading.waiting.length, 2);
  equal(answers.filter(({ read }) => read > 0).length, 2);
  await finish(reading);
  equal(answers.every(({ read, size }) => read === size), true);
});

Deno.test("SdkKinesis takes in one answer at once whose records do not fit into 2 MB", async () => {
  const answers = Array.from({ length: 2 }, () => new Answer(1, 6 * MB));
  const reading = readAll(answers);
  while (reading.waiting.length < 1) await settled();
  await settled();
  const [least, most] = answers.map(({ read }) => read).sort((a, b) => a - b);
  equal(most, answers[0]!.size);
  equal(least! <= 2 * MB + 65_536, true, `${least} bytes of the other one`);
  await finish(reading);
  equal(answers.every(({ read, size }) => read === size), true);
});
