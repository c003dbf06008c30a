import { deepEqual, deepStrictEqual, equal, match } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { formatArchiveKey } from "../../../../src/codec/mod.ts";
import { DirectoryObjectStore } from "../../../../src/objects/mod.ts";
import { archiveOf, putArchives } from "../../../archive/archives.ts";
import { jsonValues, pairsIn } from "../../../codec/json/values.ts";
import { runCommand } from "../../fake_context.ts";

const EVENTS = Array.from({ length: 5 }, (_, n) => ({ n, text: "x".repeat(20) }));
const LINES = EVENTS.map((event) => `${JSON.stringify(event)}\n`);

/** Runs a test with a new directory. */
async function withDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "triton-cat-" });
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Runs a test with an archive of five events in a file. */
function withFile(test: (path: string, bytes: Uint8Array) => Promise<void>): Promise<void> {
  return withDirectory(async (directory) => {
    const path = join(directory, "five.tri");
    const bytes = archiveOf(EVENTS);
    await Deno.writeFile(path, bytes);
    await test(path, bytes);
  });
}

/** Three consecutive archives; the only chunk of events in the second one is damaged. */
function damaged(): { bytes: Uint8Array; offset: number } {
  const [first, second, third] = EVENTS.map((event) => archiveOf([event]));
  const chunk = findEvents(second!);
  second![chunk + 4]! ^= 1; // the first byte of its checksum
  const bytes = new Uint8Array([...first!, ...second!, ...third!]);
  return { bytes, offset: first!.length + chunk };
}

/** Where in a file the first chunk of events is. */
function findEvents(file: Uint8Array): number {
  let at = 0;
  while (file[at]! > 1) at += 4 + file[at + 1]! + file[at + 2]! * 256 + file[at + 3]! * 65536;
  return at;
}

for (const folder of ["golden", "interop"]) {
  const directory = new URL(`../../../testdata/${folder}/`, import.meta.url);
  for (const { name, lines } of pairsIn(directory)) {
    Deno.test(`cat prints ${folder}/${name} as go-triton does`, async () => {
      const { code, stdout, stderr } = await runCommand(["cat", new URL(name, directory).pathname]);
      deepStrictEqual([code, stderr], [0, ""]);
      deepEqual(jsonValues(stdout), jsonValues(lines));
    });
  }
}

Deno.test("cat prints files, one after the other", () =>
  withFile(async (path) => {
    const { code, stdout } = await runCommand(["cat", path, path]);
    deepStrictEqual([code, stdout], [0, [...LINES, ...LINES].join("")]);
  }));

Deno.test("cat reads standard input for -", () =>
  withFile(async (path, bytes) => {
    const { code, stdout } = await runCommand(["cat", "-", path], { stdin: bytes });
    deepStrictEqual([code, stdout], [0, [...LINES, ...LINES].join("")]);
  }));

for (const [limit, files] of [[1, 1], [3, 1], [5, 1], [7, 2], [99, 2]] as const) {
  Deno.test(`cat --limit ${limit} prints that many of ${files * 5} events`, () =>
    withFile(async (path) => {
      const paths = Array.from({ length: files }, () => path);
      const { code, stdout } = await runCommand(["cat", "--limit", String(limit), ...paths]);
      deepStrictEqual([code, stdout], [0, [...LINES, ...LINES].slice(0, limit).join("")]);
    }));
}

Deno.test("cat stops at damage, and names the file and the offset", () =>
  withDirectory(async (directory) => {
    const path = join(directory, "bad.tri");
    const { bytes, offset } = damaged();
    await Deno.writeFile(path, bytes);
    const { code, stdout, stderr } = await runCommand(["cat", path]);
    deepStrictEqual([code, stdout], [1, LINES[0]]);
    match(stderr, /^triton: Cannot read ".*\/bad\.tri": [^\n]+\n$/);
    match(stderr, new RegExp(`\\b${offset}\\b`));
  }));

Deno.test("cat --salvage prints what is left, and exits with 1", () =>
  withDirectory(async (directory) => {
    const path = join(directory, "bad.tri");
    await Deno.writeFile(path, damaged().bytes);
    const { code, stdout, stderr } = await runCommand(["cat", "--salvage", path]);
    deepStrictEqual([code, stdout], [1, `${LINES[0]}${LINES[2]}`]);
    match(stderr, /^triton: .*\/bad\.tri: /);
    match(stderr, /triton: Parts of the archive are damaged; see above\n$/);
  }));

Deno.test("cat reports a missing file", async () => {
  const { code, stdout, stderr } = await runCommand(["cat", "/nowhere/a.tri"]);
  deepStrictEqual([code, stdout], [1, ""]);
  equal(stderr, 'triton: Cannot read "/nowhere/a.tri": no such file\n');
  const directory = await runCommand(["cat", "docs"]);
  equal(directory.code, 1);
  match(directory.stderr, /^triton: Cannot read "docs": it is a directory; pass the files in it/);
  const text = await runCommand(["cat", "README.md"]);
  equal(text.code, 1);
  match(text.stderr, /^triton: Cannot read "README.md": .* \(is it a .tri file\?\)$/m);
});

Deno.test("cat treats a closed pipe as success", () =>
  withFile(async (path) => {
    const { code, stderr } = await runCommand(["cat", path], {
      beforeWrite() {
        throw new Deno.errors.BrokenPipe();
      },
    });
    deepStrictEqual([code, stderr], [0, ""]);
  }));

Deno.test("cat prints a range of days of a bucket, of one client or of all", () =>
  withDirectory(async (directory) => {
    const store = new DirectoryObjectStore(directory);
    const config = join(directory, "triton.yaml");
    await Deno.writeTextFile(config, "hits:\n  name: clicks\n");
    const day = 24 * 60;
    await putArchives(store, 4, { start: "2015-07-10T23:59:59Z", minutes: day });
    await putArchives(store, 1, { start: "2015-07-11T12:00:00Z", client: "other" });
    const env = { TRITON_CONFIG: config, TRITON_BUCKET: `file://${directory}` };
    const cat = async (...args: string[]) => {
      const { code, stdout } = await runCommand(["cat", "--stream", "hits", ...args], { env });
      equal(code, 0);
      return jsonValues(stdout).map((event) => (event as { key: string }).key.slice(0, 22));
    };
    deepStrictEqual(await cat("--start-date", "20150709"), []);
    deepStrictEqual(await cat("--start-date", "20150711"), [
      "20150711/clicks-other-",
      "20150711/clicks-store-",
    ]);
    deepStrictEqual(
      await cat("--start-date", "20150711", "--end-date", "20150712", "--client-name", "store"),
      ["20150711/clicks-store-", "20150712/clicks-store-"],
    );
    deepStrictEqual(
      await cat("--start-date", "20150710", "--end-date", "20160101", "--limit", "1"),
      [
        "20150710/clicks-store-",
      ],
    );
  }));

Deno.test("cat names the damaged object of a bucket", () =>
  withDirectory(async (directory) => {
    const store = new DirectoryObjectStore(directory);
    const config = join(directory, "triton.yaml");
    await Deno.writeTextFile(config, "clicks:\n  name: clicks\n");
    const key = formatArchiveKey({ stream: "clicks", client: "store", createdAt: 1436553581 });
    await store.put(key, damaged().bytes);
    const env = { TRITON_CONFIG: config, TRITON_BUCKET: `file://${directory}` };
    const args = ["cat", "--stream", "clicks", "--start-date", "20150710"];
    const { code, stdout, stderr } = await runCommand(args, { env });
    deepStrictEqual([code, stdout], [1, LINES[0]]);
    match(stderr, new RegExp(`^triton: .*${key}`));
  }));

Deno.test("cat shows progress only on a terminal, if the data goes elsewhere", () =>
  withFile(async (path) => {
    const progress = async (
      isTerminal: boolean,
      stdoutIsTerminal: boolean,
      stdoutIsPipe = false,
    ) => {
      let now = 0;
      const clock = { now: () => now += 1_000, random: () => 0, sleep: () => Promise.resolve() };
      const world = { isTerminal, stdoutIsTerminal, stdoutIsPipe, clock };
      const { stderr } = await runCommand(["cat", path], world);
      return stderr;
    };
    equal(await progress(true, false), "\r\x1b[Kread 5 events, 150 bytes, 150 bytes/s\r\x1b[K");
    equal(await progress(true, true), "");
    equal(await progress(true, false, true), "", "a pager may be on the same terminal");
    equal(await progress(false, false), "");
    equal(await progress(false, true), "");
  }));

Deno.test("cat prints 1,707 earthquakes as they were", () =>
  withDirectory(async (directory) => {
    const url = new URL("../../../../examples/data/earthquakes.ndjson", import.meta.url);
    const lines = await readFile(url, "utf8");
    const path = join(directory, "earthquakes.tri");
    await Deno.writeFile(path, archiveOf(lines.trimEnd().split("\n").map((l) => JSON.parse(l))));
    const { code, stdout } = await runCommand(["cat", path]);
    equal(code, 0);
    deepEqual(jsonValues(stdout), jsonValues(lines));
  }));
