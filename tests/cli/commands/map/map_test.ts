import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { openLedger } from "../../../../src/exports/checkpoint.ts";
import { fileOf, keyOf, shardId } from "../../../archive/chain_archives.ts";
import { fileAt, fileOfOthers, HOUR, hourlyFiles } from "../../../archive/map/map_files.ts";
import { withArchive } from "../../archive_place.ts";

Deno.test("triton map draws shards over time, and says that nothing is wrong", () =>
  withArchive(async ({ put, run, bucket }) => {
    await put(
      ...hourlyFiles({ shard: 0, to: 8, perHour: 4 }),
      ...hourlyFiles({ shard: 1, from: 2, to: 6, perHour: 1 }),
    );
    const { code, stdout, stderr } = await run("map");
    deepStrictEqual([code, stderr], [0, ""]);
    deepStrictEqual(
      stdout.replace(/, [\d.]+ kB/, ""),
      [
        `clicks in file://${bucket}`,
        "2026-01-01 00:00 to 2026-01-01 08:00 UTC, 1 hour a column",
        "12 files, 36 events",
        "",
        "           01-01                         06h         events",
        "all        ▇▇▇▇ ▇▇▇▇ ████ ████ ████ ████ ▇▇▇▇ ▇▇▇▇       36",
        "shard 0    ████ ████ ████ ████ ████ ████ ████ ████       32",
        "shard 1              ▃▃▃▃ ▃▃▃▃ ▃▃▃▃ ▃▃▃▃                  4",
        "",
        "▁ to █ up to 4 events a column   · nothing arrived",
        "",
        "Nothing is wrong.",
        "  The last record arrived at 2026-01-01 07:44, 1d16h ago",
        "  With --checkpoint-db, also recorded gaps, a missing last file and the parents of shards",
        "",
      ].join("\n"),
    );
  }));

Deno.test("triton map says which shard, which hours, and which command to run next", () =>
  withArchive(async ({ put, run, store }) => {
    const files = hourlyFiles({ to: 9 });
    await put(
      ...files.filter((_, hour) => hour !== 4 && hour !== 6),
      { ...fileAt(1, undefined, 3 * HOUR, -(3 * HOUR + 5)), at: 3 * 3600 + 50 },
    );
    await store.put(keyOf(files[6]!), fileOf(files[6]!).slice(0, -5));
    const { code, stdout } = await run("map", ["--client-name", "store"]);
    equal(code, 0);
    const lines = stdout.split("\n");
    match(
      lines.find((line) => line.startsWith("shard 0"))!,
      /^shard 0 {10}████ ████ ████ ████ ×××× ████ ×××× ████ ████ /,
    );
    match(lines.find((line) => line.startsWith("shard 1"))!, / qqqq /);
    match(lines.find((line) => line.startsWith("no shards known"))!, / !!!! /);
    const [key3, key5, key6, key7] = [3, 5, 6, 7].map((hour) => keyOf(files[hour]!));
    ok(lines.includes(
      `× shard 0, 2026-01-01 03:29 to 05:00: a file is missing between ${key3} and ${key5}`,
    ));
    ok(lines.includes(
      `× shard 0, 2026-01-01 05:29 to 07:00: a file is missing between ${key5} and ${key7}`,
    ));
    ok(lines.some((line) => line.startsWith(`! 2026-01-01 07:00: ${key6}: Cannot read chunk`)));
    ok(lines.includes("q 1 record in quarantine: shard 1 (1), 2026-01-01 03:00 to 04:00"));
    const options = "--stream clicks --start-date 20260101 --end-date 20260101";
    const next = lines.filter((line) => line.startsWith("triton "));
    deepStrictEqual(next, [
      `triton verify ${options} --client-name store`,
      `triton verify ${options} --deep --client-name store`,
      `triton quarantine ${options} --client-name store`,
    ]);
    for (const command of next) {
      const [, name, ...args] = command.split(" ");
      const { code } = await run(name!, args.slice(2));
      equal(code, 1, command); // because of the damaged file
    }
  }));

Deno.test("triton map names a missing file once, whatever shards it had records of", () =>
  withArchive(async ({ put, run }) => {
    const shards = (hour: number) => ({
      shards: Object.fromEntries([0, 1, 2].map((shard) => {
        const at = (hour: number) => hour * HOUR + 1_000 + shard;
        return [shard, [hour === 0 ? undefined : at(hour - 1), at(hour)] as const];
      })),
      at: hour * 3600 + 3599,
    });
    await put(...[0, 1, 3].map(shards));
    const { stdout } = await run("map");
    const found = stdout.split("\n").filter((line) => line.startsWith("× "));
    deepStrictEqual(found, [
      "× shard 0, shard 1, shard 2, 2026-01-01 01:00 to 03:00: a file is missing between " +
      `${keyOf(shards(1))} and ${keyOf(shards(3))}`,
    ]);
  }));

Deno.test("triton map takes parents, gaps and the last position from the database", () =>
  withArchive(async ({ put, run, database }) => {
    await put(
      ...hourlyFiles({ shard: 0, to: 3 }),
      ...hourlyFiles({ shard: 1, from: 3, to: 5 }),
      ...hourlyFiles({ shard: 2, from: 3, to: 5 }),
    );
    const guessed = await run("map");
    match(guessed.stdout, /^shard 0 .*┐/m);
    match(
      guessed.stdout,
      /shard 0 was split into shard 1, shard 2, by the times of their records$/m,
    );
    {
      await using ledger = await openLedger(database, { client: "store", stream: "clicks" });
      const start = { type: "trim-horizon" } as const;
      await ledger.addShards([
        { shardId: shardId(0), parents: [], start },
        { shardId: shardId(1), parents: [shardId(0)], start },
        { shardId: shardId(2), parents: [], start },
      ]);
    }
    const { stdout } = await run("map", ["--checkpoint-db", database]);
    match(stdout, /^ {2}2026-01-01 03:00: shard 0 was split into shard 1$/m);
    match(stdout, /^shard 1 .*┌/m);
    ok(!/^shard 2 .*┌/m.test(stdout));
    ok(!stdout.includes("--checkpoint-db"));
  }));

Deno.test("triton map shows a gap, how to accept it, and that it was accepted", () =>
  withArchive(async ({ put, run, database }) => {
    await put(...hourlyFiles({ to: 2 }), ...hourlyFiles({ from: 5, to: 6 }));
    await (await openLedger(database, { client: "store", stream: "clicks" }))
      [Symbol.asyncDispose]();
    const known = ["--checkpoint-db", database];
    const { stdout } = await run("map", known);
    match(stdout, /^shard 0 {4}████ ████ oooo oooo oooo ████ {8}6$/m);
    match(stdout, /^o shard 0, 2026-01-01 01:29 to 05:00: records are in no file: /m);
    const [, command] = /^(triton checkpoint accept-gap .*)$/m.exec(stdout)!;
    const [, , , id, , , ...args] = command!.split(" ");
    const accepted = await run("checkpoint accept-gap", [
      ...[id!, ...args, ...known, "--by", "ops", "--reason", "a drill"],
    ]);
    equal(accepted.code, 0, accepted.stderr);
    const after = (await run("map", known)).stdout;
    match(after, /^shard 0 {4}████ ████ ---- ---- ---- ████ {8}6$/m);
    match(after, /records are in no file, as was accepted by ops: a drill$/m);
    ok(!after.includes("accept-gap"));
  }));

Deno.test("triton map fits the terminal, and has colours only there", () =>
  withArchive(async ({ put, run }) => {
    await put(...hourlyFiles({ to: 47 }).filter((_, hour) => hour !== 20));
    for (const columns of [40, 60, 80, 133, 200]) {
      const { stdout } = await run("map", [], { stdoutIsTerminal: true, columns });
      ok(stdout.includes("\x1b[31m×"));
      const lines = stripVTControlCharacters(stdout).split("\n");
      const picture = lines.slice(3, lines.findIndex((line) => line.startsWith("× ")));
      ok(picture.length > 4);
      for (const line of picture) ok(line.length <= columns, `${columns}: ${line}`);
      const sentences = lines.slice(3 + picture.length, lines.findIndex((line) => /^#/.test(line)));
      ok(sentences.length > 2);
      for (const line of sentences.filter((line) => !line.includes("/"))) { // a key stays whole
        ok(line.length <= columns, `${columns}: ${line}`);
      }
    }
    for (const world of [{}, { stdoutIsTerminal: true, env: { NO_COLOR: "1" } }]) {
      ok(!(await run("map", [], world)).stdout.includes("\x1b"));
    }
  }));

Deno.test("triton map shows all of a long time, with years, though a clock was wrong by decades", () =>
  withArchive(async ({ put, run }) => {
    await put(fileAt(0, undefined, 1), fileAt(0, 1, 80 * 364 * 24 * HOUR));
    for (const columns of [40, 80]) {
      const { stdout } = await run("map", [], { stdoutIsTerminal: true, columns });
      const [, span, , , head, row] = stripVTControlCharacters(stdout).split("\n");
      match(span!, /^202\d-.* to 21\d\d-.* UTC, \d+ weeks a column$/);
      match(head!, /^ {11}202\d-\d\d .*events$/);
      match(row!, /^shard 0 {4} *█·+█ +2$/);
    }
  }));

Deno.test("triton map pads names by their width, and names a shard once", () =>
  withArchive(async ({ put, run, database }) => {
    const broken = (client: string) =>
      hourlyFiles({ to: 6 }).filter((_, hour) => hour !== 2 && hour !== 4)
        .map((file) => ({ ...file, client }));
    await put(...broken("東京🎉"), ...broken("store"));
    await (await openLedger(database, { client: "store", stream: "clicks" }))
      [Symbol.asyncDispose]();
    const known = ["--checkpoint-db", database];
    const { stdout } = await run("map", known);
    match(stdout, /^store shard 0 {3}████ ████ ×/m);
    match(stdout, /^東京🎉 shard 0 {2}████ ████ ×/m);
    const verify = await run("verify", ["--client-name", "store", "--json"]);
    for (const { id } of JSON.parse(verify.stdout).problems) {
      await run(`checkpoint accept-gap ${id}`, [...known, "--by", "ops"]);
    }
    match(
      (await run("map", known)).stdout,
      /^- store shard 0, 2026-01-01 01:29 to 05:00: .* was accepted by ops$/m,
    );
  }));

Deno.test("triton map has one row for files whose shards nobody knows", () =>
  withArchive(async ({ run, store }) => {
    const events = await fileOfOthers();
    await store.put("20260101/clicks-archive-1767225600.tri", events);
    await store.put("20260102/clicks-shardId-000000000001-1767312000.tri", events);
    const { code, stdout } = await run("map");
    equal(code, 0);
    match(stdout, /^no shards known .*\?/m);
    match(stdout, /^ {2}2 files without a manifest, such as those of go-triton/m);
    ok(!/^(all|shard)/m.test(stdout));
  }));

Deno.test("triton map --json prints one object with what is drawn", () =>
  withArchive(async ({ put, run }) => {
    await put(...hourlyFiles({ to: 3 }).filter((_, hour) => hour !== 1));
    const { code, stdout } = await run("map", ["--json", "--by", "hour"]);
    equal(code, 0);
    equal(stdout.split("\n").length, 2);
    const map = JSON.parse(stdout);
    deepStrictEqual(
      [map.stream, map.start, map.slotMs, map.slots, map.files, map.events],
      ["clicks", "2026-01-01T00:00:00.000Z", HOUR, 3, 2, 4],
    );
    const [row] = map.rows;
    deepStrictEqual([row.client, row.shardId, row.events], ["store", shardId(0), 4]);
    deepStrictEqual(row.cells[1], {
      ...{ slot: 1, files: 0, events: 0, quarantined: 0, size: 0, marks: ["missing"] },
    });
    equal(map.findings[0].mark, "missing");
  }));

Deno.test("triton map of no archive says so, and refuses what makes no sense", () =>
  withArchive(async ({ run }) => {
    const none = await run("map");
    deepStrictEqual([none.code, none.stdout], [0, ""]);
    equal(none.stderr, "triton: No archives of clicks found\n");
    deepStrictEqual(JSON.parse((await run("map", ["--json"])).stdout).rows, []);
    equal((await run("map", ["--by", "week"])).code, 2);
    equal((await run("map", ["--start-date", "20260102", "--end-date", "20260101"])).code, 2);
  }));

Deno.test("triton map escapes what would do something to the terminal", () =>
  withArchive(async ({ run, store }) => {
    await store.put("20260101/clicks-a\u009b\u202eb-1767225600.tri", new Uint8Array());
    const { stdout } = await run("map");
    match(stdout, /clicks-a\\u009b\\u202eb-1767225600\.tri/);
    ok(!/[\u009b\u202e]/.test(stdout));
  }));
