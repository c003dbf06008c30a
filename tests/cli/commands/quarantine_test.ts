import { deepStrictEqual, equal, match } from "node:assert/strict";
import { withArchive } from "../archive_place.ts";
import { fileOf, keyOf, shardId, START } from "../../archive/chain_archives.ts";
import { ArchiveBuilder } from "../../../src/codec/mod.ts";
import type { SequenceNumber } from "../../../src/base/record.ts";

const FIRST = { shards: { 0: [undefined, 1, -2] as const, 1: [undefined, -2] as const }, at: 0 };

Deno.test("cat and quarantine report an empty result on a terminal only", () =>
  withArchive(async ({ run }) => {
    const day = ["--start-date", "20260101"];
    const cat = await run("cat", day, { isTerminal: true });
    deepStrictEqual(cat, {
      ...{ code: 0, stdout: "", bytes: new Uint8Array() },
      stderr: "triton: No events of clicks on these days\n",
    });
    const quarantine = await run("quarantine", day, { isTerminal: true });
    deepStrictEqual(
      [quarantine.code, quarantine.stdout, quarantine.stderr],
      [0, "", "triton: No records of clicks are in quarantine\n"],
    );
    for (const command of ["cat", "quarantine"]) equal((await run(command, day)).stderr, "");
  }));

Deno.test("triton quarantine prints a line for each record that is not an event", () =>
  withArchive(async ({ put, run }) => {
    const [key] = await put(FIRST);
    const { code, stdout } = await run("quarantine");
    equal(code, 0);
    deepStrictEqual(stdout.split("\n"), [
      `shardId-000000000000\t2\t2026-01-01T00:00:00.002Z\t11\tkey-2\ttest\t${key}`,
      `shardId-000000000001\t2\t2026-01-01T00:00:00.002Z\t11\tkey-2\ttest\t${key}`,
      "",
    ]);
    const json = await run("quarantine", ["--json", "--shard", "shardId-000000000001"]);
    deepStrictEqual(JSON.parse(json.stdout), {
      shardId: "shardId-000000000001",
      sequenceNumber: "2",
      partitionKey: "key-2",
      arrivedAt: "2026-01-01T00:00:00.002Z",
      reason: "test",
      key,
      size: 11,
      data: btoa("no event -2"),
    });
  }));

Deno.test("triton quarantine --raw writes the bytes of one record", () =>
  withArchive(async ({ store, run }) => {
    const builder = new ArchiveBuilder();
    const data = crypto.getRandomValues(new Uint8Array(1000));
    const record = {
      shardId: shardId(0),
      sequenceNumber: "77" as SequenceNumber,
      arrivedAt: new Date(START),
      partitionKey: "a\tb\n\x7f",
      reason: "not a map",
    };
    builder.quarantine({ ...record, data });
    const header = { stream: "clicks", client: "store", program: "test", previous: new Map() };
    const createdAt = new Date(START);
    await store.put(keyOf(FIRST), builder.finish({ ...header, createdAt }));
    const { code, bytes } = await run("quarantine", ["--raw", "77"]);
    deepStrictEqual([code, bytes], [0, data]);
    const missing = await run("quarantine", ["--raw", "78"]);
    deepStrictEqual([missing.code, missing.bytes.length], [1, 0]);
    match(missing.stderr, /Cannot print record 78: it is not in quarantine/);
    const listed = await run("quarantine");
    match(listed.stdout, /\ta\\tb\\n\\u007f\tnot a map\t/);
    equal((await run("quarantine", ["--raw", "77", "--json"])).code, 2);
  }));

Deno.test("triton quarantine --raw reports an ambiguous record", () =>
  withArchive(async ({ put, run }) => {
    await put(FIRST);
    const both = await run("quarantine", ["--raw", "2"]);
    equal(both.code, 1);
    match(both.stderr, /there is one of shardId-000000000000 in .* pass --shard/);
    const one = await run("quarantine", ["--raw", "2", "--shard", "shardId-000000000001"]);
    deepStrictEqual([one.code, one.stdout], [0, "no event -2"]);
  }));

Deno.test("triton quarantine distinguishes the records of one aggregate", () =>
  withArchive(async ({ store, run }) => {
    const builder = new ArchiveBuilder();
    for (const [number, subSequenceNumber] of [["77", 1], ["77", 4], ["78", 5], ["78"]] as const) {
      const sequenceNumber = number as SequenceNumber;
      const position = { shardId: shardId(0), sequenceNumber, subSequenceNumber };
      const about = { arrivedAt: new Date(START), partitionKey: "k", reason: "not a map" };
      const data = Uint8Array.of(0x30 + (subSequenceNumber ?? 9));
      builder.quarantine({ ...position, ...about, data });
    }
    const header = { stream: "clicks", client: "store", program: "test", previous: new Map() };
    await store.put(keyOf(FIRST), builder.finish({ ...header, createdAt: new Date(START) }));
    const listed = await run("quarantine");
    deepStrictEqual(
      listed.stdout.trim().split("\n").map((line) => line.split("\t")[1]),
      ["77/1", "77/4", "78/5", "78"],
    );
    const json = (await run("quarantine", ["--json"])).stdout.trim().split("\n");
    deepStrictEqual(json.map((line) => JSON.parse(line).subSequenceNumber), [1, 4, 5, undefined]);
    const one = await run("quarantine", ["--raw", "77/4"]);
    deepStrictEqual([one.code, one.stdout], [0, "4"]);
    const whole = await run("quarantine", ["--raw", "78"]);
    deepStrictEqual([whole.code, whole.stdout], [0, "9"]);
    const both = await run("quarantine", ["--raw", "77"]);
    equal(both.code, 1);
    match(both.stderr, /there is 77\/1 of .* and 77\/4 of .*; pass --raw 77\/1, for example/);
  }));

Deno.test("triton quarantine names a file that is damaged, and exits with 1", () =>
  withArchive(async ({ store, run }) => {
    await store.put(keyOf(FIRST), fileOf(FIRST).slice(0, -1));
    const { code, stderr } = await run("quarantine");
    equal(code, 1);
    match(stderr, /^triton: Cannot read "20260101\/clicks-store-1767225600\.tri": /);
  }));
