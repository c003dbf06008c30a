import { equal } from "node:assert/strict";
import { startS3Server } from "../support/s3_server.ts";

Deno.test("openObjectStore() without credentials says how to give some", async () => {
  await using server = await startS3Server({ buckets: ["bucket"] });
  const code = `
    import { openObjectStore } from "${new URL("../../src/objects/mod.ts", import.meta.url)}";
    await using store = await openObjectStore("bucket", { endpoint: "${server.url}" });
    await store.head("a").catch((error) => console.log(error.message, error.retryable));
  `;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--config", new URL("../../deno.json", import.meta.url).pathname, code],
    clearEnv: true,
    env: {
      HOME: "/nowhere",
      DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
      AWS_EC2_METADATA_DISABLED: "true",
    },
    stderr: "inherit",
  }).output();
  equal(
    new TextDecoder().decode(stdout).trim(),
    "Cannot look at s3://bucket/a: no AWS credentials found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID " +
      "and AWS_SECRET_ACCESS_KEY false",
  );
});
