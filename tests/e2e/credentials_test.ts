import { deepStrictEqual, equal, match } from "node:assert/strict";
import { runTriton } from "../support/triton_process.ts";
import { s3Error } from "../support/s3_server.ts";
import { startPipeline } from "./pipeline.ts";

/** No keys in the environment, and none from the machine itself. */
const NO_KEYS = {
  AWS_ACCESS_KEY_ID: "",
  AWS_SECRET_ACCESS_KEY: "",
  AWS_EC2_METADATA_DISABLED: "true",
};

const fileOf = (key: string) =>
  `[default]\naws_access_key_id = ${key}\naws_secret_access_key = s3cret-${key}\n`;

Deno.test("store reloads credentials from ~/.aws/credentials after they expired", async () => {
  await using pipeline = await startPipeline({ shards: 1 });
  const file = `${pipeline.directory}/credentials`;
  await Deno.writeTextFile(file, fileOf("FIRST"));
  await using store = pipeline.storeWith({ ...NO_KEYS, AWS_SHARED_CREDENTIALS_FILE: file });
  await pipeline.run(["put", "--stream", "clicks"], '{"id":"a"}\n');
  await store.until(/file\.archived/);
  pipeline.s3.fault = (request) =>
    request.request.headers.get("authorization")?.includes("FIRST")
      ? s3Error(400, "ExpiredToken", request)
      : undefined;
  await pipeline.run(["put", "--stream", "clicks"], '{"id":"b"}\n');
  await store.until(/request\.retried.*ExpiredToken/);
  await Deno.writeTextFile(file, fileOf("SECOND"));
  const { code, stderr } = await store.stop("SIGTERM");
  deepStrictEqual([code, stderr.includes("s3cret")], [0, false], stderr);
  equal((await pipeline.cat()).stdout, '{"id":"a"}\n{"id":"b"}\n');
});

Deno.test("commands report what is wrong with an AWS profile", async () => {
  await using pipeline = await startPipeline({ shards: 1 });
  const config = `${pipeline.directory}/config`;
  await Deno.writeTextFile(
    config,
    "[profile plain]\naws_access_key_id = a\naws_secret_access_key = b\n" +
      "[profile program]\ncredential_process = /bin/false\n" +
      "[profile role]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = program\n",
  );
  const files = { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: `${config}.none` };
  const say = async (profile: string, keys: Record<string, string> = NO_KEYS) => {
    const env = { ...pipeline.env, ...keys, ...files, AWS_PROFILE: profile };
    return await runTriton(["ls", "--stream", "clicks"], { env });
  };
  const none = await say("nobody");
  equal(none.code, 1);
  match(
    none.stderr,
    /^triton: Cannot list s3:\S+ there is no AWS profile "nobody", which AWS_PROFILE names, in ~\/\.aws\/config or ~\/\.aws\/credentials\n$/,
  );
  // Both set: one line of ours, none of the SDK's.
  const both = await say("plain", {});
  equal(both.code, 0, both.stderr);
  const lines = both.stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
  deepStrictEqual(lines.map(({ event }) => event), ["credentials.ambiguous"]);
});
