import { deepStrictEqual, throws } from "node:assert/strict";
import {
  accountStreams,
  configuredStreams,
  jobsOf,
  keyOfJob,
} from "../../../src/cli/options/stream_jobs.ts";
import { parseConfig } from "../../../src/config/mod.ts";

const CONFIG = parseConfig(`
clicks: { name: clicks_prod, region: us-west-1 }
orders: { name: orders_prod, archive: { client: second, bucket: s3://orders } }
test_a: { name: a }
test_b: { name: b, archive: { enabled: true } }
off: { name: off, archive: { enabled: false } }
`);

const FLAGS = { clientName: "store", bucket: "s3://all" };

const names = (streams: readonly { readonly logicalName: string }[]) =>
  streams.map(({ logicalName }) => logicalName);

Deno.test("configuredStreams() selects by name, in the order of the names", () => {
  const streams = configuredStreams(CONFIG, { type: "named", names: ["orders", "clicks"] });
  deepStrictEqual(names(streams), ["orders", "clicks"]);
  throws(() => configuredStreams(CONFIG, { type: "named", names: ["click"] }), {
    message: 'Unknown stream "click": did you mean "clicks"?',
  });
});

Deno.test("configuredStreams() refuses a named stream that is not enabled", () => {
  throws(() => configuredStreams(CONFIG, { type: "named", names: ["clicks", "off"] }), {
    message:
      'Stream "off" is not archived: the configuration has "enabled: false" in its "archive"',
  });
});

Deno.test("configuredStreams() selects all that are enabled, except patterns of logical names", () => {
  const all = (...except: string[]) => names(configuredStreams(CONFIG, { type: "all", except }));
  deepStrictEqual(all(), ["clicks", "orders", "test_a", "test_b"]);
  deepStrictEqual(all("test_*", "ord?rs"), ["clicks"]);
  deepStrictEqual(all("a"), ["clicks", "orders", "test_a", "test_b"]);
  deepStrictEqual(all("*"), []);
});

Deno.test("accountStreams() takes what the configuration says of the same stream", () => {
  const found = accountStreams(["a", "clicks_prod", "new", "off", "orders_prod"], CONFIG, {
    region: "us-east-1",
    endpoint: undefined,
  });
  deepStrictEqual(found.map(({ logicalName, name, archive }) => [logicalName, name, archive]), [
    ["test_a", "a", undefined],
    // The one of the configuration is in another region.
    ["clicks_prod", "clicks_prod", undefined],
    ["new", "new", undefined],
    ["orders", "orders_prod", { client: "second", bucket: "s3://orders" }],
  ]);
  deepStrictEqual(accountStreams(["x"], undefined, { region: "us-east-1", endpoint: "http://h" }), [
    { logicalName: "x", name: "x", region: "us-east-1", endpoint: "http://h" },
  ]);
});

Deno.test("jobsOf() prefers client and bucket of the configuration to those of the flags", () => {
  const jobs = jobsOf(configuredStreams(CONFIG, { type: "all", except: ["test_*"] }), FLAGS);
  deepStrictEqual(jobs.map(({ client, bucket }) => [client, bucket]), [
    ["store", "s3://all"],
    ["second", "s3://orders"],
  ]);
});

Deno.test("jobsOf() names the streams that have no bucket", () => {
  const streams = configuredStreams(CONFIG, { type: "all", except: [] });
  throws(() => jobsOf(streams, { clientName: "store" }), {
    message: 'No bucket for "clicks", "test_a" and "test_b": pass --bucket or set TRITON_BUCKET ' +
      'for all streams, or add "bucket" to "archive" in the configuration',
  });
  throws(() => jobsOf(streams.slice(0, 1), { clientName: "store" }), {
    message: "No bucket: pass --bucket or set TRITON_BUCKET to the location of the archive",
  });
  deepStrictEqual(jobsOf(streams.slice(1, 2), { clientName: "store" }).length, 1);
});

Deno.test("jobsOf() refuses a stream that one client would archive twice, also in two regions", () => {
  const config = parseConfig(`
a: { name: x, region: us-east-1 }
b: { name: x, region: eu-west-1 }
c: { name: x, archive: { client: other } }
`);
  throws(() => jobsOf(config.streams, FLAGS), {
    message:
      'Cannot archive both "a" and "b": both are stream "x" with client "store"; leave one out, or ' +
      'add another "client" to its "archive" in the configuration',
  });
  const jobs = jobsOf([config.stream("a"), config.stream("c")], FLAGS);
  deepStrictEqual(new Set(jobs.map(keyOfJob)).size, 2);
});
