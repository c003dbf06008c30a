import { deepStrictEqual, equal, ok, rejects } from "node:assert/strict";
import { ObjectStoreError } from "../../../src/base/errors.ts";
import { DirectoryObjectStore } from "../../../src/objects/mod.ts";

/** Runs a test in a directory of its own. */
function inDirectory(test: (path: string, store: DirectoryObjectStore) => Promise<void>) {
  return async () => {
    const path = await Deno.makeTempDir();
    try {
      await test(path, new DirectoryObjectStore(path));
    } finally {
      await Deno.remove(path, { recursive: true });
    }
  };
}

async function keysOf(store: DirectoryObjectStore, prefix = ""): Promise<string[]> {
  return await Array.fromAsync(store.list(prefix), ({ key }) => key);
}

/** All file names below a directory. */
function filesBelow(path: string): string[] {
  return [...Deno.readDirSync(path)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesBelow(`${path}/${name}`).map((below) => `${name}/${below}`) : [name]
  ).sort();
}

Deno.test(
  "DirectoryObjectStore keeps an object as the file its key names",
  inDirectory(async (path, store) => {
    await store.put("20150710/a.tri", Uint8Array.of(1, 2, 3));
    await store.put("20150710/a.tri", Uint8Array.of(1, 2), { ifAbsent: true });
    await store.put("20150710/b.tri", Uint8Array.of(4));
    deepStrictEqual(filesBelow(path), ["20150710/a.tri", "20150710/b.tri"]);
    deepStrictEqual([...Deno.readFileSync(`${path}/20150710/a.tri`)], [1, 2, 3]);
  }),
);

Deno.test(
  "DirectoryObjectStore creates its directory with the first put",
  inDirectory(async (path) => {
    const store = new DirectoryObjectStore(`${path}/a/b`);
    await rejects(keysOf(store), { code: "NoSuchBucket" });
    equal(await store.put("c/d", Uint8Array.of(1)), "created");
    deepStrictEqual(await keysOf(store), ["c/d"]);
  }),
);

Deno.test(
  "DirectoryObjectStore never lists nor reads what a crashed put left behind",
  inDirectory(async (path, store) => {
    await store.put("day/a", Uint8Array.of(1));
    Deno.writeFileSync(`${path}/day/.triton-tmp-1`, Uint8Array.of(9));
    deepStrictEqual(await keysOf(store), ["day/a"]);
    await rejects(store.get("day/.triton-tmp-1"), TypeError);
    await rejects(store.put("day/.triton-tmp-2", Uint8Array.of(1)), TypeError);
  }),
);

Deno.test(
  "DirectoryObjectStore.put() leaves nothing behind when it fails",
  inDirectory(async (path, store) => {
    await store.put("a", Uint8Array.of(1));
    Deno.mkdirSync(`${path}/day/b`, { recursive: true });
    await rejects(store.put("a/b", Uint8Array.of(1)), ObjectStoreError);
    await rejects(store.put("day/b", Uint8Array.of(1)), ObjectStoreError);
    equal(await store.put("day/b", Uint8Array.of(1), { ifAbsent: true }), "exists");
    deepStrictEqual(filesBelow(path), ["a"]);
  }),
);

Deno.test(
  "DirectoryObjectStore.put() shows a reader all of an object or nothing",
  inDirectory(async (_, store) => {
    const bodies = [new Uint8Array(400_000).fill(1), new Uint8Array(700_000).fill(2)];
    await store.put("a", bodies[0]!);
    let writing = true;
    const writer = (async () => {
      for (let i = 1; i < 12; i++) await store.put("a", bodies[i % 2]!);
      writing = false;
    })();
    let whole = 0;
    while (writing) {
      try {
        const bytes = await (await store.get("a")).bytes();
        equal(bytes.length, bodies[bytes[0]! - 1]!.length);
        ok(bytes.every((byte) => byte === bytes[0]));
        whole++;
      } catch (error) {
        // Replaced between the look and the read: said so, never mixed up.
        equal((error as ObjectStoreError).code, "ObjectChanged");
      }
    }
    await writer;
    ok(whole > 0);
  }),
);

Deno.test(
  "DirectoryObjectStore follows links to files, not to directories",
  inDirectory(async (path, store) => {
    await store.put("real/a", Uint8Array.of(1, 2));
    Deno.symlinkSync(`${path}/real`, `${path}/alias`);
    Deno.symlinkSync(path, `${path}/real/loop`);
    Deno.symlinkSync(`${path}/real/a`, `${path}/b`);
    Deno.symlinkSync(`${path}/gone`, `${path}/c`);
    const listed = await Array.fromAsync(store.list(""), ({ key, size }) => [key, size]);
    deepStrictEqual(listed, [["b", 2], ["real/a", 2]]);
  }),
);

Deno.test(
  "DirectoryObjectStore stays in its directory",
  inDirectory(async (path) => {
    Deno.writeTextFileSync(`${path}/secret`, "x");
    const store = new DirectoryObjectStore(`${path}/root`);
    await store.put("a", Uint8Array.of(1));
    for (const key of ["../secret", "a/../../secret", `${path}/secret`, "./a"]) {
      await rejects(store.get(key), TypeError);
      await rejects(store.head(key), TypeError);
      await rejects(store.put(key, Uint8Array.of(1)), TypeError);
    }
    for (const prefix of ["../", "..", "/", "a/../../"]) {
      deepStrictEqual(await keysOf(store, prefix), []);
    }
  }),
);

Deno.test(
  "DirectoryObjectStore says why a file cannot be read",
  inDirectory(async (path, store) => {
    await rejects(store.get("day/a"), {
      name: "ObjectStoreError",
      message: `Cannot get ${path}/day/a: no such file or directory`,
      code: "NoSuchKey",
      retryable: false,
    });
  }),
);

Deno.test(
  "DirectoryObjectStore notices a file that shrinks while it is read",
  inDirectory(async (path, store) => {
    await store.put("a", new Uint8Array(1_000_000));
    await rejects(async () => {
      for await (const _ of await store.get("a")) Deno.truncateSync(`${path}/a`, 1000);
    }, { code: "IncompleteBody" });
  }),
);
