/** Which bucket the commands read that read an archive: it may be set in three places. */

import { deepStrictEqual, match } from "node:assert/strict";
import { join } from "node:path";
import { DirectoryObjectStore } from "../../src/objects/mod.ts";
import { chainOf, keyOf, putFiles } from "../archive/chain_archives.ts";
import { type ArchivePlace, withArchive } from "./archive_place.ts";

const [FIRST, SECOND] = chainOf(2);

/** Puts one file into the bucket of the environment, and another into that of the configuration. */
async function withTwo(
  test: (place: ArchivePlace, config: Record<string, string>) => Promise<void>,
): Promise<void> {
  await withArchive(async (place) => {
    const own = `${place.bucket}-own`;
    await Deno.mkdir(own);
    await place.put(FIRST!);
    await putFiles(new DirectoryObjectStore(own), SECOND!);
    const path = join(place.bucket, "..", "own.yaml");
    await Deno.writeTextFile(
      path,
      `clicks: { name: clicks, region: us-west-1, archive: { bucket: "file://${own}" } }\n`,
    );
    await test(place, { TRITON_CONFIG: path });
  });
}

const COMMANDS = ["ls", "verify", "cat --start-date 20260101", "quarantine"];

for (const command of COMMANDS) {
  Deno.test(`${command}: the bucket of the configuration comes before that of the environment`, () =>
    withTwo(async ({ bucket, run }, env) => {
      const own = await run(command, [], { env });
      const given = await run(command, ["--bucket", `file://${bucket}`], { env });
      const outside = await run(command);
      const explicit = await run(command, ["--bucket", `file://${bucket}-own`]);
      deepStrictEqual([own.stdout, own.stderr], [explicit.stdout, explicit.stderr]);
      deepStrictEqual([given.stdout, given.stderr], [outside.stdout, outside.stderr]);
    }));
}

Deno.test("ls reads the bucket of the configuration without any other", () =>
  withTwo(async ({ run }, env) => {
    const { code, stdout } = await run("ls", [], { env: { ...env, TRITON_BUCKET: "" } });
    deepStrictEqual([code, stdout.split("\t")[0]], [0, keyOf(SECOND!)]);
  }));

Deno.test("ls without a bucket anywhere says so", () =>
  withArchive(async ({ run }) => {
    const { code, stderr } = await run("ls", [], { env: { TRITON_BUCKET: "" } });
    deepStrictEqual(code, 2);
    match(stderr, /No bucket: pass --bucket or set TRITON_BUCKET/);
  }));
