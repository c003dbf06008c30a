import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { startPipeline } from "../../../e2e/pipeline.ts";

Deno.test("stats --lag shows how old the oldest record after a position is", async () => {
  await using pipeline = await startPipeline();
  const put = (id: string) => pipeline.run(["put", "--stream", "clicks"], `{"id":"${id}"}\n`);
  await put("one");
  {
    await using store = pipeline.store();
    await store.until(/Archived \S+: 1 events/);
    await store.stop();
  }
  const lags = async (...args: string[]) => {
    const asked = ["stats", "--lag", "--json", ...args];
    const { code, stdout, stderr } = await pipeline.run(asked);
    equal(code, 0, stderr);
    const rows = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    return { lags: rows.map(({ lagMs }) => lagMs), rows, stderr };
  };
  deepStrictEqual((await lags()).lags, [0, 0]);
  await put("two"); // into one of the two shards
  const [small, big] = (await lags()).lags.sort((a, b) => a - b);
  equal(small, 0);
  ok(big > 0 && big < 60_000, `${big} ms`);
  const unreachable = `${pipeline.directory}/unreachable.yaml`;
  const text =
    "clicks:\n  name: clicks_prod\n  region: us-east-1\n  endpoint: http://127.0.0.1:2\n";
  await Deno.writeTextFile(unreachable, text);
  const nowhere = await lags("--config", unreachable);
  deepStrictEqual(nowhere.lags, [null, null]);
  match(nowhere.rows[0].lagError, /ECONNREFUSED|connect/i);
  match(nowhere.stderr, /^triton: Cannot /m);
});
