import { deepStrictEqual, equal, ok, rejects } from "node:assert/strict";
import { setImmediate } from "node:timers";
import { runInNewContext } from "node:vm";
import { setFlagsFromString } from "node:v8";
import fc from "fast-check";
import { damagedTexts, objectTexts } from "../../../codec/json/json_texts.ts";
import { LinePlaces } from "../../../../src/cli/commands/put/line_places.ts";
import { PutLines } from "../../../../src/cli/commands/put/put_lines.ts";
import {
  MAX_LINE_BYTES,
  readBlocks,
  untilAborted,
} from "../../../../src/cli/commands/put/read_lines.ts";
import { VirtualClock } from "../../../../src/base/clock.ts";
import { parseSimply } from "../../../../src/codec/json/parse_simply.ts";
import { parseJsonEvent } from "../../../../src/codec/mod.ts";
import { MemoryKinesis, type PutEntry, type PutResult } from "../../../../src/kinesis/mod.ts";
import { StreamWriter, type StreamWriterOptions } from "../../../../src/stream/mod.ts";

/** A service that rejects the records of one key, temporarily or permanently. */
class PickyKinesis extends MemoryKinesis {
  code = "KMSAccessDeniedException";
  /** The records that it was given, in hexadecimal. */
  readonly events: string[] = [];

  override async putRecords(stream: string, entries: readonly PutEntry[]): Promise<PutResult[]> {
    const results: PutResult[] = [];
    this.events.push(...entries.map(({ data }) => data.toHex()));
    for (const entry of entries) {
      results.push(
        entry.partitionKey === "bad"
          ? { ok: false, code: this.code, message: "no" }
          : (await super.putRecords(stream, [entry]))[0]!,
      );
    }
    return results;
  }
}

function setUp(options: StreamWriterOptions = {}, streamTakes?: number) {
  const clock = new VirtualClock();
  const kinesis = new PickyKinesis({ clock, maxRecordBytes: streamTakes });
  kinesis.createStream("s");
  const writer = new StreamWriter(kinesis, "s", { clock, partitionKey: "id", ...options });
  const reports: string[] = [];
  const stderr = {
    isTerminal: false,
    write: (text: Uint8Array | string) => Promise.resolve(void reports.push(String(text))),
  };
  const lines = new PutLines({
    ...{ writer, parse: parseJsonEvent, context: { stderr, clock, env: {} } },
  });
  return { clock, kinesis, writer, lines, reports };
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(new TextEncoder().encode(text));
}

/** Lines of events with these ids. */
function eventLines(ids: readonly (string | number)[]): string {
  return ids.map((id) => `${JSON.stringify({ id })}\n`).join("");
}

/** Puts all lines, and returns the error if there is one. */
async function putAll(
  { lines, writer }: ReturnType<typeof setUp>,
  text: string,
): Promise<Error | undefined> {
  try {
    await lines.put(bytesOf(text), new AbortController().signal);
    await writer.flush();
  } catch (error) {
    return error as Error;
  }
  return undefined;
}

Deno.test("PutLines reports the line that Kinesis rejects, which lines were put, and where to resume", async () => {
  const world = setUp();
  const ids = Array.from({ length: 700 }, (_, i) => i === 100 ? "bad" : i);
  const error = await putAll(world, eventLines(ids));
  equal(world.writer.written, 499);
  equal(
    world.lines.explain(error!.message).message,
    'Cannot put line 101 into stream "s": KMSAccessDeniedException: no; lines 1 to 700 are in the ' +
      "stream, except line 101, lines 501 to 700; to resume, put line 101, lines 501 to 700 and the " +
      "lines after line 700",
  );
});

Deno.test("PutLines reports that the line after a failure is not in the stream", async () => {
  const { lines, writer, clock } = setUp();
  const source = async function* () {
    yield* bytesOf(eventLines(["bad"]));
    await clock.advance(200); // sends it, and is refused
    yield* bytesOf(eventLines([2]));
  };
  const put = lines.put(source(), new AbortController().signal);
  await rejects(put, /Cannot put record 0 /);
  equal(writer.written, 0);
  equal(
    lines.explain("No").message,
    "No; line 1 is in the stream, except line 1; to resume, put line 1 and the lines after line 1",
  );
});

Deno.test("PutLines counts blank and bad lines, and reports the line of a record that is too large", async () => {
  const world = setUp({ maxRecordBytes: 40 });
  const long = JSON.stringify({ id: 7, text: "x".repeat(50) });
  const error = await putAll(
    world,
    `\nnonsense\n${eventLines([1])}${long}\n${eventLines(["bad", 2])}`,
  );
  deepStrictEqual(world.reports, [
    "triton: line 2: Cannot read event at column 1: expected a value\n",
    'triton: line 4: Cannot put line 4 into stream "s": it has 63 bytes with its key "7", more than 40\n',
  ]);
  equal(
    world.lines.explain(error!.message).message,
    'Cannot put line 5 into stream "s": KMSAccessDeniedException: no; lines 1 to 6 are in the stream, ' +
      "except line 5, the 2 lines reported above; to resume, put line 5 and the lines after line 6",
  );
});

Deno.test("PutLines puts lines that are as large as the stream takes, and reports larger ones", async () => {
  const world = setUp({}, 2 ** 21);
  const line = (id: number, size: number) => JSON.stringify({ id, text: "x".repeat(size) });
  const lines = [line(1, 3e6), line(2, 2e6), line(3, 3e6), line(4, 1), line(5, 2 ** 20)];
  equal(await putAll(world, lines.join("\n")), undefined);
  deepStrictEqual(world.reports.map((text) => text.replace(/it has \d+ bytes/, "")), [
    'triton: line 1: Cannot put line 1 into stream "s":  with its key "1", more than 2097152\n',
    'triton: line 3: Cannot put line 3 into stream "s":  with its key "3", more than 2097152\n',
  ]);
  equal(world.writer.written, 3);
});

Deno.test("PutLines knows the lines of many records, and drops those that are in the stream", async () => {
  const world = setUp();
  world.kinesis.code = "ProvisionedThroughputExceededException";
  const ids = Array.from({ length: 50_000 }, (_, i) => i === 7 || i === 30_000 ? "bad" : i);
  await world.lines.put(bytesOf(eventLines(ids)), new AbortController().signal);
  const flushed = world.writer.flush();
  await world.clock.advance(0);
  equal(
    world.lines.explain("A signal stopped put").message,
    "A signal stopped put; lines 1 to 50000 are in the stream, except line 8, line 30001; to resume, " +
      "put line 8, line 30001 and the lines after line 50000",
  );
  world.kinesis.code = "KMSAccessDeniedException";
  await Promise.allSettled([flushed, world.clock.advance(60_000)]);
});

Deno.test("LinePlaces knows the line of each record that was not dropped", () => {
  const steps = fc.array(fc.boolean(), { maxLength: 60 });
  fc.assert(fc.property(steps, fc.nat(60), (areEvents, forgotten) => {
    const places = new LinePlaces();
    const lines: number[] = [];
    areEvents.forEach((isEvent, i) => {
      if (!isEvent) return;
      places.add(lines.length, i + 1);
      lines.push(i + 1);
    });
    places.forgetBefore(forgotten);
    lines.forEach((line, place) => {
      if (place >= forgotten) equal(places.lineOf(place), line);
    });
  }));
});

Deno.test("LinePlaces drops runs that are not needed, at growing intervals", () => {
  const places = new LinePlaces();
  let forgotten = 0;
  for (let place = 0; place < 100_000; place++) {
    places.add(place, 2 * place);
    if (!places.isLong) continue;
    forgotten++;
    places.forgetBefore(place < 50_000 ? 0 : place); // at first, the oldest one is still wanted
  }
  ok(forgotten < 12, `${forgotten} times`);
  equal(places.lineOf(99_999), 199_998);
});

Deno.test("PutLines reports if no line was read", () => {
  const { message } = setUp().lines.explain("A signal stopped put");
  equal(message, "A signal stopped put; no line was read; to resume, put the lines after line 0");
});

/** Bytes in pieces of these sizes, in memory that is used again. */
async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  const memory = new Uint8Array(Math.max(...sizes));
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const piece = bytes.subarray(at, at += sizes[n % sizes.length]!);
    memory.fill(0x21).set(piece);
    yield await Promise.resolve(memory.subarray(0, piece.length));
  }
}

const pieceSizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 });

Deno.test("readBlocks() keeps no bytes of lines that are too long, whatever the pieces", async () => {
  const text = fc.array(fc.constantFrom("a", "bc", "\n", "\n", "\r\n", "x".repeat(9)), {
    maxLength: 30,
  });
  await fc.assert(fc.asyncProperty(text, pieceSizes, async (parts, sizes) => {
    const whole = parts.join("");
    const lines: (string | undefined)[] = [];
    for await (const block of readBlocks(inPieces(new TextEncoder().encode(whole), sizes), 8)) {
      const text = new TextDecoder().decode(block);
      if (block !== undefined) ok(text.endsWith("\n"));
      lines.push(...block === undefined ? [undefined] : text.slice(0, -1).split("\n"));
    }
    const wanted = whole.split("\n");
    if (wanted.at(-1) === "") wanted.pop();
    deepStrictEqual(lines, wanted.map((line) => line.length > 8 ? undefined : line));
  }));
});

Deno.test("PutLines puts the events of all lines, and reports the others, wherever its input is cut", async () => {
  const line = fc.oneof(
    objectTexts.map((text) => text.replaceAll("\n", " ")),
    damagedTexts.map((text) => text.toWellFormed().replaceAll("\n", " ")),
    fc.nat(9).map((id) => `{"id":${id},"n":1e2}`),
    fc.constantFrom(
      "",
      "\r",
      " \t\r",
      "\u00a0",
      '{"id":1}\r',
      '{"id":1\r',
      '\ufeff{"id":2}',
      '{"id":{}}',
    ),
    fc.constantFrom('{"id":"\x81"}', '{"id":"not UTF-8: \x81"}\r', "[1]", '{"id":1e400}', "{}"),
  );
  const lines = fc.array(line, { maxLength: 9 }).map((all) => all.join("\n"));
  await fc.assert(
    fc.asyncProperty(lines, pieceSizes, fc.constantFrom("", "\n"), async (text, sizes, end) => {
      const bytes = toBytes(text + end);
      const world = setUp();
      await world.lines.put(inPieces(bytes, sizes), new AbortController().signal);
      await world.writer.flush();
      const wanted = await putSimply(bytes);
      deepStrictEqual(world.reports, wanted.reports);
      deepStrictEqual(world.kinesis.events, wanted.events);
      equal(world.lines.bad, wanted.reports.length);
    }),
    { numRuns: 300 },
  );
});

/** The UTF-8 of a text, in which U+0081 stands for a byte that is not UTF-8. */
function toBytes(text: string): Uint8Array {
  const parts = text.split("\x81").map((part) => new TextEncoder().encode(part));
  return Uint8Array.from(parts.flatMap((part, i) => i === 0 ? [...part] : [0xff, ...part]));
}

/** Puts lines one by one. */
async function putSimply(bytes: Uint8Array) {
  const { kinesis, writer } = setUp();
  const reports: string[] = [];
  for (let at = 0, number = 1; at < bytes.length; number++) {
    const end = bytes.indexOf(0x0a, at) < 0 ? bytes.length : bytes.indexOf(0x0a, at);
    const line = bytes.subarray(at, bytes[end - 1] === 0x0d && end > at ? end - 1 : end);
    at = end + 1;
    try {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(line);
      if (text.trim() !== "") await writer.putEvent(parseSimply(text, "refuse"));
    } catch (error) {
      const isText = (error as Error).name !== "TypeError";
      const why = isText ? (error as Error).message : "Cannot read event: the line is not UTF-8";
      const place = /^Cannot put record \d+/;
      reports.push(`triton: line ${number}: ${why.replace(place, `Cannot put line ${number}`)}\n`);
    }
  }
  await writer.flush();
  return { events: kinesis.events, reports };
}

Deno.test("PutLines refuses a line that is too long, also within one piece", async () => {
  const world = setUp();
  const long = `{"id":"${"x".repeat(MAX_LINE_BYTES)}"}\n`;
  await putAll(world, `{"id":1}\n${long}{"id":3}\n`);
  deepStrictEqual(world.reports, [
    "triton: line 2: Cannot read event: the line is longer than 16777216 bytes\n",
  ]);
  equal(world.writer.written, 2);
});

Deno.test("untilAborted() keeps no piece that was read", async () => {
  setFlagsFromString("--expose-gc");
  const gc: () => void = runInNewContext("gc");
  const pieces: WeakRef<Uint8Array>[] = [];
  async function* source() {
    while (pieces.length < 100) {
      const piece = new Uint8Array(10);
      pieces.push(new WeakRef(piece));
      yield await Promise.resolve(piece);
    }
  }
  let kept: number | undefined;
  for await (const _ of untilAborted(source(), new AbortController().signal)) {
    if (pieces.length < 100) continue;
    await new Promise((resolve) => setImmediate(resolve)); // until then, WeakRefs keep what they have
    gc();
    kept = pieces.filter((piece) => piece.deref() !== undefined).length;
  }
  ok(kept! < 10, `${kept} pieces`);
});

Deno.test("untilAborted() ends immediately, also without input", async () => {
  const stop = new AbortController();
  const never = Promise.withResolvers<string>();
  let released = false;
  const source: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: false, value: await never.promise }),
      return: () => {
        released = true;
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
  const all = Array.fromAsync(untilAborted(source, stop.signal));
  stop.abort();
  deepStrictEqual([await all, released], [[], true]);
  ok(stop.signal.aborted);
});
