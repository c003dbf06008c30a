import { deepStrictEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { csvHeading, csvLine, parseCsvHeading } from "../../../src/codec/csv/csv_line.ts";
import { type CsvRow, CsvRows } from "../../../src/codec/csv/csv_rows.ts";

/** Reads CSV in pieces of this size. */
function rowsIn(csv: string | Uint8Array, size = 1 << 16, maxBytes = 1 << 20): CsvRow[] {
  const bytes = typeof csv === "string" ? new TextEncoder().encode(csv) : csv;
  const reader = new CsvRows(maxBytes);
  const rows: CsvRow[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.slice(at, at + size);
    rows.push(...reader.push(piece));
    piece.fill(0x22); // the source uses its memory again
  }
  return [...rows, ...reader.end()];
}

const fieldsIn = (csv: string) => rowsIn(csv).map(({ fields, fault }) => fault ?? fields);

const anyField = fc.option(
  fc.oneof(
    fc.string({ unit: fc.constantFrom('"', ",", "\n", "\r", "a", " ", "🌍", "\ufeff", "\0") }),
    fc.string({ unit: "grapheme" }),
  ),
  { nil: undefined },
);

Deno.test("CsvRows reads what csvLine() writes, in pieces of any size", () => {
  const anyRow = fc.array(anyField, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      fc.array(anyRow, { maxLength: 6 }),
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom("\n", "\r\n"),
      fc.boolean(),
      (rows, size, end, hasMark) => {
        // A mark at the start is none of the text.
        const all = [["start"], ...rows];
        const lines = all.map((row) => csvLine(row).slice(0, -1) + end).join("");
        const read = rowsIn(hasMark ? `\ufeff${lines}` : lines, size);
        deepStrictEqual(read.map(({ fields }) => fields), all);
        let line = 1;
        for (const [i, row] of all.entries()) {
          equal(read[i]!.line, line);
          line += row.join("").split("\n").length;
          equal(read[i]!.lastLine, line - 1);
        }
      },
    ),
  );
});

Deno.test("CsvRows tells an empty text from nothing, and needs no line feed at the end", () => {
  deepStrictEqual(fieldsIn('a,,""\n\n,\n"x"'), [
    ["a", undefined, ""],
    [undefined],
    [undefined, undefined],
    ["x"],
  ]);
  deepStrictEqual(rowsIn("").length, 0);
});

Deno.test("CsvRows takes a quote inside a field as it is", () => {
  deepStrictEqual(fieldsIn('5" pipe,a "b" c\nnext,1\n'), [
    ['5" pipe', 'a "b" c'],
    ["next", "1"],
  ]);
});

Deno.test("CsvRows says which rows cannot be read, and goes on with the next one", () => {
  const afterQuote = "there is text after a closing quote";
  const stray = "there is a carriage return that is not in quotes, and does not end the line";
  deepStrictEqual(fieldsIn('"a"b,1\n"a" ,2\n"a"\rb\na,b\r1,2\r\n"a"\r\nok\n"open\n1\n'), [
    afterQuote,
    afterQuote,
    stray,
    stray,
    ["a"],
    ["ok"],
    "a closing quote is missing",
  ]);
  const [bad, good] = rowsIn(new Uint8Array([0x61, 0xff, 0x0a, 0x62]));
  deepStrictEqual([bad!.fault, good!.fields], ["it is not UTF-8", ["b"]]);
  throws(
    () => rowsIn(`a\n"${"x".repeat(100)}`, 10, 50),
    /the row in line 2 is longer than 50 bytes; a closing quote may be missing/,
  );
});

Deno.test("parseCsvHeading() reads what csvHeading() writes, and any text as one key or a path", () => {
  const anyKey = fc.string({ unit: fc.constantFrom("a", ".", '"', "\\", " ", "ä", "") });
  fc.assert(
    fc.property(fc.array(anyKey, { minLength: 1, maxLength: 4 }), (path) => {
      deepStrictEqual(parseCsvHeading(csvHeading(path)), path);
    }),
  );
  equal(csvHeading(["user", "first name"]), "user.first name");
  equal(csvHeading(["a.b"]), '"a.b"');
  const texts = { "Price (EUR)": ["Price (EUR)"], "a..b": ["a..b"], '"x': ['"x'], ".": ["."] };
  for (const [text, path] of Object.entries(texts)) deepStrictEqual(parseCsvHeading(text), path);
});
