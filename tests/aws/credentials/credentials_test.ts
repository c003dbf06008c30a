import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import { type Identity, RenewedCredentials } from "../../../src/aws/credentials/credentials.ts";
import { cutLineBreaks } from "../../../src/cli/options/clean_environment.ts";
import { maskSecrets } from "../../../src/base/secrets.ts";

/** Credentials from a list, each as long as it lasts, and how often they were looked for. */
function fromList(...list: (Identity | Error)[]) {
  const state = { now: 1_000_000_000_000, finds: 0 };
  const find = () => {
    const found = list[Math.min(state.finds++, list.length - 1)]!;
    return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
  };
  const credentials = new RenewedCredentials({ find, now: () => state.now, env: {} });
  const get = async () => (await credentials.provider({})()).accessKeyId;
  return { state, credentials, get };
}

const keys = (accessKeyId: string, expiration?: Date): Identity => ({
  accessKeyId,
  secretAccessKey: `${accessKeyId}-s3cret`,
  ...expiration && { expiration },
});

const refusal = (name: string) => Object.assign(new Error(name), { name });
const AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=ONE/20260901/us-east-1/s3/aws4_request";

Deno.test("RenewedCredentials looks again every 10 s, at once after a refusal, and before an end", async () => {
  const { state, credentials, get } = fromList(keys("ONE"), keys("TWO"), keys("THREE"));
  deepStrictEqual([await get(), await get(), state.finds], ["ONE", "ONE", 1]);
  state.now += 10_000;
  equal(await get(), "TWO");
  equal(credentials.failed(refusal("ExpiredToken")), false); // they have never worked
  equal(await get(), "THREE");

  const ends = fromList(keys("ONE", new Date(1_000_000_000_000 + 3_600_000)), keys("TWO"));
  await ends.get();
  ends.state.now += 3_200_000;
  equal(await ends.get(), "ONE");
  ends.state.now += 150_000;
  equal(await ends.get(), "TWO");
});

Deno.test("RenewedCredentials takes refusals of keys that have worked for such that pass", async () => {
  const { credentials, get, state } = fromList(keys("ONE"), refusal("CredentialsProviderError"));
  await get();
  credentials.worked("AWS4-HMAC-SHA256 Credential=OTHER/20260901");
  equal(credentials.failed(refusal("ExpiredTokenException")), false);
  credentials.worked(AUTHORIZATION);
  for (const name of ["ExpiredToken", "UnrecognizedClientException"]) {
    equal(credentials.failed(refusal(name)), true, name);
  }
  const head = Object.assign(refusal("Unknown"), { $metadata: { httpStatusCode: 400 } });
  equal(credentials.failed(head), true);
  for (const name of ["AccessDenied", "ValidationException", "NoSuchBucket"]) {
    equal(credentials.failed(refusal(name)), false, name);
  }
  const error = await get().catch((error) => error); // the file is being written
  deepStrictEqual([error.name, credentials.failed(error)], ["CredentialsProviderError", true]);
  equal(state.finds, 2);
});

Deno.test("RenewedCredentials does not wait for other keys in the environment of a process", async () => {
  const env = { AWS_ACCESS_KEY_ID: "ONE", AWS_SECRET_ACCESS_KEY: "s" };
  const find = () => Promise.resolve(keys("ONE"));
  for (const more of [{}, { AWS_PROFILE: "ops" }]) {
    const credentials = new RenewedCredentials({ find, env: { ...env, ...more } });
    await credentials.provider({})();
    credentials.worked(AUTHORIZATION);
    equal(credentials.failed(refusal("ExpiredToken")), "AWS_PROFILE" in more);
  }
});

Deno.test("RenewedCredentials keeps what still holds where nothing else can be had", async () => {
  const end = 1_000_000_000_000 + 3_600_000;
  const { get, state } = fromList(keys("ONE", new Date(end)), refusal("TimeoutError"));
  await get();
  state.now = end - 200_000;
  deepStrictEqual([await get(), await get(), state.finds], ["ONE", "ONE", 2]);
  state.now = end;
  await rejects(get(), { name: "TimeoutError" });

  const program = { ...keys("ONE"), $source: { CREDENTIALS_PROFILE_PROCESS: "v" } };
  const asked = fromList(program, keys("TWO"));
  await asked.get();
  asked.state.now += 3_600_000;
  equal(await asked.get(), "ONE");
  asked.credentials.failed(refusal("ExpiredToken"));
  equal(await asked.get(), "TWO");
});

Deno.test("RenewedCredentials gives keys without line breaks, and keeps them out of what is printed", async () => {
  const identity = { accessKeyId: "ONE\n", secretAccessKey: "k3y/of\r\n", sessionToken: "t0ken\n" };
  const { credentials } = fromList(identity);
  const { accessKeyId, secretAccessKey, sessionToken } = await credentials.provider({})();
  deepStrictEqual([accessKeyId, secretAccessKey, sessionToken], ["ONE", "k3y/of", "t0ken"]);
  equal(maskSecrets("<k3y/of> <t0ken> <k3y%2Fof>"), "<***> <***> <***>");
});

Deno.test("cutLineBreaks() cuts line breaks off the end of secrets and settings", () => {
  const env = new Map([
    ["AWS_SECRET_ACCESS_KEY", "a\nb\n"],
    ["PGPASSWORD", "p \r\n\n"],
    ["TRITON_DB", "sqlite://a"],
    ["OTHER", "x\n"],
  ]);
  cutLineBreaks(env);
  deepStrictEqual([...env.values()], ["a\nb", "p ", "sqlite://a", "x\n"]);
});
