import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { openLedger } from "../../../../src/exports/checkpoint.ts";
import type { SequenceNumber } from "../../../../src/base/record.ts";
import { chainOf, keyOf, shardId, START } from "../../../archive/chain_archives.ts";
import { type ArchivePlace, withArchive } from "../../archive_place.ts";

/** Puts an archive without the second of its files, and returns the ID of the gap. */
async function putGap({ put, run }: ArchivePlace): Promise<string> {
  await put(...chainOf(4).filter((_, at) => at !== 1));
  const { code, stdout } = await run("verify", ["--json"]);
  equal(code, 1);
  return JSON.parse(stdout).problems[0].id;
}

/** Creates the database of an archiver. */
async function createDatabase({ database }: ArchivePlace): Promise<void> {
  await using ledger = await openLedger(database, { client: "store", stream: "clicks" });
  await ledger.adopt(new Map([[shardId(0), { checkpoint: "8" as SequenceNumber }]]));
}

const env = { USER: "ada" };

Deno.test("triton verify --accept-gap accepts a gap in one run, and needs no database", () =>
  withArchive(async (place) => {
    const id = await putGap(place);
    const { code, stdout, stderr } = await place.run("verify", ["--accept-gap", id]);
    deepStrictEqual([code, stderr], [0, ""]);
    match(
      stdout,
      new RegExp(`^gap ${id}: store .*between 2 and 4; accepted with --accept-gap$`, "m"),
    );
    match(stdout, /\n\nEvery gap was accepted, and nothing else is missing\.\n$/);
    const plain = await place.run("verify");
    equal(plain.code, 1);
    match(
      plain.stdout,
      /\n\nA gap that cannot be filled can be accepted by its ID: with --accept-gap /,
    );
    equal(stdout.includes("cannot be filled"), false);
    const json = JSON.parse((await place.run("verify", ["--accept-gap", id, "--json"])).stdout);
    deepStrictEqual([json.whole, json.acceptable, json.problems[0].accepted], [false, true, {}]);

    // The same gap, but larger.
    await Deno.remove(`${place.bucket}/${keyOf(chainOf(4)[2]!)}`);
    const grown = await place.run("verify", ["--accept-gap", id]);
    equal(grown.code, 2);
    match(
      grown.stderr,
      new RegExp(`^triton: Cannot verify: .* not have gap ${id}; a gap that has`),
    );
    match(grown.stdout, /^gap [0-9a-f]{12}: store .*between 2 and 6$/m);
  }));

Deno.test("triton verify refuses IDs that are none, or of no gap, by name", () =>
  withArchive(async (place) => {
    const id = await putGap(place);
    const wrong = await place.run("verify", ["--accept-gap", id.slice(1)]);
    equal(wrong.code, 2);
    match(wrong.stderr, new RegExp(`'${id.slice(1)}' is invalid. Use the ID of a gap`));
    const [a, b] = ["0123456789ab", "ba9876543210"] as const;
    const two = await place.run("verify", [
      "--accept-gap",
      id,
      "--accept-gap",
      a,
      "--accept-gap",
      b,
    ]);
    equal(two.code, 2);
    match(two.stderr, /not have the gaps 0123456789ab, ba9876543210;/);
    // Each part has only some of the gaps: the same command line is for all of them.
    const codes = [];
    for (const part of ["1/2", "2/2"]) {
      codes.push((await place.run("verify", ["--part", part, "--accept-gap", id])).code);
    }
    deepStrictEqual(codes, [0, 0]);
  }));

Deno.test("triton checkpoint accept-gap prints no escape sequence of a reason", () =>
  withArchive(async (place) => {
    const id = await putGap(place);
    await createDatabase(place);
    const run = (...args: string[]) =>
      place.run(`checkpoint accept-gap ${id}`, ["--checkpoint-db", place.database, ...args], {
        env,
      });
    await run("--reason", "a\nb \x1b[31m");
    match((await run()).stdout, /^[^\n]* \(a\\nb \\u001b\[31m\) already\n$/);
    match((await run("--undo")).stdout, /^[^\n]* \(a\\nb \\u001b\[31m\)\n$/);
  }));

Deno.test("triton checkpoint accept-gap keeps that a gap was accepted, and --undo takes it back", () =>
  withArchive(async (place) => {
    const id = await putGap(place);
    await createDatabase(place);
    const database = ["--checkpoint-db", place.database];
    const verify = () => place.run("verify", database);
    equal((await verify()).code, 1);
    const reason = ["--reason", "deleted by mistake"];
    const accepted = await place.run(`checkpoint accept-gap ${id}`, [...database, ...reason], {
      env,
    });
    deepStrictEqual(
      [accepted.code, accepted.stdout, accepted.stderr],
      [0, `Gap ${id} of ${shardId(0)} is accepted\n`, ""],
    );
    const { code, stdout, stderr } = await verify();
    deepStrictEqual([code, stderr], [0, ""]);
    match(stdout, /between 2 and 4; accepted by ada, 2026-01-03T00:00:00Z: deleted by mistake$/m);
    const again = await place.run(`checkpoint accept-gap ${id}`, [...database, "--by", "bob"]);
    match(
      again.stdout,
      /was accepted by ada, 2026-01-03T00:00:00Z \(deleted by mistake\) already$/m,
    );

    const undo = await place.run(`checkpoint accept-gap ${id}`, [...database, "--undo"], { env });
    deepStrictEqual([undo.code, undo.stderr], [0, ""]);
    match(undo.stdout, /is no longer accepted; it was accepted by ada, /);
    equal((await verify()).code, 1);
    const none = await place.run(`checkpoint accept-gap ${id}`, [...database, "--undo"], { env });
    equal(none.code, 2);
    match(none.stderr, new RegExp(`gap ${id} of client "store" in "clicks" is not accepted`));
  }));

Deno.test("triton checkpoint accept-gap accepts a recorded gap without looking at the archive", () =>
  withArchive(async (place) => {
    await place.put(
      { shards: { 0: [undefined, 1, 2] }, at: 0 },
      { shards: { 0: [undefined, 9] }, at: 3600 },
    );
    {
      await using ledger = await openLedger(place.database, { client: "store", stream: "clicks" });
      await ledger.recordGap({
        ...{ stream: "clicks", shardId: shardId(0), after: "2" as SequenceNumber },
        ...{ until: "9" as SequenceNumber, reason: "retention", recordedAt: new Date(START) },
      });
    }
    const database = ["--checkpoint-db", place.database];
    const { stdout } = await place.run("verify", [...database, "--json"]);
    const [{ id }] = JSON.parse(stdout).gaps;
    const noBucket = { env: { ...env, TRITON_BUCKET: "" } };
    const accepted = await place.run(`checkpoint accept-gap ${id}`, database, noBucket);
    deepStrictEqual([accepted.code, accepted.stderr], [0, ""]);
    const verified = await place.run("verify", database);
    equal(verified.code, 0);
    match(verified.stdout, /^recorded gap .*: retention, noticed .*; accepted by ada, /m);

    const unknown = await place.run("checkpoint accept-gap 0123456789ab", database, noBucket);
    equal(unknown.code, 2);
    match(unknown.stderr, /gap 0123456789ab is not recorded in the database; pass --bucket/);
    const mistyped = await place.run("checkpoint accept-gap 0123456789ab", database, { env });
    equal(mistyped.code, 2);
    match(mistyped.stderr, /the archive does not have gap 0123456789ab; /);
  }));

Deno.test("triton checkpoint accept-gap needs a database, and somebody who decides", () =>
  withArchive(async (place) => {
    const id = await putGap(place);
    const database = ["--checkpoint-db", place.database];
    const missing = await place.run(`checkpoint accept-gap ${id}`, database, { env });
    equal(missing.code, 1);
    match(missing.stderr, /there is no such file/);
    await createDatabase(place);
    const nobody = await place.run(`checkpoint accept-gap ${id}`, database);
    equal(nobody.code, 2);
    match(nobody.stderr, /^triton: No name: pass --by/);
    ok((await place.run("checkpoint accept-gap", database)).stderr.includes("argument 'id'"));
  }));
