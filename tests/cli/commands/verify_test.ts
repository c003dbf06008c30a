import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { existsSync } from "node:fs";
import { openCheckpointer, openLedger } from "../../../src/exports/checkpoint.ts";
import { isInPart } from "../../../src/archive/mod.ts";
import { VirtualClock } from "../../../src/base/clock.ts";
import type { SequenceNumber } from "../../../src/base/record.ts";
import { chainOf, fileOf, keyOf, shardId, START } from "../../archive/chain_archives.ts";
import { withArchive } from "../archive_place.ts";

Deno.test("triton verify reports that an archive is whole, and what it contains", () =>
  withArchive(async ({ put, run }) => {
    const chain = chainOf(3);
    await put(...chain, { shards: { 1: [undefined, 1, -2] }, at: 60, client: "other" });
    const { code, stdout, stderr } = await run("verify");
    deepStrictEqual([code, stderr], [0, ""]);
    const lines = stdout.split("\n");
    match(lines[0]!, /^stream {6}clicks, all days$/);
    match(lines[1]!, /^files {7}4, [\d.]+ kB$/);
    match(lines[2]!, /^events {6}7, \d+ bytes uncompressed$/);
    match(lines[3]!, /^quarantine {2}1 record in 1 file; run triton quarantine to list them$/);
    match(lines[5]!, /^client {2}shard {17}files {2}events {2}first arrival/);
    match(lines[7]!, /^store {3}shardId-000000000000 {6}3 {7}6 .* 6$/);
    deepStrictEqual(lines.slice(8), ["", "The archive is whole.", ""]);
    const some = await run("verify", [
      "--client-name",
      "other",
      "--start-date",
      "20260101",
      "--deep",
    ]);
    equal(some.code, 0);
    match(some.stdout, /^stream {6}clicks, 20260101 to today$/m);
    match(some.stdout, /^files {7}1,/m);
  }));

Deno.test("triton verify prints a line for each problem, and exits with 1", () =>
  withArchive(async ({ put, run, store }) => {
    const [first, second, third] = chainOf(3);
    await put(first!, third!);
    await store.put(keyOf(second!), fileOf(second!).slice(0, -5));
    const { code, stdout, stderr } = await run("verify");
    equal(code, 1);
    equal(stderr, "triton: The archive is not whole: 2 problems\n");
    match(
      stdout,
      /^damaged: 20260101\/clicks-store-1767229200\.tri: Cannot read chunk at offset 70: /m,
    );
    match(
      stdout,
      /^gap a6670d5f9eac: store shardId-000000000000 20\S+ and 20\S+: no file holds what lies between 2 and 4$/m,
    );
    ok(!stdout.includes("is whole"));
    const beforeWrite = () => {
      throw new Deno.errors.BrokenPipe();
    };
    equal((await run("verify", [], { beforeWrite })).code, 1); // as of `triton verify | head`
  }));

Deno.test("triton verify --deep finds a flipped bit of an event", () =>
  withArchive(async ({ run, store }) => {
    const [spec] = chainOf(1);
    const bytes = fileOf(spec!);
    bytes[60]! ^= 1;
    await store.put(keyOf(spec!), bytes);
    equal((await run("verify")).code, 0);
    const { code, stdout } = await run("verify", ["--deep"]);
    equal(code, 1);
    match(stdout, /^damaged: .*offset/m);
  }));

Deno.test("triton verify lists what the database recorded, and writes nothing to it", () =>
  withArchive(async ({ put, run, database }) => {
    await put(
      { shards: { 0: [undefined, 1, 2] }, at: 0 },
      { shards: { 0: [undefined, 9] }, at: 3600 },
    );
    equal((await run("verify")).code, 1);
    ok(!existsSync("triton.db"), "no database is made unless one is named");
    const missing = await run("verify", ["--checkpoint-db", database]);
    equal(missing.code, 1);
    match(missing.stderr, /Cannot open the checkpoint database/);
    {
      await using ledger = await openLedger(database, { client: "store", stream: "clicks" });
      await ledger.recordGap({
        ...{ stream: "clicks", shardId: shardId(0), after: "2" as SequenceNumber },
        ...{ until: undefined, reason: "skipped", recordedAt: new Date(START) },
      });
      await ledger.adopt(new Map([[shardId(0), { checkpoint: "9" as SequenceNumber }]]));
    }
    const known = await run("verify", [], { env: { TRITON_DB: database } });
    equal(known.code, 1);
    equal(known.stderr, "triton: The archive is not whole: 1 recorded gap\n");
    match(
      known.stdout,
      /^recorded gap 57dee0b509c2: store shardId-000000000000 after 2: skipped, noticed 2026-01-01T00:00:00Z$/m,
    );
    equal((await run("verify", ["--checkpoint-db", database, "--accept-gaps"])).code, 0);
  }));

Deno.test("triton verify distinguishes a lost shard from one that a consumer reads", () =>
  withArchive(async ({ put, run, database }) => {
    await put(...chainOf(1));
    const verify = () => run("verify", ["--checkpoint-db", database]);
    {
      await using consumer = await openCheckpointer(database, { client: "billing" });
      await consumer.save("clicks", new Map([[shardId(1), "9" as SequenceNumber]]));
    }
    equal((await verify()).code, 0);
    {
      await using ledger = await openLedger(database, { client: "store", stream: "clicks" });
      await ledger.adopt(new Map([[shardId(1), { checkpoint: "9" as SequenceNumber }]]));
    }
    const { code, stdout } = await verify();
    equal(code, 1);
    match(
      stdout,
      /^gap [0-9a-f]{12}: store shardId-000000000001: the database says that it is archived up to 9/m,
    );
  }));

Deno.test("triton verify --json prints one object, also when the archive is not whole", () =>
  withArchive(async ({ put, run }) => {
    await put(chainOf(3)[0]!, chainOf(3)[2]!);
    const { code, stdout } = await run("verify", ["--json"]);
    equal(code, 1);
    const report = JSON.parse(stdout);
    deepStrictEqual([report.whole, report.files, report.problems[0].type], [false, 2, "gap"]);
    equal(report.shards[0].lastArrival, "2026-01-01T00:00:00.006Z");
  }));

Deno.test("triton verify shows progress on a terminal", () =>
  withArchive(async ({ put, run }) => {
    await put(...chainOf(3));
    const clock = new VirtualClock({ now: START + 2 * 86_400_000 });
    const now = clock.now.bind(clock);
    let asked = 0;
    clock.now = () => now() + 1000 * asked++;
    const { stderr } = await run("verify", [], { isTerminal: true, clock });
    match(stderr, /verified \d files, /);
    ok(stderr.endsWith("\r\x1b[K"));
  }));

Deno.test("triton verify of no archive at all exits with 1, unless --allow-empty", () =>
  withArchive(async ({ put, run }) => {
    await put(...chainOf(1));
    const { code, stdout, stderr } = await run("verify", ["--client-name", "stor"]);
    equal(code, 1);
    ok(!stdout.includes("is whole"));
    match(stderr, /not whole: no archives found; check the stream, .* or pass --allow-empty$/m);
    const allowed = await run("verify", ["--client-name", "stor", "--allow-empty"]);
    deepStrictEqual([allowed.code, allowed.stderr], [0, ""]);
    match(allowed.stdout, /^The archive is whole\.$/m);
  }));

Deno.test("triton verify reports missing options", () =>
  withArchive(async ({ run }) => {
    const noBucket = await run("verify", [], { env: { TRITON_BUCKET: "" } });
    equal(noBucket.code, 2);
    match(noBucket.stderr, /pass --bucket or set TRITON_BUCKET/);
    const order = await run("verify", ["--start-date", "20260102", "--end-date", "20260101"]);
    equal(order.code, 2);
    match(order.stderr, /--end-date is before --start-date/);
    equal((await run("verify", ["--start-date", "yesterday"])).code, 2);
  }));

Deno.test("triton verify --part and --keys-from verify some files, and name what they verified", () =>
  withArchive(async ({ put, run }) => {
    const keys = await put(...chainOf(4));
    const part = keys.filter((key) => isInPart(key, { number: 1, of: 2 }));
    const { code, stdout } = await run("verify", ["--part", "1/2", "--deep"]);
    equal(code, 0);
    match(stdout, /^stream +clicks, all days, part 1\/2$/m);
    match(stdout, new RegExp(`^files +${part.length}, `, "m"));
    match(stdout, /^Part 1\/2 of the archive is whole\.$/m);
    const args = ["--keys-from", "-", "--json"];
    const one = await run("verify", args, { stdin: keys[2]! });
    const { files, otherFiles, events, whole } = JSON.parse(one.stdout);
    deepStrictEqual({ files, otherFiles, events, whole }, {
      ...{ files: 1, otherFiles: 3, events: 2, whole: true },
    });
    const text = await run("verify", ["--keys-from", "-"], { stdin: keys[2]! });
    match(text.stdout, /^These files are whole\.$/m);
    const unknown = "20260101/clicks-me-1.tri";
    const missing = await run("verify", args, { stdin: `${keys[0]}\n${unknown}` });
    equal(missing.code, 1);
    match(
      missing.stderr,
      /^triton: Cannot find "20260101\/clicks-me-1\.tri" \(line 2 of standard input\): there is no/,
    );
    const none = await run("verify", args);
    deepStrictEqual([none.code, none.stderr], [
      1,
      "triton: Cannot verify archives: the list of their keys is empty\n",
    ]);
  }));

Deno.test("triton verify --part exits with 1 if there is no archive, not if none is in its part", () =>
  withArchive(async ({ put, run }) => {
    const empty = await run("verify", ["--part", "1/9"]);
    equal(empty.code, 1);
    match(empty.stderr, /no archives found/);
    const [key] = await put(...chainOf(1));
    const parts = Array.from({ length: 9 }, (_, i) => ({ number: i + 1, of: 9 }));
    const other = parts.find((part) => !isInPart(key!, part))!;
    equal((await run("verify", ["--part", `${other.number}/9`])).code, 0);
  }));
