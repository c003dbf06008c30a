/** One contract, held to by every object store; a real S3 server among them where there is one. */

import { deepStrictEqual, equal, notEqual, ok, rejects } from "node:assert/strict";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { ObjectStoreError } from "../../src/base/errors.ts";
import {
  type ByteRange,
  DirectoryObjectStore,
  MemoryObjectStore,
  type ObjectStore,
  openObjectStore,
} from "../../src/objects/mod.ts";
import { startS3Server } from "../support/s3_server.ts";

/** A store to test, and what it is not held to. */
interface Opened extends AsyncDisposable {
  readonly store: ObjectStore;
  /** A store of the same kind whose bucket or directory is not there; undefined if it cannot be. */
  readonly missing?: ObjectStore;
  readonly keepsMetadata: boolean;
}

const STORES: Record<string, () => Promise<Opened>> = {
  MemoryObjectStore: () =>
    Promise.resolve({
      store: new MemoryObjectStore({ now: Date.now, chunkSize: 1000 }),
      keepsMetadata: true,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
  DirectoryObjectStore: async () => {
    const path = await Deno.makeTempDir();
    return {
      store: new DirectoryObjectStore(`${path}/root`),
      missing: new DirectoryObjectStore(`${path}/nothing`),
      keepsMetadata: false,
      [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
    };
  },
  "S3ObjectStore on our own server": async () => {
    const server = await startS3Server({ buckets: ["bucket"] });
    const options = {
      endpoint: server.url,
      env: {},
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
    };
    const store = await openObjectStore("s3://bucket/a folder", options);
    const missing = await openObjectStore("s3://nothing", options);
    return {
      store,
      missing,
      keepsMetadata: true,
      async [Symbol.asyncDispose]() {
        for (const part of [store, missing, server]) await part[Symbol.asyncDispose]();
      },
    };
  },
};

const REAL_S3 = Deno.env.get("TRITON_TEST_S3");
if (REAL_S3) STORES[`S3ObjectStore on ${REAL_S3}`] = () => openRealS3(REAL_S3);
else {
  console.warn(
    "\n!!! TRITON_TEST_S3 is not set: the contract of object stores was tried on our own S3 server " +
      "ALONE, not on a real one; see tests/support/radosgw.sh\n",
  );
}

/** A folder of its own, in a bucket of a real S3 server; credentials come from the environment. */
async function openRealS3(endpoint: string): Promise<Opened> {
  const bucket = Deno.env.get("TRITON_TEST_S3_BUCKET") ?? "triton-contract";
  const client = new S3Client({ endpoint, forcePathStyle: true, region: "us-east-1" });
  await client.send(new CreateBucketCommand({ Bucket: bucket })).catch((error: Error) => {
    if (error.name !== "BucketAlreadyOwnedByYou") throw error;
  });
  client.destroy();
  const store = await openObjectStore(`${bucket}/${crypto.randomUUID()}`, { endpoint });
  const missing = await openObjectStore("triton-no-such-bucket", { endpoint });
  return {
    store,
    missing,
    keepsMetadata: true,
    async [Symbol.asyncDispose]() {
      for (const part of [store, missing]) await part[Symbol.asyncDispose]();
    },
  };
}

/** Bytes that differ from one another, and from those of another seed. */
function someBytes(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) + seed) & 255);
}

async function read(store: ObjectStore, key: string, range?: ByteRange): Promise<Uint8Array> {
  const body = await store.get(key, range === undefined ? {} : { range });
  return new Uint8Array(await body.bytes());
}

async function keysOf(
  store: ObjectStore,
  prefix: string,
  startAfter?: string,
): Promise<string[]> {
  const keys: string[] = [];
  const options = startAfter === undefined ? {} : { startAfter };
  for await (const { key } of store.list(prefix, options)) keys.push(key);
  return keys;
}

function failsWith(code: string, retryable: boolean): (error: unknown) => boolean {
  return (error) =>
    error instanceof ObjectStoreError && error.code === code && error.retryable === retryable;
}

const CONTRACT: Record<string, (opened: Opened) => Promise<void>> = {
  "get() returns what was put, of any size": async ({ store }) => {
    for (const size of [0, 1, 70_000, 3_000_000]) {
      const bytes = someBytes(size);
      equal(await store.put(`sizes/${size}`, bytes), "created");
      const body = await store.get(`sizes/${size}`);
      equal(body.size, size);
      deepStrictEqual(new Uint8Array(await body.bytes()), bytes);
    }
  },

  "get() streams chunks that are the caller's to keep": async ({ store }) => {
    const bytes = someBytes(1_000_000);
    await store.put("a", bytes);
    const chunks: Uint8Array[] = [];
    for await (const chunk of await store.get("a")) chunks.push(chunk);
    ok(chunks.length > 1);
    deepStrictEqual(new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer()), bytes);
  },

  "put() joins parts, of any number and size": async ({ store }) => {
    const bytes = someBytes(2_500_000);
    for (const ends of [[], [0, 0], [1, 70_000, 70_000, 2_000_000, 2_500_000]]) {
      const parts = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
      equal(await store.put(`parts/${ends.length}`, parts), "created");
      const expected = bytes.subarray(0, ends.at(-1) ?? 0);
      deepStrictEqual(await read(store, `parts/${ends.length}`), new Uint8Array(expected));
      equal(await store.put(`parts/${ends.length}`, parts, { ifAbsent: true }), "exists");
    }
  },

  "put() takes the bytes as they are at the call": async ({ store }) => {
    const bytes = someBytes(5000);
    await store.put("a", bytes);
    bytes.fill(0);
    deepStrictEqual(await read(store, "a"), someBytes(5000));
  },

  "put() replaces, unless ifAbsent": async ({ store }) => {
    equal(await store.put("day/a", someBytes(10, 1), { ifAbsent: true }), "created");
    equal(await store.put("day/a", someBytes(20, 2), { ifAbsent: true }), "exists");
    deepStrictEqual(await read(store, "day/a"), someBytes(10, 1));
    equal(await store.put("day/a", someBytes(30, 3)), "created");
    deepStrictEqual(await read(store, "day/a"), someBytes(30, 3));
  },

  "put() with ifAbsent has one winner among eight at once": async ({ store }) => {
    for (let round = 0; round < 5; round++) {
      const key = `race/${round}`;
      const puts = Array.from({ length: 8 }, async (_, i) => {
        // S3 may answer 409: the same put again then tells who won.
        for (;;) {
          try {
            return await store.put(key, someBytes(1000, i), { ifAbsent: true });
          } catch (error) {
            if (!(error instanceof ObjectStoreError && error.retryable)) throw error;
          }
        }
      });
      const results = await Promise.all(puts);
      equal(results.filter((result) => result === "created").length, 1);
      deepStrictEqual(await read(store, key), someBytes(1000, results.indexOf("created")));
    }
  },

  "put() refuses keys that not every store can have": async ({ store }) => {
    for (const key of ["", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a\0b"]) {
      await rejects(store.put(key, someBytes(1)), TypeError);
    }
    await rejects(store.put("é".repeat(513), someBytes(1)), TypeError);
    deepStrictEqual(await keysOf(store, "").catch(() => []), []);
  },

  "head() tells size, time and metadata": async ({ store, keepsMetadata }) => {
    const before = Date.now();
    await store.put("day/a", someBytes(123), { metadata: { "triton-intent": "42" } });
    const info = await store.head("day/a");
    deepStrictEqual([info?.key, info?.size], ["day/a", 123]);
    // S3 tells times in full seconds; clocks of servers may be off a little.
    ok(Math.abs(info!.modifiedAt.getTime() - before) < 60_000);
    deepStrictEqual(info!.metadata, keepsMetadata ? { "triton-intent": "42" } : undefined);
  },

  "head() is undefined and get() fails where nothing is": async ({ store }) => {
    await store.put("day/a", someBytes(1));
    for (const key of ["day/b", "day", "b/c/d", "day/a/b"]) {
      equal(await store.head(key), undefined);
      await rejects(read(store, key), failsWith("NoSuchKey", false));
      await rejects(read(store, key, { offset: 0, length: 0 }), failsWith("NoSuchKey", false));
    }
  },

  "get() returns parts": async ({ store }) => {
    const bytes = someBytes(10_000);
    await store.put("a", bytes);
    const parts: [ByteRange, Uint8Array][] = [
      [{ offset: 0 }, bytes],
      [{ offset: 9_000 }, bytes.subarray(9_000)],
      [{ offset: 5, length: 10 }, bytes.subarray(5, 15)],
      [{ offset: 9_990, length: 100 }, bytes.subarray(9_990)],
      [{ offset: 5, length: 0 }, bytes.subarray(0, 0)],
      [{ offset: 10_000 }, bytes.subarray(0, 0)],
      [{ offset: 20_000, length: 5 }, bytes.subarray(0, 0)],
      [{ suffix: 7 }, bytes.subarray(9_993)],
      [{ suffix: 20_000 }, bytes],
      [{ suffix: 0 }, bytes.subarray(0, 0)],
    ];
    for (const [range, expected] of parts) {
      const body = await store.get("a", { range });
      equal(body.size, 10_000);
      deepStrictEqual(new Uint8Array(await body.bytes()), expected, JSON.stringify(range));
    }
    await rejects(store.get("a", { range: { offset: -1 } }), RangeError);
    await rejects(store.get("a", { range: { suffix: 1.5 } }), RangeError);
  },

  "get() returns parts of an empty object": async ({ store }) => {
    await store.put("empty", new Uint8Array());
    for (const range of [{ offset: 0 }, { offset: 0, length: 9 }, { suffix: 9 }]) {
      equal((await read(store, "empty", range)).length, 0);
    }
  },

  "list() is in the order of UTF-8 bytes, with odd names": async ({ store }) => {
    const keys = [
      "a",
      "b !\"#$%&'()*+,-.;=?@[]^_`{|}~",
      "b-/1",
      "b-1",
      "b.1",
      "b/1",
      "b/1-/x",
      "b/1.tri",
      "b1",
      "b%2Fc",
      "b<&amp;>",
      "ä/ß",
      "\u6c34",
      "\ufffd",
      "\u{1f600}/1",
      "\u{1f600}2",
    ];
    const inOrder = keys.map((key) => ({ key, bytes: new TextEncoder().encode(key) }))
      .sort((a, b) => compareBytes(a.bytes, b.bytes)).map(({ key }) => key);
    for (const [i, key] of keys.entries()) await store.put(key, someBytes(i));
    deepStrictEqual(await keysOf(store, ""), inOrder);
    for (const prefix of ["b", "b/", "b/1", "b/1-", "b-", "\u{1f600}", "a", "c", "b/1-/x/y"]) {
      deepStrictEqual(
        await keysOf(store, prefix),
        inOrder.filter((key) => key.startsWith(prefix)),
        prefix,
      );
    }
    for (const [i, key] of inOrder.entries()) {
      deepStrictEqual(await keysOf(store, "", key), inOrder.slice(i + 1), `after ${key}`);
      deepStrictEqual(await read(store, key), someBytes(keys.indexOf(key)));
    }
    const inB = inOrder.filter((key) => key.startsWith("b/"));
    deepStrictEqual(await keysOf(store, "b/", "b/"), inB);
    deepStrictEqual(await keysOf(store, "b/", "b/1"), inB.slice(1));
    deepStrictEqual(await keysOf(store, "b/", "b0"), []);
  },

  "list() goes over all pages, and tells sizes": async ({ store }) => {
    const keys = Array.from({ length: 1_205 }, (_, i) => `day/${String(i).padStart(5, "0")}`);
    for (let at = 0; at < keys.length; at += 50) {
      await Promise.all(keys.slice(at, at + 50).map((key, i) => store.put(key, someBytes(at + i))));
    }
    const listed: [string, number][] = [];
    for await (const { key, size, modifiedAt } of store.list("day/")) {
      notEqual(modifiedAt.getTime(), NaN);
      listed.push([key, size]);
    }
    deepStrictEqual(listed, keys.map((key, i) => [key, i]));
    deepStrictEqual(await keysOf(store, "day/", keys[1_100]!), keys.slice(1_101));
  },

  "folders() lists what keys begin with, up to a slash": async ({ store }) => {
    const keys = [
      "20150101-x/1",
      "20150101/a/b",
      "20150101/c",
      "20150102",
      "20150103/1",
      "20150103/2",
    ];
    for (const key of [...keys, "b !&<>'%2F+/1", "b/x", "\u6c34/1", "\u{1f600}/1"]) {
      await store.put(key, someBytes(1));
    }
    const folders = (prefix: string, from?: string) =>
      Array.fromAsync(store.folders(prefix, { from }));
    const all = ["20150101-x/", "20150101/", "20150103/", "b !&<>'%2F+/", "b/"];
    deepStrictEqual(await folders(""), [...all, "\u6c34/", "\u{1f600}/"]);
    deepStrictEqual(await folders("20150101/"), ["20150101/a/"]);
    for (const prefix of ["20150101/a/", "20150102/", "no/such/"]) {
      deepStrictEqual(await folders(prefix), [], prefix);
    }
    deepStrictEqual((await folders("", "20150101/"))[0], "20150101/");
    deepStrictEqual((await folders("", "20150102/"))[0], "20150103/");
    deepStrictEqual(await folders("20150101/", "20150101/a/"), ["20150101/a/"]);
    deepStrictEqual(await folders("", "\u{1f600}/"), ["\u{1f600}/"]);
  },

  "folders() goes over all pages": async ({ store }) => {
    const days = Array.from({ length: 1_205 }, (_, i) => `${20_000_000 + i}/`);
    for (let at = 0; at < days.length; at += 50) {
      await Promise.all(days.slice(at, at + 50).map((day) => store.put(`${day}a`, someBytes(1))));
    }
    deepStrictEqual(await Array.fromAsync(store.folders("")), days);
  },

  "a bucket or directory that is not there is NoSuchBucket": async ({ missing }) => {
    if (missing === undefined) return;
    await rejects(keysOf(missing, ""), failsWith("NoSuchBucket", false));
    await rejects(keysOf(missing, "a/b"), failsWith("NoSuchBucket", false));
    await rejects(Array.fromAsync(missing.folders("")), failsWith("NoSuchBucket", false));
    await rejects(missing.head("a"), failsWith("NoSuchBucket", false));
    await rejects(missing.get("a"), failsWith("NoSuchBucket", false));
  },

  "a signal ends every request with its reason": async ({ store }) => {
    await store.put("a", someBytes(3_000_000));
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    await rejects(store.list("", { signal }).next(), reason);
    await rejects(store.folders("", { signal }).next(), reason);
    await rejects(store.head("a", { signal }), reason);
    await rejects(store.get("a", { signal }), reason);
    await rejects(store.put("b", someBytes(1), { signal }), reason);
    equal(await store.head("b"), undefined);
    const controller = new AbortController();
    const body = await store.get("a", { signal: controller.signal });
    await rejects(async () => {
      for await (const _ of body) controller.abort(reason);
    }, reason);
  },

  "a body can be left in the middle": async ({ store }) => {
    await store.put("a", someBytes(3_000_000));
    for (let round = 0; round < 3; round++) {
      for await (const chunk of await store.get("a")) {
        ok(chunk.length > 0);
        break;
      }
    }
    equal((await store.head("a"))?.size, 3_000_000);
  },
};

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const i = a.findIndex((byte, at) => byte !== b[at]);
  return i < 0 ? a.length - b.length : a[i]! - (b[i] ?? -1);
}

for (const [name, open] of Object.entries(STORES)) {
  for (const [promise, hold] of Object.entries(CONTRACT)) {
    Deno.test(`${name}: ${promise}`, async () => {
      await using opened = await open();
      await hold(opened);
    });
  }
}
