/** `cat --columns` and `--format csv`. */

import { deepStrictEqual, equal, match } from "node:assert/strict";
import { Timestamp } from "../../../../src/codec/mod.ts";
import type { EventData } from "../../../../src/base/record.ts";
import { archiveOf } from "../../../archive/archives.ts";
import { runCommand } from "../../fake_context.ts";

/** Runs cat on an archive of these events. */
async function cat(events: readonly EventData[], ...args: string[]) {
  return await runCommand(["cat", "-", ...args], { stdin: archiveOf(events) });
}

const EVENTS: EventData[] = [
  { user: { id: 1, name: "Ann, B" }, page: 'say "hi"', n: 2n ** 64n - 1n, at: null, "a.b": 1 },
  {
    user: { id: "x" },
    page: "",
    n: -0,
    at: new Timestamp(1436553581, 5_000_000),
    l: [1, { a: "q" }],
  },
  { page: "two\nlines", n: NaN, bytes: Uint8Array.of(104, 105), ok: true, user: {} },
  {},
];

const COLUMNS = 'user.id, page, n, at, l, bytes, ok, "a.b", user.name';

Deno.test("cat --format csv prints a header, and values as they are", async () => {
  const { code, stdout, stderr } = await cat(EVENTS, "--format", "csv", "--columns", COLUMNS);
  deepStrictEqual([code, stderr], [0, ""]);
  equal(
    stdout,
    'user.id,page,n,at,l,bytes,ok,"""a.b""",user.name\n' +
      '1,"say ""hi""",18446744073709551615,,,,,1,"Ann, B"\n' +
      'x,"",-0,2015-07-10T18:39:41.005Z,"[1,{""a"":""q""}]",,,,\n' +
      ',"two\nlines",NaN,,,aGk=,true,,\n' +
      ",,,,,,,,\n",
  );
});

Deno.test("cat --columns prints these alone, at their paths", async () => {
  const { code, stdout } = await cat(EVENTS, "--columns", "page:int64, user.name, at, user.id");
  equal(code, 0);
  equal(
    stdout,
    '{"page":"say \\"hi\\"","user":{"name":"Ann, B","id":1},"at":null}\n' +
      '{"page":"","at":"2015-07-10T18:39:41.005Z","user":{"id":"x"}}\n' +
      '{"page":"two\\nlines"}\n' +
      "{}\n",
  );
});

Deno.test("cat --columns takes --with-key and --limit", async () => {
  const options = ["--with-key", "--limit", "2"];
  const csv = await cat(EVENTS, "--format", "csv", "--columns", "page", ...options);
  equal(csv.stdout, '_file,_index,page\n-,0,"say ""hi"""\n-,1,""\n');
  const json = await cat(EVENTS, "--columns", "page", ...options);
  equal(json.stdout.split("\n")[1], '{"_file":"-","_index":1,"page":""}');
  const taken = await cat(EVENTS, "--columns", "_index", ...options);
  match(taken.stderr, /^triton: Cannot cat: --with-key adds _index; leave out that column\n/);
  equal(taken.code, 2);
});

Deno.test("cat --columns prints JSON for columns of that type, also of text", async () => {
  const events = [{ j: "x" }, { j: 1 }, { j: null }];
  const { stdout } = await cat(events, "--format", "csv", "--columns", "j:json");
  equal(stdout, 'j\n"""x"""\n1\n\n');
});

Deno.test("cat --columns says how many values are not the maps that it expects", async () => {
  const { code, stdout, stderr } = await cat([{ user: 5 }, { user: [] }], "--columns", "user.id");
  deepStrictEqual([code, stdout], [0, "{}\n{}\n"]);
  const text = "2 values of which --columns names fields are not maps: these fields are left out";
  equal(stderr, `triton: ${text}\n`);
});

Deno.test("cat prints a header also for an archive without events, and the events before damage", async () => {
  equal((await cat([], "--format", "csv", "--columns", "a,b")).stdout, "a,b\n");
  const bytes = archiveOf(Array.from({ length: 20_000 }, (_, i) => ({ i, r: `${i * 7919}` })));
  bytes[bytes.length >> 1]! ^= 0xff;
  const args = ["cat", "-", "--format", "csv", "--columns", "i"];
  const { code, stdout } = await runCommand(args, { stdin: bytes });
  equal(code, 1);
  const lines = stdout.trimEnd().split("\n");
  equal(lines.length > 100, true);
  equal(lines.at(-1), `${lines.length - 2}`);
});

Deno.test("cat says what is wrong with --columns and --format", async () => {
  const wrong: [string[], RegExp][] = [
    [
      ["--format", "csv"],
      /^triton: Cannot cat as CSV: pass --columns, such as 'user.id, page, at'/,
    ],
    [["--columns", "a:"], /^triton: Cannot read the columns: expected a type at the end/],
    [["--columns", "a, a.b"], /^triton: Cannot use the column a\.b: a has fields and a type/],
    [["--format", "xml"], /Allowed choices are ndjson, csv/],
  ];
  for (const [args, text] of wrong) {
    const { code, stdout, stderr } = await cat([{ a: 1 }], ...args);
    deepStrictEqual([code, stdout], [2, ""], args.join(" "));
    match(stderr, text);
  }
});
