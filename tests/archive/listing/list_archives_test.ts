import { deepStrictEqual, equal, ok, rejects } from "node:assert/strict";
import {
  type ArchiveEntry,
  listArchives,
  type ListArchivesOptions,
} from "../../../src/archive/mod.ts";
import { daysBetween } from "../../../src/archive/listing/days.ts";
import { VirtualClock } from "../../../src/base/clock.ts";
import { MemoryObjectStore, openObjectStore } from "../../../src/objects/mod.ts";
import type { ObjectStore } from "../../../src/objects/mod.ts";
import { S3Bucket, startS3Server } from "../../support/s3_server.ts";

const JULY_10 = { stream: "clicks", from: "20150710", to: "20150710" };

async function keysOf(store: ObjectStore, options: ListArchivesOptions): Promise<string[]> {
  return await Array.fromAsync(listArchives(store, options), ({ key }) => key);
}

async function storeOf(...keys: string[]): Promise<MemoryObjectStore> {
  const store = new MemoryObjectStore();
  for (const key of keys) await store.put(key, new Uint8Array(key.length));
  return store;
}

Deno.test("listArchives() tells what key and store tell", async () => {
  const key = "20150710/clicks-store-1436486400.tri";
  const store = new MemoryObjectStore({ now: () => 1_436_490_000_000 });
  await store.put(key, new Uint8Array(42));
  const entries: ArchiveEntry[] = await Array.fromAsync(listArchives(store, JULY_10));
  deepStrictEqual(entries, [{
    key,
    day: "20150710",
    stream: "clicks",
    client: "store",
    createdAt: 1_436_486_400,
    size: 42,
    modifiedAt: new Date(1_436_490_000_000),
  }]);
});

Deno.test("listArchives() is in the order of day, time and key, whoever wrote them", async () => {
  const inOrder = [
    // A writer west of Greenwich: by its own day this one is the older.
    "20150709/clicks-store-1436490000.tri",
    "20150710/clicks-zebra-999999999.tri",
    "20150710/clicks-store-1436486400.tri",
    "20150710/clicks-backup-1436486401.tri",
    "20150710/clicks-store-1436486401.tri",
    "20150710/clicks-backup-1436486402.tri",
    "20150711/clicks-archive-1436572800.tri",
  ];
  const store = await storeOf(...inOrder.toReversed());
  const range = { stream: "clicks", from: "20150709", to: "20150711" };
  deepStrictEqual(await keysOf(store, range), inOrder);
  deepStrictEqual(
    await keysOf(store, { ...range, client: "backup" }),
    inOrder.filter((key) => key.includes("-backup-")),
  );
});

Deno.test("listArchives() tells streams apart that begin alike", async () => {
  const keys = [
    "20150710/clicks-store-1.tri",
    "20150710/clicks-eu-store-2.tri",
    "20150710/clicks-eu-west-store-3.tri",
    "20150710/clicks_prod-store-4.tri",
    "20150710/clicks-shardId-000000000001-5.tri",
  ];
  const store = await storeOf(...keys);
  const find = (stream: string, client?: string) => keysOf(store, { ...JULY_10, stream, client });
  deepStrictEqual(await find("clicks"), [keys[0], keys[4]]);
  deepStrictEqual(await find("clicks-eu"), [keys[1]]);
  deepStrictEqual(await find("clicks-eu-west"), [keys[2]]);
  deepStrictEqual(await find("clicks", "shardId-000000000001"), [keys[4]]);
  // Stream "clicks" of client "eu" has the prefix of stream "clicks-eu".
  deepStrictEqual(await find("clicks", "eu"), []);
  deepStrictEqual(await find("click"), []);
});

Deno.test("listArchives() passes over what is no archive", async () => {
  const store = await storeOf(
    "20150710/clicks-store-1436486400.tri",
    "20150710/clicks-store-1436486401.tri.tmp",
    "20150710/clicks-store-.tri",
    "20150710/clicks-store-x.tri",
    "20150710/clicks-notes.txt",
    "20150710/clicks-store-1/2.tri",
    "clicks-store-1436486400.tri",
  );
  deepStrictEqual(await keysOf(store, JULY_10), ["20150710/clicks-store-1436486400.tri"]);
});

Deno.test("listArchives() includes both days, given as Date or as text, over the turn of a year", async () => {
  const days = ["20151230", "20151231", "20160101", "20160228", "20160229", "20160301"];
  const store = await storeOf(...days.map((day) => `${day}/clicks-store-1.tri`));
  const find = async (from: Date | string, to: Date | string) =>
    (await keysOf(store, { stream: "clicks", from, to })).map((key) => key.slice(0, 8));
  deepStrictEqual(await find("2015-12-31", "20160229"), days.slice(1, 5));
  deepStrictEqual(
    await find(new Date("2015-12-31T23:59:59.999Z"), new Date("2016-01-01T00:00:00Z")),
    days.slice(1, 3),
  );
  deepStrictEqual(await find("20160229", "2016-02-29"), ["20160229"]);
});

Deno.test("listArchives() ends today, by the clock it is given", async () => {
  const store = await storeOf("20151001/clicks-store-1.tri", "20151002/clicks-store-2.tri");
  const clock = new VirtualClock({ now: Date.parse("2015-10-01T23:59:59Z") });
  const options = { stream: "clicks", from: "2015-09-30", clock };
  deepStrictEqual(await keysOf(store, options), ["20151001/clicks-store-1.tri"]);
});

Deno.test("listArchives() refuses days that do not exist, and ranges that end before they begin", async () => {
  const store = new MemoryObjectStore();
  for (
    const from of [
      "20150229",
      "19691231",
      "0001-01-01",
      "2015-13-01",
      "2015-1-1",
      "201507100",
      "2015-0710",
      "today",
      "",
      "NaN",
    ]
  ) {
    await rejects(keysOf(store, { ...JULY_10, from }), {
      name: "RangeError",
      message:
        `Cannot use "${from}" as a day: give a Date, "YYYY-MM-DD" or "YYYYMMDD", from 1970 to 9999`,
    });
  }
  await rejects(keysOf(store, { ...JULY_10, from: new Date(NaN) }), RangeError);
  await rejects(keysOf(store, { ...JULY_10, to: "20150709" }), {
    name: "RangeError",
    message: "Cannot list archives from 20150710 to 20150709: the end is before the start",
  });
});

Deno.test("listArchives() reads all pages of a day from S3", async () => {
  await using server = await startS3Server({ buckets: ["bucket"] });
  const bucket = server.buckets.get("bucket")!;
  const keys = Array.from(
    { length: 2_345 },
    (_, i) => `20150710/clicks-store-${1436486400 + i}.tri`,
  );
  for (const key of keys) {
    const object = { body: new Uint8Array(), etag: '""', modifiedAt: new Date(0), metadata: {} };
    bucket.set(`in/a folder/${key}`, object);
  }
  await using store = await openObjectStore("s3://bucket/in/a folder", {
    endpoint: server.url,
    env: {},
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
  });
  deepStrictEqual(await keysOf(store, JULY_10), keys);
  equal(server.counts.ListObjectsV2, 3);
  ok(bucket instanceof S3Bucket);
});

/** A store whose listings wait for `release`, and which counts those that run. */
function heldStore(): { store: MemoryObjectStore; running: Set<string>; release: () => void } {
  const held: (() => void)[] = [];
  const running = new Set<string>();
  const store = new MemoryObjectStore({
    async intercept(request, proceed) {
      if (request.operation === "put") return await proceed();
      running.add(request.key);
      await new Promise<void>((resolve) => held.push(resolve));
      running.delete(request.key);
      return await proceed();
    },
  });
  return { store, running, release: () => held.shift()!() };
}

Deno.test("listArchives() runs eight listings at once, and no more", async () => {
  const { store, running, release } = heldStore();
  const days = Array.from(
    { length: 24 },
    (_, i) => `${2015 + Math.floor(i / 12)}${String(1 + i % 12).padStart(2, "0")}01`,
  );
  for (const day of days) await store.put(`${day}/clicks-store-1.tri`, new Uint8Array(1));
  const listing = keysOf(store, { stream: "clicks", from: "20150101", to: "20161231" });
  let listings = 0;
  let most = 0;
  // Every turn of the event loop everything that can go on does; then the oldest may end.
  for (let done = false; !done;) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    most = Math.max(most, running.size);
    done = running.size === 0;
    if (!done) release(), listings++;
  }
  equal((await listing).length, 24);
  deepStrictEqual([listings, most], [25, 8]);
});

/** Counts the listings that find a stream's archives over twelve years. */
async function listingsOf(
  objects: Iterable<string>,
  options: Partial<ListArchivesOptions> = {},
): Promise<{ readonly keys: string[]; readonly listings: number }> {
  let listings = 0;
  const store = new MemoryObjectStore({
    intercept(request, proceed) {
      if (request.operation === "list") listings++;
      return proceed();
    },
  });
  for (const key of objects) await store.put(key, new Uint8Array(1));
  const range = { stream: "clicks", from: "20150101", to: "20261130" };
  const keys = await keysOf(store, { ...range, ...options });
  return { keys, listings };
}

Deno.test("listArchives() costs pages, not days, over a long range", async () => {
  const few = ["20150704", "20200229", "20261130"].map((day) => `${day}/clicks-store-1.tri`);
  deepStrictEqual(await listingsOf(few), { keys: few, listings: 1 + 3 });

  const all = [...daysBetween("20150101", "20261130")].map((day) => `${day}/clicks-store-1.tri`);
  const { keys, listings } = await listingsOf(all);
  deepStrictEqual(keys, all);
  // 4,352 folders, and 143 months.
  equal(listings, 5 + 143);

  const part = await listingsOf(all, { from: "20240301", to: "20240930" });
  deepStrictEqual(part.keys, all.filter((key) => key >= "20240301" && key < "20241001"));
  equal(part.listings, 1 + 7);
});

Deno.test("listArchives() asks for a stream's own keys where a month holds much else", async () => {
  const days = [...daysBetween("20150101", "20150228")];
  const mine = days.map((day) => `${day}/clicks-store-1.tri`);
  // A busy neighbour: only January is too large to be listed as a whole.
  const others = Array.from(
    { length: 2_100 },
    (_, i) => `${days[i % 31]}/views-store-${1_000 + i}.tri`,
  );
  const { keys, listings } = await listingsOf([...mine, ...others], { to: "20150228" });
  deepStrictEqual(keys, mine);
  equal(listings, 1 + 3 + 31 + 1);
});

Deno.test("listArchives() stops at once when its signal aborts, and when it is left", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const store = await storeOf("20150710/clicks-store-1.tri", "20150711/clicks-store-2.tri");
  const listing = listArchives(store, {
    ...JULY_10,
    to: "20160101",
    signal: controller.signal,
  });
  equal((await listing.next()).value?.day, "20150710");
  controller.abort(reason);
  await rejects(listing.next(), reason);
  for await (const entry of listArchives(store, JULY_10)) {
    equal(entry.day, "20150710");
    break;
  }
});
