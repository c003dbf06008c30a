import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { createHash } from "node:crypto";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { clientSettings } from "../../../src/aws/client_settings.ts";
import { KinesisError } from "../../../src/base/errors.ts";
import { SdkKinesis } from "../../../src/kinesis/mod.ts";
import { checkSignature } from "../../support/check_signature.ts";

/** Longer than a block of SHA-256, which HMAC treats in another way. */
const SECRET = `a secret/with+signs ${"long ".repeat(20)}`;

/** What the server saw of a request. */
interface Seen {
  readonly bySdk: boolean;
  readonly region: string;
  readonly body: unknown;
  readonly headers: Record<string, string>;
}

/** An empty response, as the server sends it. */
const answer = (headers: HeadersInit = {}) =>
  Response.json({ Records: [], NextShardIterator: "next", MillisBehindLatest: 5 }, { headers });

function refusal(status: number, code: string, headers: HeadersInit = {}): Response {
  return Response.json({ __type: code, message: `It is ${code}` }, { status, headers });
}

/** A server that checks every signature, and clients of it. */
async function start() {
  const seen: Seen[] = [];
  const clients: Kinesis[] = [];
  let respond: (request: Request) => Response = () => answer();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { region } = checkSignature(request, SECRET);
    const body = await request.text();
    const hash = createHash("sha256").update(body).digest("hex");
    equal(request.headers.get("x-amz-content-sha256"), hash);
    const headers = Object.fromEntries(request.headers);
    const bySdk = request.headers.has("amz-sdk-invocation-id");
    seen.push({ bySdk, region, body: JSON.parse(body), headers });
    return respond(request);
  });
  const open = async (): Promise<[SdkKinesis, Kinesis]> => {
    const client = new Kinesis({
      ...await clientSettings({ env: {}, silenceTimeoutMs: 60_000 }),
      endpoint: `http://127.0.0.1:${server.addr.port}`,
      region: "eu-west-1",
      credentials: { accessKeyId: "key", secretAccessKey: SECRET, sessionToken: "to/ken+of=it" },
    });
    clients.push(client);
    return [new SdkKinesis(client), client];
  };
  const [kinesis] = await open();
  return {
    seen,
    kinesis,
    open,
    bySdk: () => seen.splice(0).map(({ bySdk }) => bySdk),
    respond: (how: typeof respond) => respond = how,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      await server.shutdown();
    },
  };
}

Deno.test("RecordsGetter sends the first request by the SDK, and the same ones itself afterwards", async () => {
  await using running = await start();
  const { kinesis, seen } = running;
  const results = [];
  for (let i = 0; i < 3; i++) {
    const { serverTime: _, ...result } = await kinesis.getRecords('an "é"', { limit: 7 });
    results.push(result);
  }
  deepEqual(results, Array(3).fill({ records: [], nextIterator: "next", millisBehindLatest: 5 }));
  const [first, ...others] = seen.map(({ body, region, headers }) => ({
    ...{ body, region, target: headers["x-amz-target"], type: headers["content-type"] },
    ...{ agent: headers["user-agent"], token: headers["x-amz-security-token"] },
  }));
  deepEqual(first!.body, { ShardIterator: 'an "é"', Limit: 7 });
  equal(first!.region, "eu-west-1");
  deepEqual(others, [first, first]);
  deepEqual(running.bySdk(), [true, false, false]);
});

Deno.test("RecordsGetter leaves failures to the SDK, without a second request", async () => {
  await using running = await start();
  const { kinesis, open, respond } = running;
  const failures = [
    [400, "ExpiredIteratorException"],
    [400, "ProvisionedThroughputExceededException"],
    [400, "ExpiredTokenException"],
    [500, "InternalFailure"],
  ] as const;
  for (const [status, code] of failures) {
    respond(() => answer());
    for (let i = 0; i < 2; i++) await kinesis.getRecords("i");
    respond(() => refusal(status, code));
    const [bySdk] = await open();
    const expected = await errorOf(bySdk.getRecords("i"));
    running.bySdk();
    const error = await errorOf(kinesis.getRecords("i"));
    deepEqual(
      [error.code, error.message, error.retryable],
      [expected.code, expected.message, expected.retryable],
    );
    respond(() => answer());
    for (let i = 0; i < 2; i++) await kinesis.getRecords("i");
    deepEqual(running.bySdk(), [false, true, false]);
  }
});

Deno.test("RecordsGetter signs with the clock that the SDK has corrected", async () => {
  await using running = await start();
  const { kinesis, respond } = running;
  for (let i = 0; i < 2; i++) await kinesis.getRecords("i");
  const ahead = 3_600_000;
  const offsets: number[] = [];
  respond(({ headers }) => {
    const [, y, m, d, ...time] = /^(....)(..)(..)T(..)(..)(..)Z$/
      .exec(headers.get("x-amz-date")!)!;
    offsets.push(Date.parse(`${y}-${m}-${d}T${time.join(":")}Z`) - Date.now());
    const date = new Date(Date.now() + ahead).toUTCString();
    return offsets.at(-1)! > ahead / 2
      ? answer({ date })
      : refusal(400, "RequestTimeTooSkewed", { date });
  });
  await rejects(kinesis.getRecords("i"), { code: "RequestTimeTooSkewed", retryable: true });
  for (let i = 0; i < 2; i++) await kinesis.getRecords("i");
  deepEqual(running.bySdk(), [true, false, false, true, false]);
  ok(offsets.slice(1).every((offset) => Math.abs(offset - ahead) < 10_000), `${offsets}`);
});

Deno.test("RecordsGetter leaves requests with further headers to the SDK", async () => {
  await using running = await start();
  const [kinesis, client] = await running.open();
  client.middlewareStack.add((next) => (args) => {
    const { headers } = args.request as { headers: Record<string, string> };
    headers["x-amz-of-a-proxy"] = "a";
    return next(args);
  }, { step: "build", name: "proxy" });
  for (let i = 0; i < 3; i++) await kinesis.getRecords("i");
  deepEqual(running.bySdk(), [true, true, true]);
});

async function errorOf(failing: Promise<unknown>): Promise<KinesisError> {
  const error = await failing.then(() => undefined, (error) => error);
  ok(error instanceof KinesisError, `${error}`);
  return error;
}
