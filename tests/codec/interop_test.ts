import { deepEqual, equal, ok } from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ArchiveBuilder } from "../../src/codec/tri/archive_builder.ts";
import { Timestamp } from "../../src/codec/msgpack/values.ts";
import { encodeEvent } from "../../src/codec/msgpack/encode.ts";
import { eventOf, HEADER, position, shard } from "./tri/archive_samples.ts";
import { jsonLinesOf, jsonValues, pairsIn } from "./json/values.ts";

// Debian's Python, which has Debian's packages, even if another Python is first in PATH.
const PYTHON = "/usr/bin/python3";
const SCRIPT = fileURLToPath(new URL("../support/interop.py", import.meta.url));
const hasModules = spawnSync(PYTHON, ["-c", "import snappy, msgpack"]).status === 0;

function interop(command: string, path: string): string {
  const env = { PYTHONDONTWRITEBYTECODE: "1", PYTHONIOENCODING: "utf-8" };
  return execFileSync(PYTHON, [SCRIPT, command, path], {
    env,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "triton-interop-"));
  try {
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** An archive of ours with everything that Python should skip or read. */
function ours(): Uint8Array {
  const builder = new ArchiveBuilder();
  const events = [
    { text: "to be or not to be ".repeat(100), u: 2n ** 64n - 1n, i: -(2n ** 63n), f: 0.1 },
    { time: new Timestamp(1436553581, 123456789), empty: {}, list: [1, [2, [3, null, true]]] },
    { bytes: new Uint8Array(300).fill(7), "héllo ☃ 😀": "😀" },
  ];
  const encoded = [...events.map((event) => encodeEvent(event)), eventOf(70_000), eventOf(200_000)];
  for (let i = 0; i < 50; i++) builder.add(shard(i % 3), position(i), encoded[i % 5]!);
  builder.quarantine({
    shardId: shard(1),
    ...position(99),
    partitionKey: "key",
    reason: "not a map",
    data: new Uint8Array(100_000),
  });
  return builder.finish(HEADER);
}

if (hasModules) {
  Deno.test("python-snappy and python-msgpack read our archives", () =>
    inFolder(async (folder) => {
      const path = join(folder, "ours.tri");
      writeFileSync(path, ours());
      const values = jsonValues(interop("read", path));
      equal(values.length, 50);
      deepEqual(values, jsonValues(await jsonLinesOf(ours())));
    }));

  Deno.test("we read archives of python-snappy and python-msgpack", () =>
    inFolder(async (folder) => {
      interop("write", folder);
      for (const { name, file, lines } of pairsIn(folder)) {
        deepEqual(jsonValues(await jsonLinesOf(file)), jsonValues(lines), name);
        const committed = new URL(`../testdata/interop/${name}`, import.meta.url);
        ok(readFileSync(committed).equals(file), `testdata/interop/${name} is what Python writes`);
      }
    }));
} else {
  Deno.test("archives of python-snappy and python-msgpack: the committed ones alone", () => {
    console.warn(
      `${PYTHON} has no modules snappy and msgpack (Debian: python3-snappy, python3-msgpack), so ` +
        "interoperability is tested against testdata/interop alone, and not for our own archives",
    );
    ok(pairsIn(new URL("../testdata/interop/", import.meta.url)).length > 0);
  });
}
