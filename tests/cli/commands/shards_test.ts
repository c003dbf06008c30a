import { deepStrictEqual, equal } from "node:assert/strict";
import { join } from "node:path";
import { runTriton } from "../../support/triton_process.ts";

/** An answer of Kinesis. */
function answer(status: number, body: unknown): Response {
  const headers = { "content-type": "application/x-amz-json-1.1" };
  return new Response(JSON.stringify(body), { status, headers });
}

const SHARD = {
  ShardId: "shardId-000000000000",
  HashKeyRange: { StartingHashKey: "0", EndingHashKey: "1" },
  SequenceNumberRange: { StartingSequenceNumber: "7" },
};

Deno.test("shards retries when Kinesis throttles it, and logs that", async () => {
  const directory = await Deno.makeTempDir({ prefix: "triton-shards-" });
  const answers = [
    answer(400, { __type: "LimitExceededException", message: "Rate exceeded" }),
    answer(200, { Shards: [SHARD] }),
  ];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    await request.body?.cancel();
    return answers.shift() ?? answer(500, {});
  });
  try {
    const config = join(directory, "triton.yaml");
    await Deno.writeTextFile(config, "clicks:\n  name: clicks_prod\n  region: us-east-1\n");
    const env = {
      AWS_ENDPOINT_URL_KINESIS: `http://127.0.0.1:${server.addr.port}`,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
    };
    const args = ["shards", "--stream", "clicks", "--config", config];
    const { code, stdout, stderr } = await runTriton(args, { env });
    deepStrictEqual([code, stdout], [0, "shardId-000000000000\n"], stderr);
    const { event, operation, attempt } = JSON.parse(stderr);
    deepStrictEqual([event, operation, attempt], ["request.retried", "ListShards", 1]);
    equal(answers.length, 0);
  } finally {
    await server.shutdown();
    await Deno.remove(directory, { recursive: true });
  }
});
