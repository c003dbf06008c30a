// deno-lint-ignore-file no-control-regex -- of terminals

import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { isInPart } from "../../../../src/archive/mod.ts";
import { EMPTY_ARCHIVE } from "../../../../src/codec/mod.ts";
import { DirectoryObjectStore } from "../../../../src/objects/mod.ts";
import { chainOf, keyOf } from "../../../archive/chain_archives.ts";
import { type ArchivePlace, withArchive } from "../../archive_place.ts";

const FILES = chainOf(2);
const [FIRST, SECOND] = FILES.map(keyOf) as [string, string];
const FOREIGN = "20260101/clicks-other-1767232800.tri";
const EMPTY = "20260101/clicks-store-1767236400.tri";
const DAMAGED = "20260102/clicks-store-1767312000.tri";

/** Two files of Triton, one of another program, an empty one and a truncated one. */
async function fill({ store, put }: ArchivePlace): Promise<{ whole: number; cut: number }> {
  await put(...FILES);
  const { size, bytes } = await sizeAndBytes(store, SECOND);
  await store.put(FOREIGN, EMPTY_ARCHIVE_WITH_PADDING);
  await store.put(EMPTY, EMPTY_ARCHIVE);
  await store.put(DAMAGED, bytes.subarray(0, bytes.length - 3));
  return { whole: size, cut: size - 3 };
}

/** A file without a manifest: the identifier, and a chunk of padding. */
const EMPTY_ARCHIVE_WITH_PADDING = new Uint8Array([...EMPTY_ARCHIVE, 0xfe, 2, 0, 0, 0, 0]);

async function sizeAndBytes(store: ArchivePlace["store"], key: string) {
  const bytes = await (await store.get(key)).bytes();
  return { size: bytes.length, bytes };
}

Deno.test("ls prints key, size and time of every archive, tab-separated", () =>
  withArchive(async (place) => {
    const { whole, cut } = await fill(place);
    const { code, stdout, stderr } = await place.run("ls");
    deepStrictEqual([code, stderr], [0, ""]);
    deepStrictEqual(stdout.trimEnd().split("\n").map((line) => line.split("\t")), [
      [FIRST, stdout.split("\t")[1], "2026-01-01T00:00:00Z"],
      [SECOND, String(whole), "2026-01-01T01:00:00Z"],
      [FOREIGN, "16", "2026-01-01T02:00:00Z"],
      [EMPTY, "10", "2026-01-01T03:00:00Z"],
      [DAMAGED, String(cut), "2026-01-02T00:00:00Z"],
    ]);
  }));

Deno.test("ls needs no request for a file, and ls --long one", () =>
  withArchive(async ({ put, run }) => {
    await put(FILES[0]!);
    const { get } = DirectoryObjectStore.prototype;
    const requests = async (...args: string[]) => {
      let gets = 0;
      DirectoryObjectStore.prototype.get = function (key, options) {
        gets++;
        return get.call(this, key, options);
      };
      const { code, stdout } = await run("ls", args);
      DirectoryObjectStore.prototype.get = get;
      deepStrictEqual([code, stdout.trimEnd().split("\n").length], [0, 1]);
      return gets;
    };
    deepStrictEqual([await requests(), await requests("--long")], [0, 1]);
  }));

Deno.test("ls --long prints what each manifest says, and which files have none", () =>
  withArchive(async (place) => {
    await fill(place);
    const { code, stdout, stderr } = await place.run("ls", ["--long"]);
    deepStrictEqual([code, stderr], [0, ""]);
    const rows = stdout.trimEnd().split("\n").map((line) => line.split("\t").slice(2));
    deepStrictEqual(rows[0]!.slice(0, 2), ["2", "1"]);
    for (const time of rows[0]!.slice(2)) match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    deepStrictEqual(rows.slice(2).map(([what]) => what), ["no manifest", "empty", "damaged"]);
  }));

Deno.test("ls --json --long prints the place of each shard in its chain", () =>
  withArchive(async (place) => {
    const { whole } = await fill(place);
    const { stdout } = await place.run("ls", ["--json", "--long", "--client-name", "store"]);
    const [, second, , damaged] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    const { modifiedAt: _, shards, bytes, ...rest } = second;
    deepStrictEqual(rest, {
      ...{ key: SECOND, day: "20260101", client: "store", size: whole },
      ...{ createdAt: "2026-01-01T01:00:00Z", type: "provable", program: "test" },
      ...{ events: 2, quarantined: 0 },
    });
    ok(bytes > 0);
    const { firstArrival: _first, lastArrival: _last, ...range } = shards[0];
    deepStrictEqual(shards.length, 1);
    deepStrictEqual(range, {
      ...{ shardId: "shardId-000000000000", previous: "2", first: "3", last: "4" },
      ...{ events: 2, quarantined: 0 },
    });
    deepStrictEqual([damaged.key, damaged.type], [DAMAGED, "damaged"]);
    equal(typeof damaged.error, "string");
  }));

Deno.test("ls --json prints only what it has read", () =>
  withArchive(async (place) => {
    await place.put(FILES[0]!);
    const { stdout } = await place.run("ls", ["--json"]);
    deepStrictEqual(Object.keys(JSON.parse(stdout)), [
      ...["key", "day", "client", "size", "createdAt", "modifiedAt"],
    ]);
  }));

Deno.test("ls accepts days and a client", () =>
  withArchive(async (place) => {
    await fill(place);
    const keys = async (...args: string[]) =>
      (await place.run("ls", args)).stdout.trimEnd().split("\n").map((line) => line.split("\t")[0]);
    deepStrictEqual(await keys("--start-date", "20260102"), [DAMAGED]);
    deepStrictEqual(await keys("--end-date", "20260101", "--client-name", "other"), [FOREIGN]);
  }));

Deno.test("ls prints a table with a total on a terminal", () =>
  withArchive(async (place) => {
    await fill(place);
    const terminal = { stdoutIsTerminal: true };
    const { code, stdout } = await place.run("ls", ["--long"], terminal);
    equal(code, 0);
    const plain = stdout.replace(/\x1b\[\d+m/g, "").split("\n");
    match(plain[0]!, /^key +size +events +shards +first arrival +last arrival$/);
    match(plain[1]!, /^20260101\/clicks-store-1767225600\.tri +\d+ bytes +2 +1 +2026/);
    match(
      plain[7]!,
      /^5 files, .*, 4 events, 1 without a manifest, 1 damaged: run triton verify/,
    );
    ok(stdout.includes("\x1b[31m"), "a damaged file is red");
    const none = await place.run("ls", ["--client-name", "nobody"], terminal);
    deepStrictEqual([none.code, none.stdout], [0, ""]);
    equal(none.stderr, "triton: No archives of clicks found\n");
  }));

for (const command of ["ls", "verify", "quarantine", "checkpoint recover"]) {
  Deno.test(`${command} rejects a first day in the future`, () =>
    withArchive(async (place) => {
      const args = ["--start-date", "20260104"];
      const { code, stderr } = await place.run(command, args, {
        env: { TRITON_DB: place.database, TRITON_CLIENT: "store" },
      });
      equal(code, 2);
      match(stderr, /^triton: Cannot read archives: --start-date 20260104 is in the future\n/);
    }));
}

Deno.test("ls --part and ls --keys-from list some of the archives", () =>
  withArchive(async (place) => {
    await fill(place);
    const keys = [FIRST, SECOND, FOREIGN, EMPTY, DAMAGED];
    const list = async (...args: string[]) => {
      const { code, stdout } = await place.run("ls", args, { stdin: keys.toReversed().join("\n") });
      equal(code, 0);
      return stdout.split("\n").slice(0, -1).map((line) => line.split("\t")[0]);
    };
    const ofPart = (number: number) => (key: string) => isInPart(key, { number, of: 2 });
    deepStrictEqual(await list("--part", "1/2"), keys.filter(ofPart(1)));
    deepStrictEqual(await list("--part", "2/2", "--long"), keys.filter(ofPart(2)));
    deepStrictEqual(await list("--keys-from", "-"), keys.toReversed());
    deepStrictEqual(
      await list("--keys-from", "-", "--part", "2/2"),
      keys.toReversed().filter(ofPart(2)),
    );
    const args = ["--keys-from", "-", "--json", "--long"];
    const { stdout } = await place.run("ls", args, { stdin: `${SECOND}\n${FIRST}` });
    const { stdout: all } = await place.run("ls", ["--json", "--long"]);
    deepStrictEqual(stdout.split("\n").slice(0, 2), all.split("\n").slice(0, 2).toReversed());
    const unknown = await place.run("ls", ["--keys-from", "-"], {
      stdin: "20260101/clicks-me-1.tri",
    });
    deepStrictEqual([unknown.code, unknown.stdout], [1, ""]);
    match(
      unknown.stderr,
      /^triton: Cannot find "20260101\/clicks-me-1\.tri" \(line 1 of standard input\)/,
    );
  }));
