import { deepEqual, equal, match } from "node:assert/strict";
import { createHash } from "node:crypto";
import { makeAuthority } from "../../support/certificates.ts";
import { startTestProxy, type TestProxyOptions } from "../../support/test_proxy.ts";

const DENO_DIR = Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`;
const START_URL = "https://login.example/start";
const IN_AN_HOUR = new Date(Date.now() + 3_600_000).toISOString();

const CONFIG = `
[profile role]
region = us-east-1
role_arn = arn:aws:iam::123456789012:role/triton
source_profile = keys
[profile keys]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = secret
[profile sso]
region = us-east-1
sso_start_url = ${START_URL}
sso_region = us-east-1
sso_account_id = 123456789012
sso_role_name = triton
`;

const KEYS = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", AWS_REGION: "us-east-1" };

/** Answers for all of AWS. */
function answer(request: Request): Response {
  const { hostname } = new URL(request.url);
  if (hostname.startsWith("sts.")) {
    return new Response(
      `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>` +
        `<Credentials><AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey>` +
        `<SessionToken>c</SessionToken><Expiration>${IN_AN_HOUR}</Expiration></Credentials>` +
        `</AssumeRoleResult></AssumeRoleResponse>`,
    );
  }
  if (hostname.startsWith("portal.sso.")) {
    const expiration = Date.parse(IN_AN_HOUR);
    const keys = { accessKeyId: "a", secretAccessKey: "b", sessionToken: "c", expiration };
    return Response.json({ roleCredentials: keys });
  }
  if (request.headers.has("x-amz-target")) {
    const summary = {
      StreamStatus: "ACTIVE",
      StreamCreationTimestamp: 1,
      RetentionPeriodHours: 24,
      OpenShardCount: 1,
    };
    return Response.json({ StreamDescriptionSummary: summary });
  }
  return new Response(null, {
    headers: {
      etag: '"1"',
      "content-length": "1",
      "last-modified": new Date(0).toUTCString(),
    },
  });
}

/** A proxy before all of AWS, and a process that asks Kinesis and S3. */
async function start(options: Partial<TestProxyOptions> = {}) {
  const home = await Deno.makeTempDir();
  const authority = await makeAuthority(home);
  const certificate = await authority.sign("amazonaws.com", [
    "DNS:*.us-east-1.amazonaws.com",
    "DNS:*.s3.us-east-1.amazonaws.com",
    "DNS:*.sso.us-east-1.amazonaws.com",
  ]);
  const listening = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const tls = Deno.serve({ ...listening, ...certificate }, answer);
  const plain = Deno.serve(listening, answer);
  const { port: plainPort } = plain.addr;
  const proxy = startTestProxy({ plainPort, tlsPort: tls.addr.port, ...options });
  await Deno.writeTextFile(`${home}/ca.pem`, authority.cert);
  await Deno.writeTextFile(`${home}/config`, CONFIG);
  const cache = `${home}/.aws/sso/cache`;
  await Deno.mkdir(cache, { recursive: true });
  const name = createHash("sha1").update(START_URL).digest("hex");
  const token = { accessToken: "token", expiresAt: IN_AN_HOUR };
  await Deno.writeTextFile(`${cache}/${name}.json`, JSON.stringify(token));
  return {
    proxy,
    home,
    plainUrl: `http://127.0.0.1:${plainPort}`,
    /** Runs the process; returns the errors that it met. */
    async ask(env: Record<string, string>): Promise<string[]> {
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--quiet",
          "--no-check",
          "-A",
          new URL("ask_aws.ts", import.meta.url).pathname,
        ],
        clearEnv: true,
        env: {
          HOME: home,
          DENO_DIR,
          DENO_NO_UPDATE_CHECK: "1",
          AWS_CONFIG_FILE: `${home}/config`,
          AWS_EC2_METADATA_DISABLED: "true",
          ...env,
        },
      }).output();
      equal(new TextDecoder().decode(stderr), "");
      return JSON.parse(new TextDecoder().decode(stdout));
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await Promise.all([tls.shutdown(), plain.shutdown()]);
      await Deno.remove(home, { recursive: true });
    },
  };
}

Deno.test("HTTPS_PROXY is the way to Kinesis, S3, STS and SSO, with the CA of AWS_CA_BUNDLE", async () => {
  await using running = await start();
  const { proxy, home, ask } = running;
  const env = { HTTPS_PROXY: proxy.url, AWS_CA_BUNDLE: `${home}/ca.pem` };
  const services = [
    "CONNECT bucket.s3.us-east-1.amazonaws.com:443",
    "CONNECT kinesis.us-east-1.amazonaws.com:443",
  ];
  deepEqual(await ask({ ...env, AWS_PROFILE: "role" }), []);
  const sts = "CONNECT sts.us-east-1.amazonaws.com:443";
  deepEqual([...new Set(proxy.asked)].sort(), [...services, sts]);
  proxy.asked.length = 0;
  const nowhere = { ...KEYS, AWS_ENDPOINT_URL: "http://127.0.0.1:2" };
  deepEqual(await ask({ ...env, ...nowhere, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" }), []);
  deepEqual([...new Set(proxy.asked)].sort(), services);
  proxy.asked.length = 0;
  deepEqual(await ask({ ...env, AWS_PROFILE: "sso" }), []);
  const sso = "CONNECT portal.sso.us-east-1.amazonaws.com:443";
  deepEqual([...new Set(proxy.asked)].sort(), [...services, sso]);
});

Deno.test("A private CA is trusted from every variable that names one, and from the profile", async () => {
  await using running = await start();
  const { proxy, home, ask } = running;
  const env = { ...KEYS, HTTPS_PROXY: proxy.url };
  const [refused] = await ask(env);
  match(
    refused!,
    /^CertificateError Cannot describe stream "clicks": .*the certificate of kinesis.us-east-1.amazonaws.com is not trusted .*set AWS_CA_BUNDLE/,
  );
  const bundle = `${home}/ca.pem`;
  for (const name of ["AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"]) {
    deepEqual(await ask({ ...env, [name]: bundle }), [], name);
  }
  await Deno.writeTextFile(`${home}/config`, `[default]\nca_bundle = ${bundle}\n`);
  deepEqual(await ask(env), []);
  deepEqual(await ask({ ...env, AWS_CA_BUNDLE: `${home}/nothing.pem` }), [
    `undefined Cannot read the certificates of AWS_CA_BUNDLE, "${home}/nothing.pem": no such file`,
  ]);
  deepEqual(await ask({ ...env, AWS_CA_BUNDLE: `${home}/config` }), [
    `undefined Cannot read the certificates of AWS_CA_BUNDLE, "${home}/config": ` +
    "the file has no certificate in PEM format",
  ]);
});

Deno.test("HTTP_PROXY is the way to servers without TLS, and NO_PROXY names those that it is not for", async () => {
  await using running = await start();
  const { proxy, ask, plainUrl } = running;
  const far = { ...KEYS, HTTP_PROXY: proxy.url, AWS_ENDPOINT_URL: "http://aws.triton.test" };
  deepEqual(await ask(far), []);
  deepEqual([...new Set(proxy.asked)].sort(), [
    "HEAD http://aws.triton.test",
    "POST http://aws.triton.test",
  ]);
  proxy.asked.length = 0;
  const near = { ...KEYS, HTTP_PROXY: proxy.url, AWS_ENDPOINT_URL: plainUrl };
  deepEqual(await ask({ ...near, NO_PROXY: "127.0.0.1" }), []);
  deepEqual(proxy.asked, []);
  deepEqual(await ask(near), []);
  equal(proxy.asked.length, 2);
});

Deno.test("A proxy that wants a password gets that of its URL, or is named", async () => {
  await using running = await start({ login: "user:secret" });
  const { proxy, home, ask } = running;
  const env = { ...KEYS, AWS_CA_BUNDLE: `${home}/ca.pem` };
  const login = proxy.url.replace("//", "//user:secret@");
  deepEqual(await ask({ ...env, HTTPS_PROXY: login }), []);
  const errors = await ask({ ...env, HTTPS_PROXY: proxy.url });
  equal(errors.length, 2);
  for (const error of errors) {
    match(
      error,
      /^ProxyAuthenticationRequired .*the proxy on the way to .* requires a user and password/,
    );
  }
  const plain = { ...env, HTTP_PROXY: proxy.url, AWS_ENDPOINT_URL: "http://aws.triton.test" };
  for (const error of await ask(plain)) {
    match(error, /^ProxyAuthenticationRequired .*a response with status 407 that is not from AWS/);
  }
});
