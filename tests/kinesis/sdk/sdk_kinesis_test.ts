import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { systemClock } from "../../../src/base/clock.ts";
import {
  type KinesisApi,
  KinesisError,
  openKinesis,
  type OpenKinesisOptions,
  pollShard,
} from "../../../src/kinesis/mod.ts";
import { toKinesisError } from "../../../src/kinesis/sdk/kinesis_error.ts";
import type { ShardId } from "../../../src/base/record.ts";
import { LOCAL_CREDENTIALS, LOCAL_REGION } from "../../support/local_kinesis.ts";

/** A server on loopback that answers every request in one way; it counts them. */
function serve(answer: (body: Record<string, unknown>) => Response | Promise<Response>) {
  const requests: Record<string, unknown>[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const body = await request.json();
    requests.push(body);
    return await answer(body);
  });
  return {
    requests,
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function open(endpoint: string | undefined, options: OpenKinesisOptions = {}) {
  return openKinesis({
    endpoint,
    region: LOCAL_REGION,
    credentials: LOCAL_CREDENTIALS,
    ...options,
  });
}

function fault(type: string, status = 400): Response {
  return Response.json({ __type: type, message: "as the service says" }, { status });
}

/** The error of one request to a server that answers in this way. */
async function errorOf(answer: () => Response | Promise<Response>): Promise<KinesisError> {
  await using server = serve(answer);
  await using kinesis = await open(server.url);
  return await failureOf(() => kinesis.describeStream("clicks"));
}

async function failureOf(act: () => Promise<unknown>): Promise<KinesisError> {
  try {
    await act();
  } catch (error) {
    ok(error instanceof KinesisError, `not a KinesisError: ${error}`);
    return error;
  }
  throw new Error("nothing was thrown");
}

Deno.test("SdkKinesis maps the service's refusals", async () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ["ProvisionedThroughputExceededException", true],
    ["LimitExceededException", true],
    ["ThrottlingException", true],
    ["KMSThrottlingException", true],
    ["ExpiredIteratorException", false],
    ["AccessDeniedException", false],
    ["InvalidArgumentException", false],
    ["UnrecognizedClientException", false],
  ];
  for (const [code, retryable] of cases) {
    const error = await errorOf(() => fault(code));
    deepEqual([error.code, error.retryable], [code, retryable]);
    equal(
      error.message,
      `Cannot describe stream "clicks": ${code}: as the service says`,
    );
    ok(error.cause instanceof Error);
  }
});

Deno.test("SdkKinesis says what to do about credentials that have expired", async () => {
  const { message } = await errorOf(() => fault("ExpiredTokenException"));
  equal(
    message,
    'Cannot describe stream "clicks": ExpiredTokenException: as the service says; get new credentials, ' +
      "such as by aws sso login, or set AWS_PROFILE to a profile that has them",
  );
});

Deno.test("SdkKinesis says in which region there is no such stream", async () => {
  const { message, code, retryable } = await errorOf(() => fault("ResourceNotFoundException"));
  deepEqual([code, retryable], ["ResourceNotFoundException", false]);
  equal(
    message,
    'Cannot describe stream "clicks": ResourceNotFoundException: as the service says; the region is ' +
      LOCAL_REGION,
  );
});

Deno.test("SdkKinesis names streams by ARNs of the account of one, in every request", async () => {
  const records = { Records: [], NextShardIterator: "i", MillisBehindLatest: 0 };
  const shard = { ShardId: "shardId-1", SequenceNumberRange: { StartingSequenceNumber: "1" } };
  const result = { ShardId: "shardId-1", SequenceNumber: "1" };
  await using server = serve((body) => {
    if ("ShardIterator" in body) return Response.json(records);
    if ("Records" in body) return Response.json({ Records: [result] });
    return Response.json({ Shards: [shard], ShardIterator: "i" });
  });
  const arns = "arn:aws:kinesis:eu-west-1:123456789012:stream/";
  await using kinesis = await open(server.url, { streamArn: `${arns}other` });
  const place = { stream: "clicks", shardId: "shardId-1" as ShardId };
  await failureOf(() => kinesis.describeStream("clicks"));
  await Array.fromAsync(kinesis.listShards("clicks"));
  await kinesis.getShardIterator(place, { type: "latest" });
  for (let i = 0; i < 2; i++) await kinesis.getRecords("i", { shard: place }); // by the SDK, then without
  await kinesis.putRecords("clicks", [{ partitionKey: "k", data: new Uint8Array(1) }]);
  equal(server.requests.length, 6);
  for (const body of server.requests) {
    deepEqual([body.StreamARN, body.StreamName], [`${arns}clicks`, undefined]);
  }
});

Deno.test("SdkKinesis counts every 5xx among what passes, whatever its body", async () => {
  const named = await errorOf(() => fault("InternalFailure", 500));
  deepEqual([named.code, named.retryable], ["InternalFailure", true]);
  const bare = await errorOf(() => new Response(null, { status: 500 }));
  deepEqual([bare.code, bare.retryable], ["HTTP 500", true]);
  equal(bare.message, 'Cannot describe stream "clicks": the service responded with status 500');
  const html = await errorOf(() => new Response("<html>busy</html>", { status: 503 }));
  deepEqual([html.code, html.retryable], ["InvalidAnswer", true]);
  equal(
    html.message,
    'Cannot describe stream "clicks": a response with status 503 that is not from AWS: "busy"',
  );
  const strange = await errorOf(() => fault("SomethingNewException", 502));
  deepEqual([strange.code, strange.retryable], ["SomethingNewException", true]);
});

Deno.test("SdkKinesis counts a good answer that cannot be read among what passes", async () => {
  const html = await errorOf(() => new Response("<html>hello</html>"));
  deepEqual([html.code, html.retryable], ["InvalidAnswer", true]);
  equal(
    html.message,
    'Cannot describe stream "clicks": a response with status 200 that is not from AWS: "hello"',
  );
  const text = await errorOf(() => new Response("hello"));
  deepEqual([text.code, text.retryable], ["InvalidAnswer", true]);
  match(
    text.message,
    /^Cannot describe stream "clicks": the response with status 200 cannot be read \(.*JSON\)$/,
  );
});

Deno.test("SdkKinesis.getRecords() names the shard whose records cannot be read", async () => {
  const shard = { stream: "clicks", shardId: "shardId-000000000000" as ShardId };
  const what = 'Cannot read shard "shardId-000000000000" of stream "clicks": ';
  const unreadable = ["<html>busy</html>", '{"Records":[{"SequenceNumber":"1', "\u00bfg"];
  for (const body of unreadable) {
    await using server = serve(() => new Response(body));
    await using kinesis = await open(server.url);
    const error = await failureOf(() => kinesis.getRecords("iterator", { shard }));
    deepEqual([error.code, error.retryable], ["InvalidAnswer", true]);
    equal(error.message.startsWith(`${what}the response with status 200 cannot be read (`), true);
  }
  await using server = serve(() => fault("AccessDeniedException"));
  await using kinesis = await open(server.url);
  const error = await failureOf(() => kinesis.getRecords("iterator", { shard }));
  equal(error.message, `${what}AccessDeniedException: as the service says`);
});

Deno.test("pollShard() reads on after an answer that cannot be read, and says of which shard", async () => {
  const record =
    '{"SequenceNumber":"1","PartitionKey":"a","Data":"","ApproximateArrivalTimestamp":1}';
  const bodies = ["<html>busy</html>", `{"Records":[${record}],"MillisBehindLatest":0}`];
  await using server = serve(({ ShardId }) =>
    ShardId === undefined ? new Response(bodies.shift()) : Response.json({ ShardIterator: "i" })
  );
  await using kinesis = await open(server.url);
  const reasons: string[] = [];
  const batches = await Array.fromAsync(pollShard(
    kinesis,
    { stream: "clicks", shardId: "shardId-7" as ShardId, from: { type: "trim-horizon" } },
    {
      clock: { ...systemClock, sleep: () => Promise.resolve() },
      onRetry: ({ error }) => reasons.push((error as Error).message),
    },
  ));
  deepEqual(batches.map(({ records }) => records.length), [1]);
  equal(reasons.length, 1);
  match(
    reasons[0]!,
    /^Cannot read shard "shardId-7" of stream "clicks": the response with status 200/,
  );
});

Deno.test("SdkKinesis takes no part of an answer for what it is not", async () => {
  const shard = { stream: "clicks", shardId: "shardId-000000000000" as ShardId };
  const record =
    '{"SequenceNumber":"1","PartitionKey":"a","Data":"","ApproximateArrivalTimestamp":1}';
  const read = (kinesis: KinesisApi) => kinesis.getRecords("iterator");
  const list = (kinesis: KinesisApi) => Array.fromAsync(kinesis.listShards("clicks"));
  const seek = (kinesis: KinesisApi) => kinesis.getShardIterator(shard, { type: "latest" });
  const cases: [string, (kinesis: KinesisApi) => Promise<unknown>][] = [
    ['{"Records":""}', read],
    ['{"Records":{}}', read],
    ['{"Records":5}', read],
    ['{"Records":[5]}', read],
    [`{"Records":[${record.replace('"1"', "4.9e55")}]}`, read],
    [`{"Records":[${record.replace('"a"', "5")}]}`, read],
    [`{"Records":[${record.replace(":1}", ":1e300}")}]}`, read],
    [`{"Records":[${record}],"NextShardIterator":5}`, read],
    ['{"Shards":5}', list],
    ['{"Shards":[]}', list],
    ['{"Shards":[5]}', list],
    ['{"Shards":[{"ShardId":5,"SequenceNumberRange":{"StartingSequenceNumber":"6"}}]}', list],
    ['{"Shards":[{"ShardId":"5","SequenceNumberRange":{"StartingSequenceNumber":6}}]}', list],
    ['{"ShardIterator":5}', seek],
  ];
  for (const [body, act] of cases) {
    await using server = serve(() => new Response(body));
    await using kinesis = await open(server.url);
    const error = await failureOf(() => act(kinesis));
    deepEqual([error.code, error.retryable], ["InvalidAnswer", true], body);
  }
});

Deno.test("SdkKinesis asks again after a refusal that set its clock right", async () => {
  const date = new Date(Date.now() + 3_600_000).toUTCString();
  const body = { __type: "InvalidSignatureException", message: "Signature expired" };
  const error = await errorOf(() => Response.json(body, { status: 400, headers: { date } }));
  deepEqual([error.code, error.retryable], ["InvalidSignatureException", true]);
  const other = await errorOf(() => fault("InvalidSignatureException"));
  deepEqual([other.code, other.retryable], ["InvalidSignatureException", false]);
});

Deno.test("SdkKinesis takes refusals as they are while the machine's clock is off", async () => {
  const date = () => new Date(Date.now() + 3_600_000).toUTCString();
  const refusals = [
    "InvalidSignatureException",
    "ExpiredIteratorException",
    "InvalidSignatureException",
  ];
  await using server = serve(() => {
    const body = { __type: refusals.shift(), message: "no" };
    return Response.json(body, { status: 400, headers: { date: date() } });
  });
  await using kinesis = await open(server.url);
  const errors = [];
  for (let i = 0; i < 3; i++) errors.push(await failureOf(() => kinesis.getRecords("iterator")));
  // The first one has told the time; an iterator that is never renewed would hold its shard up.
  deepEqual(errors.map(({ retryable }) => retryable), [true, false, false]);
});

Deno.test("SdkKinesis counts lost, refused and slow connections among what passes", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}`;
  const closing = (async () => {
    for await (const connection of listener) connection.close();
  })();
  {
    await using kinesis = await open(url);
    const closed = await failureOf(() => kinesis.describeStream("clicks"));
    deepEqual([closed.code, closed.retryable], ["ECONNRESET", true]);
  }
  listener.close();
  await closing;
  await using kinesis = await open(url);
  const refused = await failureOf(() => kinesis.describeStream("clicks"));
  deepEqual([refused.code, refused.retryable], ["ECONNREFUSED", true]);
  match(
    refused.message,
    /^Cannot describe stream "clicks": connect ECONNREFUSED 127\.0\.0\.1:\d+: nothing listens there; start/,
  );
});

Deno.test("SdkKinesis counts an answer that was cut short among what passes", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n";
  const answering = (async () => {
    using connection = await listener.accept();
    await connection.read(new Uint8Array(4_096));
    await connection.write(new TextEncoder().encode(`${head}{"StreamDescriptionSummary"`));
  })();
  await using kinesis = await open(`http://127.0.0.1:${listener.addr.port}`);
  const error = await failureOf(() => kinesis.describeStream("clicks"));
  deepEqual([error.code, error.retryable], ["ECONNRESET", true]);
  await answering;
  listener.close();
});

Deno.test("SdkKinesis gives up a request that is not answered in time", async () => {
  const held = Promise.withResolvers<Response>();
  await using server = serve(() => held.promise);
  await using kinesis = await open(server.url, { requestTimeoutMs: 50 });
  const error = await failureOf(() => kinesis.describeStream("clicks"));
  deepEqual([error.code, error.retryable], ["ETIMEDOUT", true]);
  held.resolve(new Response());
});

Deno.test("SdkKinesis stops at once when a request is aborted", async () => {
  const asked = Promise.withResolvers<void>();
  const held = Promise.withResolvers<Response>();
  await using server = serve(() => (asked.resolve(), held.promise));
  await using kinesis = await open(server.url);
  const stop = new AbortController();
  const request = kinesis.describeStream("clicks", { signal: stop.signal });
  await asked.promise;
  const reason = new Error("enough");
  stop.abort(reason);
  await rejects(request, reason);
  held.resolve(new Response());
});

Deno.test("SdkKinesis does not take an empty answer for the end of a shard", async () => {
  const answers: unknown[] = [{ Records: [] }, { Records: [], NextShardIterator: null }];
  await using server = serve(() => Response.json(answers.shift() ?? {}));
  await using kinesis = await open(server.url);
  const shard = { stream: "clicks", shardId: "shardId-000000000000" as ShardId };
  for (
    const act of [
      () => kinesis.getRecords("iterator"),
      () => kinesis.getShardIterator(shard, { type: "latest" }),
      () => Array.fromAsync(kinesis.listShards("clicks")),
      () => Array.fromAsync(kinesis.listStreams()),
      () => kinesis.listTags("clicks"),
      () => kinesis.putRecords("clicks", [{ partitionKey: "a", data: new Uint8Array(1) }]),
    ]
  ) {
    const error = await failureOf(act);
    deepEqual([error.code, error.retryable], ["InvalidAnswer", true]);
  }
});

Deno.test("SdkKinesis.listShards() reads to the last page", async () => {
  const page = (i: number) => ({
    Shards: [{
      ShardId: `shardId-00000000000${i}`,
      HashKeyRange: { StartingHashKey: "0", EndingHashKey: "1" },
      SequenceNumberRange: { StartingSequenceNumber: `${i}` },
    }],
    ...(i < 2 ? { NextToken: `${i + 1}` } : {}),
  });
  await using server = serve(({ NextToken }) => Response.json(page(Number(NextToken ?? 0))));
  await using kinesis = await open(server.url);
  const shards = await Array.fromAsync(kinesis.listShards("clicks"));
  deepEqual(shards.map(({ id }) => id.at(-1)), ["0", "1", "2"]);
  // AWS refuses a page's token together with the stream's name.
  deepEqual(server.requests, [{ StreamName: "clicks" }, { NextToken: "1" }, { NextToken: "2" }]);
});

Deno.test("SdkKinesis.listShards() ends where the listing does not move on, and says of which stream", async () => {
  const shard = { ShardId: "shardId-0", SequenceNumberRange: { StartingSequenceNumber: "1" } };
  const cases: [string, (page: number) => unknown][] = [
    ["the server says that there are more pages, but returns no continuation token", () => ""],
    ["the server returns the same page again", (page) => `${page}`],
  ];
  for (const [why, token] of cases) {
    let pages = 0;
    await using server = serve(() => Response.json({ Shards: [shard], NextToken: token(pages++) }));
    await using kinesis = await open(server.url);
    const error = await failureOf(() => Array.fromAsync(kinesis.listShards("clicks")));
    deepEqual([error.code, error.retryable], ["InvalidAnswer", false]);
    equal(error.message, `Cannot list the shards of stream "clicks": ${why}`);
    ok(pages <= 2);
  }
  await using server = serve(() => Response.json({ Shards: [shard], NextToken: null }));
  await using kinesis = await open(server.url);
  equal((await Array.fromAsync(kinesis.listShards("clicks"))).length, 1);
});

Deno.test("SdkKinesis.listStreams() reads to the last page, with a token or the last name", async () => {
  const streams = ["a", "b", "c", "d"];
  await using server = serve(({ NextToken, ExclusiveStartStreamName }) => {
    const start = Number(NextToken ?? streams.indexOf(ExclusiveStartStreamName as string) + 1);
    const name = streams[start]!;
    return Response.json({
      StreamNames: [name],
      HasMoreStreams: start < 3,
      // The second page has neither summaries nor a token.
      ...start === 1 ? {} : {
        StreamSummaries: [{ StreamName: name, StreamStatus: "DELETING", StreamARN: "arn" }],
        ...start < 3 ? { NextToken: `${start + 1}` } : {},
      },
    });
  });
  await using kinesis = await open(server.url);
  deepEqual(await Array.fromAsync(kinesis.listStreams()), [
    { name: "a", status: "DELETING" },
    { name: "b", status: undefined },
    { name: "c", status: "DELETING" },
    { name: "d", status: "DELETING" },
  ]);
  deepEqual(server.requests, [
    { Limit: 1000 },
    { Limit: 1000, NextToken: "1" },
    { Limit: 1000, ExclusiveStartStreamName: "b" },
    { Limit: 1000, NextToken: "3" },
  ]);
});

Deno.test("SdkKinesis.listTags() reads to the last page", async () => {
  const keys = ["a", "b", "c"];
  await using server = serve(({ ExclusiveStartTagKey }) => {
    const start = keys.indexOf(ExclusiveStartTagKey as string) + 1;
    const Tags = [{ Key: keys[start], ...start === 1 ? {} : { Value: `${start}` } }];
    return Response.json({ Tags, HasMoreTags: start < 2 });
  });
  await using kinesis = await open(server.url);
  deepEqual([...await kinesis.listTags("clicks")], [["a", "0"], ["b", ""], ["c", "2"]]);
  deepEqual(server.requests, [
    { StreamName: "clicks" },
    { StreamName: "clicks", ExclusiveStartTagKey: "a" },
    { StreamName: "clicks", ExclusiveStartTagKey: "b" },
  ]);
});

Deno.test("SdkKinesis.listStreams() and listTags() end where the listing does not move on", async () => {
  await using server = serve(() =>
    Response.json({
      ...{ StreamNames: ["a"], HasMoreStreams: true, Tags: [{ Key: "a" }], HasMoreTags: true },
    })
  );
  await using kinesis = await open(server.url);
  const why = "the server returns the same continuation token again";
  const streams = await failureOf(() => Array.fromAsync(kinesis.listStreams()));
  deepEqual([streams.message, streams.retryable], [`Cannot list the streams: ${why}`, false]);
  const tags = await failureOf(() => kinesis.listTags("clicks"));
  equal(tags.message, `Cannot list the tags of stream "clicks": ${why}`);
  equal(server.requests.length, 4);
  await using empty = serve(() => Response.json({ StreamNames: [], HasMoreStreams: true }));
  await using other = await open(empty.url);
  const { message, retryable } = await failureOf(() => Array.fromAsync(other.listStreams()));
  deepEqual(
    [message, retryable],
    ["Cannot list the streams: the response lacks entries before the next page", true],
  );
});

Deno.test("SdkKinesis asks once: asking again is for who uses it", async () => {
  await using server = serve(() => fault("InternalFailure", 500));
  await using kinesis = await open(server.url);
  await failureOf(() => kinesis.describeStream("clicks"));
  equal(server.requests.length, 1);
});

Deno.test("openKinesis() honours the endpoint variables, its own option before them", async () => {
  await using server = serve(() => fault("ResourceNotFoundException"));
  const nowhere = "http://127.0.0.1:2";
  const code = async (env: Record<string, string>, endpoint?: string) => {
    using _ = withEnv({ AWS_ENDPOINT_URL: undefined, AWS_ENDPOINT_URL_KINESIS: undefined, ...env });
    await using kinesis = await open(endpoint);
    return (await failureOf(() => kinesis.describeStream("clicks"))).code;
  };
  const answered = "ResourceNotFoundException";
  equal(await code({ AWS_ENDPOINT_URL: server.url }), answered);
  const both = { AWS_ENDPOINT_URL: nowhere, AWS_ENDPOINT_URL_KINESIS: server.url };
  equal(await code(both), answered);
  equal(await code({ AWS_ENDPOINT_URL_KINESIS: nowhere }, server.url), answered);
  equal(await code({ AWS_ENDPOINT_URL: server.url }, nowhere), "ECONNREFUSED");
});

Deno.test("openKinesis() takes the region from AWS_REGION, and says when there is none", async () => {
  const nothing = {
    AWS_REGION: undefined,
    AWS_DEFAULT_REGION: undefined,
    AWS_PROFILE: undefined,
    AWS_CONFIG_FILE: "/nonexistent",
    AWS_SHARED_CREDENTIALS_FILE: "/nonexistent",
  };
  {
    using _ = withEnv(nothing);
    await rejects(() => openKinesis(), {
      name: "ConfigError",
      message:
        "Cannot open Kinesis: no region is set; set one in the configuration, or set AWS_REGION",
    });
  }
  using _ = withEnv({ ...nothing, AWS_REGION: "eu-west-1" });
  await using _kinesis = await openKinesis();
});

Deno.test("toKinesisError() looks for the connection in what an error gathers and was caused by", () => {
  const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
  const gathered = new AggregateError([new Error("other"), refused], "all failed");
  for (const error of [gathered, new Error("fetch failed", { cause: gathered })]) {
    const { code, retryable } = toKinesisError("ask", error);
    deepEqual([code, retryable], ["ECONNREFUSED", true]);
  }
  const denied = Object.assign(new Error("no keys"), { name: "CredentialsProviderError" });
  const { message, code, retryable } = toKinesisError("ask", denied);
  deepEqual([code, retryable], ["CredentialsProviderError", false]);
  const help = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
  equal(message, `Cannot ask: no AWS credentials found (no keys); ${help}`);
  denied.message = "Could not load credentials from any providers";
  equal(toKinesisError("ask", denied).message, `Cannot ask: no AWS credentials found; ${help}`);
  equal(toKinesisError("ask", "just text").message, "Cannot ask: Unknown: just text");
});

/** Sets variables, and sets them back. */
function withEnv(values: Readonly<Record<string, string | undefined>>): Disposable {
  const before = Object.keys(values).map((name) => [name, Deno.env.get(name)] as const);
  const set = (name: string, value: string | undefined) =>
    value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  for (const [name, value] of Object.entries(values)) set(name, value);
  return { [Symbol.dispose]: () => before.forEach(([name, value]) => set(name, value)) };
}

Deno.test("SdkKinesis reports the service's time, as the answer's Date has it", async () => {
  const headers = { date: "Thu, 01 Jan 2026 12:34:56 GMT" };
  await using server = serve((body) =>
    "StreamName" in body
      ? Response.json({
        StreamDescriptionSummary: {
          StreamStatus: "ACTIVE",
          StreamCreationTimestamp: 1_700_000_000,
          RetentionPeriodHours: 24,
        },
      }, { headers })
      : Response.json({ Records: [], NextShardIterator: "next" }, { headers })
  );
  await using kinesis = await open(server.url);
  const expected = new Date("2026-01-01T12:34:56Z");
  deepEqual((await kinesis.describeStream("clicks")).serverTime, expected);
  deepEqual((await kinesis.getRecords("iterator")).serverTime, expected);
});
