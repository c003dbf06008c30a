import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { ArchiveReader } from "../../src/archive/mod.ts";
import { MemoryObjectStore, type ObjectStore } from "../../src/objects/mod.ts";

const GOLDEN = new URL("../testdata/golden/", import.meta.url).pathname;
const goldenNames = readdirSync(GOLDEN).filter((name) => name.endsWith(".tri"));
const JULY = { stream: "clicks", from: "2015-07-01", to: "2015-07-31" };

/** Makes the chunks of a store lose their bytes when they are released, and counts both. */
function releasing(store: ObjectStore) {
  const counts = { chunks: 0, released: 0 };
  const get: ObjectStore["get"] = async (key, options) => {
    const body = await store.get(key, options);
    return {
      size: body.size,
      bytes: () => body.bytes(),
      release(chunk) {
        counts.released++;
        (chunk.buffer as ArrayBuffer).transfer(0);
        equal(chunk.length, 0);
      },
      async *[Symbol.asyncIterator]() {
        for await (const chunk of body) {
          counts.chunks++;
          yield chunk;
        }
      },
    };
  };
  const { url, identity, put } = store;
  const [list, folders] = [store.list.bind(store), store.folders.bind(store)];
  const head = store.head.bind(store);
  return { store: { url, identity, list, folders, put, get, head }, counts };
}

/** What is in the blocks of an archive that may be damaged, and what was lost. */
async function contents(store: ObjectStore, reuse: boolean) {
  const lost: unknown[] = [];
  const onDamage = ({ error, length }: { error: Error; length: number }) =>
    lost.push(error.message, length);
  await using reader = new ArchiveReader(store, { ...JULY, onDamage });
  const bytes: number[] = [];
  for await (const { events } of reader.blocks({ reuse })) {
    for (const byte of events) bytes.push(byte);
  }
  return { bytes: new Uint8Array(bytes), lost };
}

Deno.test("ArchiveReader.blocks() with reuse gives memory back, and reads the same", async () => {
  let released = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...goldenNames),
      fc.integer({ min: 1, max: 3_000 }),
      fc.option(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      async (name, chunkSize, damage) => {
        const plain = new MemoryObjectStore({ chunkSize });
        const file = new Uint8Array(readFileSync(GOLDEN + name));
        if (damage !== null) file[Math.floor(damage * file.length)]! ^= 0x55;
        await plain.put("20150710/clicks-store-0.tri", file);
        const { store, counts } = releasing(plain);
        deepStrictEqual(await contents(store, true), await contents(plain, false));
        equal(counts.released, Math.max(0, counts.chunks - 1));
        released += counts.released;
      },
    ),
  );
  ok(released > 0);
});

Deno.test("ArchiveReader.blocks() without reuse leaves the blocks their bytes", async () => {
  const plain = new MemoryObjectStore({ chunkSize: 100 });
  const file = readFileSync(GOLDEN + goldenNames[0]);
  await plain.put("20150710/clicks-store-0.tri", file);
  const { store, counts } = releasing(plain);
  await contents(store, false);
  equal(counts.released, 0);
});
