import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import { listQuarantine, MemoryObjectStore, type ObjectRequest } from "../../src/archive/mod.ts";
import { EMPTY_ARCHIVE } from "../../src/codec/mod.ts";
import { ArchiveFormatError } from "../../src/base/errors.ts";
import {
  chainOf,
  fileOf,
  type FileSpec,
  keyOf,
  putFiles,
  shardId,
  START,
} from "./chain_archives.ts";

const FIRST: FileSpec = { shards: { 0: [undefined, 1, -2, 3, -4], 1: [undefined, -9] }, at: 0 };
const SECOND: FileSpec = { shards: { 0: [4, -5] }, at: 90_000, client: "other" };

Deno.test("listQuarantine() yields the records that are not events, with their bytes", async () => {
  const store = new MemoryObjectStore();
  await putFiles(store, FIRST, SECOND);
  await store.put("20260101/clicks-store-1767225999.tri", EMPTY_ARCHIVE);
  const records = await Array.fromAsync(listQuarantine(store, { stream: "clicks" }));
  deepStrictEqual(records.map(({ sequenceNumber }) => sequenceNumber), ["2", "4", "9", "5"]);
  deepStrictEqual({ ...records[2] }, {
    key: keyOf(FIRST),
    shardId: shardId(1),
    sequenceNumber: "9",
    partitionKey: "key-9",
    arrivedAt: new Date(START + 9),
    reason: "test",
    data: new TextEncoder().encode("no event -9"),
  });
  const ofDay = listQuarantine(store, { stream: "clicks", from: "20260102", to: "20260102" });
  equal((await Array.fromAsync(ofDay)).length, 1);
  const ofClient = listQuarantine(store, { stream: "clicks", client: "other" });
  equal((await Array.fromAsync(ofClient)).length, 1);
});

Deno.test("listQuarantine() reads only files with such records whole", async () => {
  const requests: ObjectRequest[] = [];
  const store = new MemoryObjectStore({
    intercept(request, proceed) {
      requests.push(request);
      return proceed();
    },
  });
  await putFiles(store, FIRST, ...chainOf(9).map((spec) => ({ ...spec, at: Number(spec.at) + 1 })));
  requests.length = 0;
  await Array.fromAsync(listQuarantine(store, { stream: "clicks" }));
  equal(requests.filter(({ operation }) => operation === "get").length, 10 + 1);
});

Deno.test("listQuarantine() names the file that is damaged", async () => {
  const store = new MemoryObjectStore();
  await store.put(keyOf(FIRST), fileOf(FIRST).slice(0, -1));
  await rejects(Array.fromAsync(listQuarantine(store, { stream: "clicks" })), (error) => {
    return error instanceof ArchiveFormatError && error.message.includes(keyOf(FIRST));
  });
});
