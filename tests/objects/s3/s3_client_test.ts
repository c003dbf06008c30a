import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { FetchHandler, type WireRequest } from "../../../src/aws/http/fetch_handler.ts";
import { parseS3Url } from "../../../src/base/settings/bucket_url.ts";
import { openObjectStore } from "../../../src/objects/mod.ts";
import { makeS3Client, type S3Options } from "../../../src/objects/s3/s3_client.ts";
import { S3ObjectStore } from "../../../src/objects/s3/s3_object_store.ts";

const CREDENTIALS = { accessKeyId: "a", secretAccessKey: "b" };

/** Responds to each request with an object, and keeps it. */
class Recorder extends FetchHandler {
  readonly requests: WireRequest[] = [];

  override handle(request: WireRequest) {
    this.requests.push(request);
    const headers = {
      ...{ etag: '"1"', "last-modified": "Fri, 10 Jul 2015 00:00:00 GMT" },
      "content-length": "0",
    };
    return Promise.resolve({
      response: { statusCode: 200, reason: "OK", headers, body: new Uint8Array() },
    });
  }
}

/** The host, the path and the signature's region and service of a request for object `x`. */
async function askedFor(url: string, options: S3Options): Promise<string[]> {
  const place = parseS3Url(url)!;
  const { client } = await makeS3Client(place, { env: {}, credentials: CREDENTIALS, ...options });
  const recorder = new Recorder({ silenceTimeoutMs: 1_000 });
  client.config.requestHandler.destroy!();
  Object.assign(client.config, { requestHandler: recorder });
  await new S3ObjectStore(client, place).head("x");
  client.destroy();
  const { hostname, path, headers } = recorder.requests[0]!;
  const [, region, service] = /\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request/.exec(
    headers.authorization!,
  )!;
  return [hostname, path, region!, service!];
}

const POINT = "arn:aws:s3:us-west-2:111122223333:accesspoint/logs";
const OUTPOST = "arn:aws:s3-outposts:us-west-2:111122223333:outpost/op-1/accesspoint/logs";
const [DUALSTACK, FIPS, ACCELERATE] = [
  { useDualstackEndpoint: true },
  { useFipsEndpoint: true },
  { useAccelerateEndpoint: true },
];

Deno.test("a bucket is reached at the endpoint of its region, and an access point at its own", async () => {
  const hosts: [string, S3Options, string][] = [
    ["bkt", { region: "eu-west-1" }, "bkt.s3.eu-west-1.amazonaws.com"],
    ["bkt", { region: "eu-west-1", ...DUALSTACK }, "bkt.s3.dualstack.eu-west-1.amazonaws.com"],
    ["bkt", { region: "us-east-2", ...FIPS }, "bkt.s3-fips.us-east-2.amazonaws.com"],
    [
      "bkt",
      { region: "us-gov-west-1", ...FIPS, ...DUALSTACK },
      "bkt.s3-fips.dualstack.us-gov-west-1.amazonaws.com",
    ],
    ["bkt", { region: "cn-north-1", ...DUALSTACK }, "bkt.s3.dualstack.cn-north-1.amazonaws.com.cn"],
    ["bkt", { region: "eu-west-1", ...ACCELERATE }, "bkt.s3-accelerate.amazonaws.com"],
    [
      "bkt",
      { region: "eu-west-1", ...ACCELERATE, ...DUALSTACK },
      "bkt.s3-accelerate.dualstack.amazonaws.com",
    ],
  ];
  for (const [url, options, host] of hosts) {
    deepEqual(await askedFor(`${url}/f`, options), [host, "/f/x", options.region!, "s3"]);
  }
  const points: [string, S3Options, string][] = [
    [POINT, {}, "logs-111122223333.s3-accesspoint.us-west-2.amazonaws.com"],
    [
      POINT,
      { region: "eu-west-1", ...FIPS, ...DUALSTACK },
      "logs-111122223333.s3-accesspoint-fips.dualstack.us-west-2.amazonaws.com",
    ],
    [
      POINT,
      { endpoint: "https://accesspoint.vpce-1.s3.us-west-2.vpce.amazonaws.com" },
      "logs-111122223333.accesspoint.vpce-1.s3.us-west-2.vpce.amazonaws.com",
    ],
    [OUTPOST, {}, "logs-111122223333.op-1.s3-outposts.us-west-2.amazonaws.com"],
  ];
  for (const [url, options, host] of points) {
    const service = url === OUTPOST ? "s3-outposts" : "s3";
    deepEqual(await askedFor(`s3://${url}/f`, options), [host, "/f/x", "us-west-2", service]);
  }
  const inChina = "arn:aws-cn:s3:cn-north-1:111122223333:accesspoint/logs";
  deepEqual(await askedFor(inChina, { region: "us-east-1" }), [
    ...["logs-111122223333.s3-accesspoint.cn-north-1.amazonaws.com.cn", "/x", "cn-north-1", "s3"],
  ]);
});

Deno.test("environment and profile choose among AWS's endpoints, unless one is set by its URL", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(
    file,
    "[default]\nuse_fips_endpoint = true\n[profile d]\nuse_dualstack_endpoint = TRUE\n",
  );
  const region = "us-east-2";
  const both = { AWS_USE_FIPS_ENDPOINT: "true", AWS_USE_DUALSTACK_ENDPOINT: "true" };
  const hosts: [S3Options, string][] = [
    [{ env: both }, "bkt.s3-fips.dualstack.us-east-2.amazonaws.com"],
    [{ env: { AWS_CONFIG_FILE: file } }, "bkt.s3-fips.us-east-2.amazonaws.com"],
    [
      { env: { AWS_CONFIG_FILE: file, AWS_USE_FIPS_ENDPOINT: "false" } },
      "bkt.s3.us-east-2.amazonaws.com",
    ],
    [
      { env: { AWS_CONFIG_FILE: file, AWS_PROFILE: "d" } },
      "bkt.s3.dualstack.us-east-2.amazonaws.com",
    ],
    [{ env: both, useFipsEndpoint: false }, "bkt.s3.dualstack.us-east-2.amazonaws.com"],
    [{ env: { ...both, AWS_ENDPOINT_URL_S3: "http://127.0.0.1:9" } }, "127.0.0.1"],
  ];
  for (const [options, host] of hosts) {
    equal((await askedFor("bkt", { region, ...options }))[0], host, JSON.stringify(options));
  }
  await rejects(askedFor("bkt", { env: { AWS_USE_FIPS_ENDPOINT: "yes" } }), {
    name: "ConfigError",
    message: 'Cannot use AWS_USE_FIPS_ENDPOINT = "yes": use true or false',
  });
  await Deno.remove(file);
});

Deno.test("openObjectStore() refuses ways to a bucket that do not exist, and names the settings", async () => {
  const endpoint = "http://127.0.0.1:9000";
  const refused: [string, S3Options, RegExp][] = [
    [
      "bkt",
      { ...ACCELERATE, endpoint },
      /--use-accelerate-endpoint .*set to http:\/\/127.0.0.1:9000/,
    ],
    [
      "bkt",
      { ...FIPS, env: { AWS_ENDPOINT_URL: endpoint } },
      /--use-fips-endpoint .*AWS_ENDPOINT_URL/,
    ],
    ["bkt", { ...DUALSTACK, endpoint }, /--use-dualstack-endpoint/],
    ["bkt", { ...ACCELERATE, env: { AWS_USE_FIPS_ENDPOINT: "true" } }, /or AWS_USE_FIPS_ENDPOINT/],
    ["a.b", ACCELERATE, /has a "\." in its name/],
    [POINT, ACCELERATE, /--use-accelerate-endpoint .*cannot be used with access points/],
    [POINT, { endpoint }, /only AWS has access points/],
    [OUTPOST, DUALSTACK, /access points of Outposts/],
    ["bkt", { ...ACCELERATE, region: "cn-north-1" }, /cannot be used in cn-north-1/],
    ["bkt", { ...FIPS, region: "cn-north-1" }, /cn-north-1, which has no FIPS endpoints/],
  ];
  for (const [url, options, message] of refused) {
    await rejects(
      openObjectStore(url, { env: {}, credentials: CREDENTIALS, ...options }),
      (error) => {
        equal((error as Error).name, "ConfigError");
        match((error as Error).message, /^Cannot open s3:\/\//);
        match((error as Error).message, message);
        return true;
      },
    );
  }
  await rejects(openObjectStore("b", { env: {}, sseKmsKeyId: "k" }), {
    name: "RangeError",
    message: "Cannot use sseKmsKeyId without sse aws:kms or aws:kms:dsse",
  });
  await rejects(openObjectStore("s3://arn:aws:s3::111122223333:accesspoint/x.mrap", { env: {} }), {
    name: "TypeError",
    message: /: use the access point of one region, .*SigV4A/,
  });
});
