import { deepEqual, deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { concatBytes } from "../../../src/base/bytes.ts";
import { ArchiveFormatError } from "../../../src/base/errors.ts";
import { type ByteSource, piecesOf } from "../../../src/codec/byte_source.ts";
import { LineWriter } from "../../../src/codec/json/line_writer.ts";
import { msgpackToJson } from "../../../src/codec/json/write.ts";
import { encodeEvent, encodeMsgpack } from "../../../src/codec/msgpack/encode.ts";
import { encodeChunk, encodeDataChunk } from "../../../src/codec/snappy/chunks.ts";
import { ArchiveBuilder } from "../../../src/codec/tri/archive_builder.ts";
import { eventsIn } from "../../../src/codec/tri/archive_events.ts";
import { ArchiveLines } from "../../../src/codec/tri/archive_lines.ts";
import type { ArchiveDamage } from "../../../src/codec/tri/archive_options.ts";
import { readArchiveBlocks } from "../../../src/codec/tri/archive_reader.ts";
import { anyMsgpackMap } from "../msgpack/samples.ts";
import {
  anyEvent,
  badRecord,
  cut,
  eventFrom,
  eventOf,
  HEADER,
  ID,
  pieceSizes,
  position,
  shard,
  stored,
} from "./archive_samples.ts";

/** What comes of converting a file. */
interface Outcome {
  readonly text: string;
  readonly events: number;
  readonly bytes: number;
  /** The error at which it ended. */
  readonly error: string | undefined;
  readonly damages: readonly string[];
}

interface Options {
  readonly limit?: number;
  readonly salvage?: boolean;
  readonly file?: string | undefined;
}

/** Converts by the simple code, event by event. */
async function simply(source: ByteSource, { limit = Infinity, salvage, file }: Options) {
  const damages: ArchiveDamage[] = [];
  const lines: Uint8Array[] = [];
  let bytes = 0;
  const convert = async () => {
    const onDamage = (damage: ArchiveDamage) => damages.push(damage);
    const options = salvage ? { onDamage } : {};
    for await (const block of readArchiveBlocks(source, options)) {
      for (const event of eventsIn(block)) {
        bytes += event.length;
        if (lines.push(msgpackToJson(event)) === limit) return;
      }
    }
  };
  const error = await errorOf(convert());
  const texts = lines.map((line) => `${new TextDecoder().decode(line)}\n`);
  const text = (file === undefined ? texts : texts.map((line, n) => withKeys(line, file, n)))
    .join("");
  return outcome({ text, events: lines.length, bytes, error }, damages);
}

/** Adds keys to a line, token by token, and an underscore to those that it has. */
function withKeys(line: string, file: string, index: number): string {
  const tokens = line.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^"{}[\],:]+/g)!;
  let depth = 0;
  const text = tokens.map((token, i) => {
    if (token === "{" || token === "[") depth++;
    if (token === "}" || token === "]") depth--;
    const isReserved = depth === 1 && tokens[i + 1] === ":" && /^"_+(file|index)"$/.test(token);
    return isReserved ? `"_${token.slice(1)}` : token;
  }).join("");
  const head = `{"_file":${JSON.stringify(file)},"_index":${index}`;
  return text === "{}\n" ? `${head}}\n` : `${head},${text.slice(1)}`;
}

/** Converts by `ArchiveLines`. */
async function fast(source: ByteSource, { limit, salvage, file }: Options) {
  const damages: ArchiveDamage[] = [];
  const lines = new LineWriter();
  const onDamage = (damage: ArchiveDamage) => damages.push(damage);
  const archive = new ArchiveLines({
    ...(limit === undefined ? {} : { limit }),
    file,
    ...(salvage ? { onDamage } : {}),
  });
  const convert = async () => {
    for await (const piece of piecesOf(source)) {
      archive.push(piece);
      while (archive.next(lines));
      if (archive.isFull) return;
    }
    archive.end();
    while (archive.next(lines));
    archive.finish();
  };
  const error = await errorOf(convert());
  const text = new TextDecoder().decode(lines.take());
  return outcome({ text, events: archive.events, bytes: archive.bytes, error }, damages);
}

function outcome(
  result: Omit<Outcome, "damages" | "error"> & { error: unknown },
  damages: readonly ArchiveDamage[],
): Outcome {
  const { error } = result;
  return {
    ...result,
    error: error === undefined ? undefined : describe(error),
    damages: damages.map((it) => `${it.offset}+${it.length}: ${describe(it.error)}`),
  };
}

function describe(error: unknown): string {
  if (!(error instanceof ArchiveFormatError)) throw error;
  return `${error.offset}: ${error.message}`;
}

function errorOf(work: Promise<void>): Promise<unknown> {
  return work.then(() => undefined, (error) => error);
}

/** A key like those that are added, or nearly so: a string or a binary, of any length. */
const reservedKey: fc.Arbitrary<Uint8Array> = fc.tuple(
  fc.constantFrom("", "_", "__", "_".repeat(40), "_".repeat(300), "a_"),
  fc.constantFrom("file", "index", "File", "fil", "in", "files", ""),
  fc.boolean(),
).map(([head, name, isBinary]) => {
  const text = `${head}${name}`;
  return encodeMsgpack(isBinary ? new TextEncoder().encode(text) : text);
});

/** Any event, of every MessagePack type, from a few bytes to several chunks. */
const eventBytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 3, arbitrary: anyMsgpackMap },
  { weight: 2, arbitrary: anyEvent.map(eventFrom) },
  { weight: 1, arbitrary: fc.array(reservedKey, { maxLength: 20 }).map(mapOf) },
);

/** An event with such keys: up to 15 of them in a small map, more in a larger one. */
function mapOf(keys: readonly Uint8Array[]): Uint8Array {
  const head = keys.length < 16 ? [0x80 + keys.length] : [0xde, 0, keys.length];
  const nested = concatBytes([Uint8Array.of(0x81), encodeMsgpack("n"), Uint8Array.of(1)]);
  return concatBytes([Uint8Array.from(head), ...keys.flatMap((key) => [key, nested])]);
}

/** An archive of ours, with quarantine. */
const ours = fc.tuple(fc.array(eventBytes, { maxLength: 12 }), fc.nat(2)).map(([events, bad]) => {
  const builder = new ArchiveBuilder();
  events.forEach((event, i) => {
    try {
      builder.add(shard(i % 2), position(i), event);
    } catch { /* a key is not a string */ }
  });
  for (let i = 0; i < bad; i++) builder.quarantine(badRecord(100 + i, Uint8Array.of(1, 2, i)));
  return builder.finish(HEADER).slice();
});

/** What may be between two chunks with data. */
const between = fc.constantFrom(
  ...[new Uint8Array(0), new Uint8Array(0), ID],
  encodeChunk(0xfe, new Uint8Array(9)),
  encodeChunk(0x9a, Uint8Array.of(1, 2, 3)),
);

/** A file of another program: events that are cut anywhere, stored and compressed chunks. */
const foreign = fc.tuple(
  fc.array(eventBytes, { maxLength: 12 }),
  fc.array(fc.tuple(fc.integer({ min: 1, max: 65_536 }), fc.boolean(), between), { minLength: 1 }),
  fc.constantFrom(
    new Uint8Array(0),
    new Uint8Array(0),
    Uint8Array.of(0xc1),
    Uint8Array.of(0x91, 1),
  ),
).map(([events, cuts, wrong]) => {
  const data = concatBytes([...events, wrong]);
  const chunks: Uint8Array[] = [ID];
  for (let at = 0, i = 0; at < data.length; i++) {
    const [size, isStored, more] = cuts[i % cuts.length]!;
    const part = data.subarray(at, at + size);
    chunks.push(isStored ? stored(part) : encodeDataChunk(part), more);
    at += size;
  }
  return concatBytes(chunks);
});

/** Damage: the file is cut off, or bytes are overwritten. */
const damage = fc.oneof(
  fc.constant((file: Uint8Array) => file),
  fc.double({ min: 0, max: 1, noNaN: true }).map((part) => (file: Uint8Array) =>
    file.slice(0, Math.floor(part * file.length))
  ),
  fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), {
    minLength: 1,
    maxLength: 3,
  }).map((changes) => (file: Uint8Array) => {
    const copy = file.slice();
    for (const [part, byte] of changes) copy[Math.floor(part * (copy.length - 1))] = byte;
    return copy;
  }),
);

const options = fc.record({
  limit: fc.option(fc.integer({ min: 1, max: 15 }), { nil: undefined }),
  salvage: fc.boolean(),
  file: fc.option(fc.constantFrom("20150710/a-store-1.tri", 'a "file"'), { nil: undefined }),
}).map(({ limit, ...rest }) => limit === undefined ? rest : { limit, ...rest });

Deno.test("ArchiveLines converts any file as the simple code does, also a damaged one", async () => {
  const files = fc.array(fc.oneof(ours, foreign), { minLength: 1, maxLength: 2 });
  let [errors, damages, good] = [0, 0, 0];
  await fc.assert(
    fc.asyncProperty(files, damage, pieceSizes, options, async (parts, damaged, sizes, options) => {
      const file = damaged(concatBytes(parts));
      const expected = await simply(cut(file, sizes), options);
      deepStrictEqual(await fast(cut(file, sizes), options), expected);
      if (expected.error !== undefined) errors++;
      else if (expected.damages.length > 0) damages++;
      else good++;
    }),
    { numRuns: 400 },
  );
  ok(
    errors > 20 && damages > 20 && good > 20,
    `${errors} errors, ${damages} damages, ${good} good`,
  );
});

Deno.test("ArchiveLines checks the totals of the manifest", async () => {
  const builder = new ArchiveBuilder();
  builder.add(shard(0), position(1), encodeEvent({ n: 1 }));
  const file = builder.finish(HEADER).slice();
  const groupAt = Buffer.from(file).lastIndexOf(ID);
  const group = [ID, stored(encodeEvent({ n: 2 }))];
  const more = concatBytes([file.subarray(0, groupAt), ...group, file.subarray(groupAt)]);
  const outcome = await fast(more, {});
  deepStrictEqual(outcome, await simply(more, {}));
  equal(outcome.text, '{"n":2}\n{"n":1}\n');
  match(outcome.error!, /its manifest says "events" is 1, but it is 2/);
  const salvaged = await fast(more, { salvage: true });
  deepStrictEqual([salvaged.error, salvaged.damages.length], [undefined, 1]);
});

Deno.test("ArchiveLines keeps what it holds of one file from another", () => {
  const long = [eventOf(200_000, 1), eventOf(200_000, 2)];
  const files = long.map((event) => {
    const builder = new ArchiveBuilder();
    builder.add(shard(0), position(1), event);
    return builder.finish(HEADER).slice();
  });
  const [archives, lines] = [
    files.map(() => new ArchiveLines()),
    files.map(() => new LineWriter()),
  ];
  const pieces = files.map((file) => [...cut(file, [5_000])]);
  for (let i = 0; i < pieces[0]!.length; i++) {
    archives.forEach((archive, n) => {
      archive.push(files[n]!.subarray(i * 5_000, (i + 1) * 5_000));
      while (archive.next(lines[n]!));
    });
  }
  archives.forEach((archive, n) => {
    archive.end();
    while (archive.next(lines[n]!));
    archive.finish();
    deepEqual(lines[n]!.take().slice(0, -1), msgpackToJson(long[n]!));
  });
});

Deno.test("ArchiveLines reads an event of 60,000 tiny chunks in linear time", async () => {
  const event = eventOf(60_000);
  const tiny = concatBytes([ID, ...Array.from(cut(event, [1]), (byte) => stored(byte.slice()))]);
  const { events, error } = await fast(tiny, {});
  deepStrictEqual([events, error], [1, undefined]);
});

Deno.test("ArchiveLines adds the file and the place of each event, and keeps keys of that name", async () => {
  const builder = new ArchiveBuilder();
  const events = [{ n: 1 }, {}, { _file: "own", __index: { _file: 0 } }];
  events.forEach((event, i) => builder.add(shard(0), position(i + 1), encodeEvent(event)));
  const { text } = await fast(builder.finish(HEADER).slice(), { file: "a.tri" });
  deepStrictEqual(text.split("\n"), [
    '{"_file":"a.tri","_index":0,"n":1}',
    '{"_file":"a.tri","_index":1}',
    '{"_file":"a.tri","_index":2,"__file":"own","___index":{"_file":0}}',
    "",
  ]);
});

Deno.test("ArchiveLines numbers more events than a digit has values", async () => {
  const builder = new ArchiveBuilder();
  for (let i = 0; i < 1_001; i++) builder.add(shard(0), position(i + 1), encodeEvent({}));
  const { text } = await fast(builder.finish(HEADER).slice(), { file: "a" });
  const indexes = text.trimEnd().split("\n").map((line) => JSON.parse(line)._index);
  deepStrictEqual(indexes, Array.from({ length: 1_001 }, (_, i) => i));
});
