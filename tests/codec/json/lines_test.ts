import fc from "fast-check";
import { deepEqual, equal, ok } from "node:assert/strict";
import { mulberry32 } from "../../../src/base/clock.ts";
import { encodeEvent, parseJsonEvent } from "../../../src/codec/mod.ts";
import { readJsonLines } from "../../../src/codec/json/lines.ts";
import { jsonReader } from "../../../src/codec/wasm/read_json.ts";
import { damagedTexts, EDGE_NUMBERS, objectTexts, outcomeOf, simpleOutcome } from "./json_texts.ts";

const encoder = new TextEncoder();

/** Whether the reader in WebAssembly takes a text; if so, checks its event. */
function isTaken(text: string): boolean {
  const event = jsonReader().readText(text)?.toHex();
  if (event !== undefined) equal(event, simpleOutcome(text), text);
  return event !== undefined;
}

/** How many of some texts are taken. */
function countTaken(texts: readonly string[]): number {
  return texts.filter(isTaken).length;
}

Deno.test("parseJsonEvent() does with any text what parseSimply() does", () => {
  let [taken, good, bad] = [0, 0, 0];
  const check = (text: string) => {
    if (isTaken(text)) taken++;
    for (const bigIntegers of ["refuse", "text"] as const) {
      const wanted = simpleOutcome(text, bigIntegers);
      equal(outcomeOf(() => parseJsonEvent(text, { bigIntegers })), wanted, text);
    }
    if (/^[0-9a-f]*$/.test(simpleOutcome(text))) good++;
    else bad++;
  };
  fc.assert(fc.property(objectTexts, check), { numRuns: 3000 });
  fc.assert(fc.property(damagedTexts, check), { numRuns: 3000 });
  ok(taken > 1200 && good > taken && bad > 1200, `${taken} of ${good} taken, ${bad} bad`);
});

Deno.test("readJsonLines() reads each line as parseSimply() does, or returns it", () => {
  const lines = fc.oneof(
    ...[objectTexts, objectTexts, damagedTexts],
    fc.constantFrom("", " ", "\r", "[1]", "null", '{"a":1}\r', ' {"a":[{}]}\t', '\ufeff{"a":1}'),
  ).map((text) => encoder.encode(text.replaceAll("\n", " ")));
  const noise = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0x0b, max: 0xff })), {
    maxLength: 1,
  });
  const block = fc.array(fc.tuple(lines, noise), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(block, (parts) => {
      const wanted = parts.map(([line, changes]) => {
        for (const [at, byte] of changes) if (line.length > 0) line[at % line.length] = byte;
        return line;
      });
      const block = Uint8Array.from(wanted.flatMap((line) => [...line, 0x0a]));
      const results = [...readJsonLines(block)];
      equal(results.length, wanted.length);
      results.forEach(({ event, refused }, i) => {
        if (event === undefined) deepEqual(refused, wanted[i]);
        else equal(event.toHex(), simpleOutcome(decode(wanted[i]!)));
      });
    }),
    { numRuns: 1500 },
  );
});

function decode(line: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line);
}

Deno.test("readJsonLines() refuses text that is not UTF-8, anywhere", () => {
  const bad = [[0x80], [0xc3], [0xc0, 0x80], [0xe0, 0x9f, 0xbf], [0xed, 0xa0, 0x80], [0xff]]
    .concat([[0xf0, 0x8f, 0xbf, 0xbf], [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80]])
    .concat([[0xe5, 0xa4], [0xf0, 0x9f, 0x98], [0xc3, 0x28]]);
  for (const bytes of bad) {
    for (const after of ["", "\\n", "x", "\u0080"]) {
      for (let before = 0; before < 20; before++) {
        const [start, end] = [`{"a":"${"é".repeat(before)}`, `${after}"}\n`];
        const line = Uint8Array.from([...encoder.encode(start), ...bytes, ...encoder.encode(end)]);
        const [result, ...more] = readJsonLines(line);
        deepEqual([result!.refused, more], [line.subarray(0, -1), []]);
      }
    }
  }
});

Deno.test("readJsonLines() reads more lines, and larger ones, than fit in one call", () => {
  const large = (size: number) => `{"a":"${"x".repeat(size)}"}`;
  const { inputSize } = jsonReader();
  const lines = [
    ...Array.from({ length: 20_000 }, (_, n) => n % 100 === 0 ? "" : `{"n":${n}}`),
    ...[large(inputSize - 9), large(inputSize - 8), large(3_000_000), '{"a":1}', "{}"],
    `{"a":[${"-0,".repeat(inputSize / 3 - 5)}-0]}`, // three times as long as an event
    `{"a":[${"1.5,".repeat(1000)}`,
    ...Array.from({ length: 10 }, (_, n) => large(n * 60_000)),
  ];
  const results = [...readJsonLines(encoder.encode(lines.map((line) => `${line}\n`).join("")))];
  equal(results.length, lines.length);
  let refused = 0;
  results.forEach((result, i) => {
    if (result.event === undefined) refused++;
    if (result.event === undefined) equal(new TextDecoder().decode(result.refused), lines[i]);
    else equal(result.event.toHex(), simpleOutcome(lines[i]!));
  });
  equal(refused, 200 + 2 + 1);
});

Deno.test("readJsonLines() leaves the result of earlier calls as it is", () => {
  const blocks = [1, 2].map((n) =>
    encoder.encode(`{"n":${n}}\n{"text":"${"x".repeat(50 * n)}"}\n`)
  );
  const results = blocks.flatMap((block) => [...readJsonLines(block)]);
  parseJsonEvent('{"other":"event"}');
  const wanted = [{ n: 1 }, { text: "x".repeat(50) }, { n: 2 }, { text: "x".repeat(100) }];
  deepEqual(
    results.map(({ event }) => event!.toHex()),
    wanted.map((it) => encodeEvent(it).toHex()),
  );
});

Deno.test("the JSON reader takes up to 64 keys of an object and 256 levels, and is right beyond", () => {
  const object = (count: number, last: string) =>
    `{${
      Array.from({ length: count - 1 }, (_, n) => `"the key ${n} of many":${n},`).join("")
    }${last}}`;
  for (const count of [2, 15, 16, 17, 63, 64, 65, 66, 300]) {
    equal(isTaken(object(count, '"new":1')), count <= 64, `${count} keys`);
    equal(isTaken(object(count, '"the key 0 of many":1')), false);
    equal(isTaken(`{"a":[${object(count, '"new":{"the key 0 of many":1}')}]}`), count <= 64);
  }
  for (const depth of [1, 255, 256, 257, 300, 9000]) {
    equal(isTaken(`{"a":${"[".repeat(depth - 1)}1${"]".repeat(depth - 1)}}`), depth <= 256);
    equal(isTaken(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`), depth <= 256);
    equal(isTaken(`${'{"a":'.repeat(depth)}1${"}".repeat(depth - 1)}]`), false);
  }
});

Deno.test("the JSON reader tells apart keys that differ only in the middle", () => {
  const keys = Array.from({ length: 60 }, (_, n) => `"same start ${10 + n} same end"`);
  const text = (names: readonly string[]) => `{${names.map((name) => `${name}:1`).join(",")}}`;
  ok(isTaken(text(keys)));
  for (const key of keys) equal(isTaken(text([...keys, key])), false);
});

Deno.test("the JSON reader takes integer keys in the order of JavaScript, and no other", () => {
  const text = (names: string) => `{${names.split(" ").map((name) => `"${name}":1`).join(",")}}`;
  for (
    const names of ["0 1 2 10 b", "7", "5 4294967294 9999999999 a", "1a 007b", "a 12345678901"]
  ) {
    ok(isTaken(text(names)), names);
  }
  for (const names of ["b 1", "2 1", "10 9", "007 1000", "00", "9999999999 a 4294967294"]) {
    equal(isTaken(text(names)), false, names);
  }
});

Deno.test("the JSON reader reads numbers as JavaScript does", () => {
  const random = mulberry32(20_261_130);
  const below = (limit: number) => Math.floor(random() * limit);
  const digits = (count: number) => Array.from({ length: count }, () => below(10)).join("");
  const [double, bits] = [new Float64Array(1), new Uint32Array(2)];
  const anyDouble = () => {
    do {
      bits.set([below(2 ** 32), below(2 ** 32)]);
      double.set(new Float64Array(bits.buffer));
    } while (!Number.isFinite(double[0]));
    return double[0]!;
  };
  const shapes: (() => string)[] = [
    () => String(anyDouble()),
    () => anyDouble().toPrecision(1 + below(19)),
    () => String(random() * 10 ** below(20)),
    () => `${below(10)}.${digits(1 + below(18))}e${below(620) - 310}`,
    () => `-0.${"0".repeat(below(12))}${digits(1 + below(18))}`,
    () => `${1 + below(9)}${digits(below(18))}`,
    () => `-${1 + below(9)}${digits(below(17))}E${below(40) - 20}`,
    // Next to the middle between two doubles.
    () => `${2 ** 53 + 2 * below(2 ** 31)}`.replace(/.$/, (last) => `${Number(last) | 1}.1`),
  ];
  const numbers = Array.from({ length: 60_000 }, (_, n) => shapes[n % shapes.length]!());
  const taken = countTaken(numbers.map((number) => `{"a":${number}}`));
  ok(taken > 57_000, `${taken} taken`);
  for (const number of EDGE_NUMBERS) isTaken(`{"a":${number}}`);
});
