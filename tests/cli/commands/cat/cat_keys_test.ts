/** `cat --part`, `--keys-from` and `--with-key`. */

import { deepStrictEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { isInPart } from "../../../../src/archive/mod.ts";
import { archiveOf, putArchives } from "../../../archive/archives.ts";
import { withArchive } from "../../archive_place.ts";
import { runCommand } from "../../fake_context.ts";

/** Archives of one event each, which holds its key; the days of all. */
const START = "2026-01-01T00:00:00Z";
const DAYS = ["--start-date", "20260101", "--end-date", "20260102"];

/** The keys of the archives whose events were printed. */
function keysIn(stdout: string): string[] {
  return stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line).key);
}

Deno.test("cat --part prints each archive in exactly one part", () =>
  withArchive(async ({ store, run }) => {
    const keys = await putArchives(store, 30, { start: START, minutes: 90 });
    const parts: string[][] = [];
    for (const number of [1, 2, 3]) {
      const { code, stdout } = await run("cat", [...DAYS, "--part", `${number}/3`]);
      equal(code, 0);
      parts.push(keysIn(stdout));
      deepStrictEqual(parts.at(-1), keys.filter((key) => isInPart(key, { number, of: 3 })));
    }
    deepStrictEqual(parts.flat().sort(), keys);
  }));

for (const command of ["cat", "ls", "verify"]) {
  Deno.test(`${command} refuses a part that does not exist`, () =>
    withArchive(async ({ run }) => {
      const wrong = async (part: string) => {
        const { code, stdout, stderr } = await run(command, ["--part", part]);
        deepStrictEqual([code, stdout], [2, ""]);
        return stderr;
      };
      match(
        await wrong("0/4"),
        /'0\/4' is invalid\. Cannot use part "0\/4": the parts are 1\/4 to 4\/4\./,
      );
      match(await wrong("5/4"), /the parts are 1\/4 to 4\/4\./);
      match(await wrong("1.5/2"), /it is not I\/N, such as 3\/64 for the third of 64 parts\./);
    }));
}

Deno.test("cat --keys-from prints exactly these archives, in this order, from a file or a pipe", () =>
  withArchive(async ({ bucket, store, run }) => {
    const keys = await putArchives(store, 10, { start: START, minutes: 90 });
    const wanted = [keys[7]!, keys[2]!, keys[3]!];
    const list = join(bucket, "..", "keys.txt");
    await Deno.writeTextFile(list, wanted.join("\n"));
    const file = await run("cat", ["--keys-from", list]);
    deepStrictEqual([file.code, keysIn(file.stdout)], [0, wanted]);
    const pipe = await run("cat", ["--keys-from", "-"], { stdin: `${wanted.join("\n")}\n` });
    deepStrictEqual(pipe, file);
    const { stdout: all } = await run("ls", ["--json"]);
    const json = await run("cat", ["--keys-from", "-"], { stdin: all });
    deepStrictEqual(keysIn(json.stdout), keys);
    const { stdout: tabs } = await run("ls");
    deepStrictEqual(await run("cat", ["--keys-from", "-"], { stdin: tabs }), json);
    const none = await run("cat", ["--keys-from", "-"], { stdin: "" });
    deepStrictEqual([none.code, none.stdout, none.stderr], [0, "", ""]);
  }));

Deno.test("cat --keys-from needs neither a stream nor a configuration, nor days", () =>
  withArchive(async ({ bucket, store }) => {
    const keys = [
      ...await putArchives(store, 2, { start: START }),
      ...await putArchives(store, 1, { start: START, stream: "hits" }),
    ];
    const args = ["cat", "--bucket", `file://${bucket}`, "--keys-from", "-"];
    const { code, stdout } = await runCommand(args, { stdin: keys.join("\n") });
    deepStrictEqual([code, keysIn(stdout)], [0, keys]);
  }));

Deno.test("cat --keys-from works with --part, --limit and --with-key", () =>
  withArchive(async ({ store, run }) => {
    const keys = (await putArchives(store, 12, { start: START })).toReversed();
    const stdin = keys.join("\n");
    const part = await run("cat", ["--keys-from", "-", "--part", "2/3"], { stdin });
    deepStrictEqual(
      keysIn(part.stdout),
      keys.filter((key) => isInPart(key, { number: 2, of: 3 })),
    );
    const first = await run("cat", ["--keys-from", "-", "--limit", "5"], { stdin });
    deepStrictEqual(keysIn(first.stdout), keys.slice(0, 5));
    const keyed = await run("cat", ["--keys-from", "-", "--limit", "1", "--with-key"], { stdin });
    deepStrictEqual(JSON.parse(keyed.stdout), { _file: keys[0], _index: 0, i: 11, key: keys[0] });
  }));

Deno.test("cat --keys-from names a key that there is not, and its line", () =>
  withArchive(async ({ bucket, store, run }) => {
    const [key] = await putArchives(store, 1, { start: START });
    const unknown = "20260101/clicks-store-7.tri";
    const fails = async (lines: string[], ...args: string[]) => {
      const { code, stdout, stderr } = await run("cat", ["--keys-from", "-", ...args], {
        stdin: lines.join("\n"),
      });
      equal(code, 1);
      return [keysIn(stdout), stderr];
    };
    deepStrictEqual(await fails([key!, "", unknown, key!]), [
      [key],
      `triton: Cannot find "${unknown}" (line 3 of standard input): there is no such archive in ` +
      `file://${bucket}\n`,
    ]);
    const other = "20260101/hits-store-7.tri";
    deepStrictEqual(await fails([other]), [
      [],
      `triton: Cannot use "${other}" (line 1 of standard input): it is of stream "hits", not of ` +
      '"clicks"\n',
    ]);
    const { code, stderr } = await run("cat", ["--keys-from", "/nowhere/keys"]);
    deepStrictEqual([code, stderr], [
      1,
      'triton: Cannot read the keys in "/nowhere/keys": no such file\n',
    ]);
  }));

Deno.test("cat refuses FILE arguments with what selects archives of a bucket", async () => {
  for (const option of [["--part", "1/2"], ["--keys-from", "-"]]) {
    const { code, stderr } = await runCommand(["cat", "a.tri", ...option]);
    equal(code, 2);
    match(stderr, /Cannot cat FILE arguments with --part or --keys-from, which need a bucket/);
  }
});

Deno.test("cat --with-key names a file by its path, and begins to count in each", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = join(directory, "two.tri");
    await Deno.writeFile(path, archiveOf([{ n: 1 }, { _file: "own", _index: 9 }]));
    const { code, stdout } = await runCommand(["cat", "--with-key", path, path]);
    const lines = [
      `{"_file":"${path}","_index":0,"n":1}`,
      `{"_file":"${path}","_index":1,"__file":"own","__index":9}`,
    ];
    deepStrictEqual([code, stdout], [0, `${[...lines, ...lines].join("\n")}\n`]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
