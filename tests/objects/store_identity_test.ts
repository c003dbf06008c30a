import { equal, notEqual } from "node:assert/strict";
import { DirectoryObjectStore, MemoryObjectStore, openObjectStore } from "@triton/triton/archive";
import { bucketOfIdentity, parseIdentity, s3Identity } from "../../src/objects/store_identity.ts";
import { withRetries } from "../../src/objects/with_retries.ts";
import { systemClock } from "../../src/base/clock.ts";

Deno.test("s3Identity() has the endpoint, normalised, unless it is AWS's own", () => {
  equal(s3Identity("s3://a/b", undefined), "s3://a/b");
  equal(s3Identity("s3://a", "https://s3.eu-west-1.amazonaws.com"), "s3://a");
  equal(s3Identity("s3://a", "https://s3.cn-north-1.amazonaws.com.cn/"), "s3://a");
  equal(s3Identity("s3://a", "https://vpce-1.s3.eu-west-1.vpce.amazonaws.com"), "s3://a");
  equal(s3Identity("s3://a", "HTTP://MinIO:80/"), "s3://a at http://minio");
  equal(s3Identity("s3://a", "http://key:secret@minio:9000/x/"), "s3://a at http://minio:9000/x");
  notEqual(s3Identity("s3://a", "http://minio:9000"), s3Identity("s3://a", "http://minio:9001"));
});

Deno.test("parseIdentity() takes apart what s3Identity() has made", () => {
  const place = { url: "s3://a/b at http", endpoint: "http://minio:9000" };
  const parsed = parseIdentity(s3Identity(place.url, place.endpoint));
  equal(JSON.stringify(parsed), JSON.stringify(place));
  equal(parseIdentity("file:///var/lib/x").url, "file:///var/lib/x");
});

Deno.test("bucketOfIdentity() leaves out the folder, and keeps the server", () => {
  equal(bucketOfIdentity("s3://a/b/c"), "s3://a");
  equal(bucketOfIdentity("s3://a"), "s3://a");
  equal(bucketOfIdentity("s3://a/b at http://minio:9000/x"), "s3://a at http://minio:9000/x");
  equal(bucketOfIdentity("file:///var/lib/x"), "file:///var/lib/x");
  const point = "arn:aws:s3:eu-west-1:111122223333:accesspoint/logs";
  equal(bucketOfIdentity(`s3://${point}/b/c`), `s3://${point}`);
});

Deno.test("ObjectStore.identity is the same for stores that are opened the same way, S3's URL written either way", async () => {
  const options = { region: "eu-west-1", endpoint: "http://127.0.0.1:9", env: {} };
  await using one = await openObjectStore("s3://bucket/prefix/", options);
  await using other = await openObjectStore("bucket/prefix", options);
  equal(one.identity, "s3://bucket/prefix at http://127.0.0.1:9");
  equal(other.identity, one.identity);
  const env = { AWS_ENDPOINT_URL_S3: "http://127.0.0.1:9/" };
  await using third = await openObjectStore("bucket/prefix", { region: "eu-west-1", env });
  equal(third.identity, one.identity);
  const arn = "arn:aws:s3:eu-west-1:111122223333:accesspoint";
  await using point = await openObjectStore(`${arn}/logs/prefix/`, { env: {} });
  equal(point.identity, `s3://${arn}/logs/prefix`);
  await using same = await openObjectStore(`s3://${arn}:logs/prefix`, { env: {} });
  equal(same.identity, point.identity);
});

Deno.test("ObjectStore.identity of a directory is its absolute path, of memory the object's own", () => {
  const { identity } = new DirectoryObjectStore("somewhere/else");
  equal(identity, new DirectoryObjectStore("./somewhere/../somewhere/else/").identity);
  equal(identity.startsWith("file:///"), true);
  const store = new MemoryObjectStore();
  notEqual(store.identity, new MemoryObjectStore().identity);
  equal(withRetries(store, { clock: systemClock }).identity, store.identity);
});
