import { deepEqual, equal } from "node:assert/strict";
import { ConditionalStore } from "../../../src/archiver/checks/conditional_store.ts";
import type { Clock } from "../../../src/base/clock.ts";
import { openObjectStore } from "../../../src/objects/mod.ts";
import { s3Error, startS3Server } from "../../support/s3_server.ts";

/** Does not wait: nothing here gets better by itself. */
const hasty: Clock = {
  now: () => 0,
  random: () => 0,
  sleep: () => Promise.reject(new Error("It waits")),
};

Deno.test("ConditionalStore looks before it puts into a bucket that refuses If-None-Match", async () => {
  await using server = await startS3Server({
    buckets: ["triton"],
    fault: (request) =>
      request.request.headers.has("if-none-match")
        ? s3Error(501, "NotImplemented", request)
        : undefined,
  });
  await using s3 = await openObjectStore("s3://triton", {
    endpoint: server.url,
    region: "us-east-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
  });
  const store = new ConditionalStore(s3);
  await store.probe({ clock: hasty });
  const put = (body: string) =>
    store.put("key", new TextEncoder().encode(body), { ifAbsent: true });
  deepEqual([await put("first"), await put("second")], ["created", "exists"]);
  equal(new TextDecoder().decode(await (await store.get("key")).bytes()), "first");
});
