/**
 * All commands over TLS, with certificates of a private CA, under the permissions that the
 * executable is compiled with and no others: `tritonCommand` reads them from the task `compile`.
 *
 * @module
 */

import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { encodeEvent } from "../../src/codec/mod.ts";
import { makeAuthority } from "../support/certificates.ts";
import { startPostgres } from "../support/postgres.ts";
import { startTcpRelay } from "../support/tcp_relay.ts";
import { runTriton, TritonProcess, type TritonResult } from "../support/triton_process.ts";
import { type Pipeline, startPipeline, STREAM } from "./pipeline.ts";

/** Variables of the machine that runs the tests: what they would bring must not be what works. */
const FOREIGN = [
  "AWS_CA_BUNDLE",
  "AWS_CONFIG_FILE",
  "AWS_PROFILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "HOME",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_DIR",
  "SSL_CERT_FILE",
];

/** A pipeline whose servers speak TLS. */
interface SecurePlace extends AsyncDisposable {
  readonly pipeline: Pipeline;
  /** The CA's certificate. */
  readonly ca: string;
  /** Environment variables of commands: all but those that name the CA. */
  readonly env: Record<string, string>;
  /** Runs a command to its end. */
  run(args: readonly string[], env: Record<string, string>, input?: string): Promise<TritonResult>;
  /** Starts `triton store`. */
  store(env: Record<string, string>): TritonProcess;
}

async function startSecurePlace(): Promise<SecurePlace> {
  await using stack = new AsyncDisposableStack();
  const pipeline = stack.use(await startPipeline({ shards: 1 }));
  const { directory } = pipeline;
  const authority = await makeAuthority(directory);
  const certificate = await authority.sign("localhost", ["DNS:localhost", "IP:127.0.0.1"]);
  const overTls = (url: string) => {
    const relay = stack.use(startTcpRelay(Number(new URL(url).port), 0, certificate));
    return `https://localhost:${relay.port}`;
  };
  const postgres = stack.use(await startPostgres({ ...certificateOf(certificate), hba: HBA }));
  const ca = `${directory}/ca.pem`;
  await Deno.writeTextFile(ca, authority.cert);
  const database = new URL(postgres.url);
  database.search = `?sslmode=verify-full&sslrootcert=${ca}`;
  const env = {
    ...pipeline.env,
    AWS_ENDPOINT_URL_KINESIS: overTls(pipeline.kinesis.url),
    AWS_ENDPOINT_URL_S3: overTls(pipeline.s3.url),
    AWS_EC2_METADATA_DISABLED: "true",
    TRITON_DB: database.href,
    DENO_DIR: await denoDirectory(),
  };
  const under = ["env", ...FOREIGN.flatMap((name) => ["-u", name])];
  // What `env` unsets it sets again itself.
  const set = (more: Record<string, string>) =>
    FOREIGN.flatMap((name) => name in more ? [`${name}=${more[name]}`] : []);
  const started = stack.move();
  return {
    pipeline,
    ca,
    env,
    run: (args, more, input) =>
      runTriton(args, { env: { ...env, ...more }, input, under: [...under, ...set(more)] }),
    store: (more) =>
      started.use(
        new TritonProcess(["store", "--stream", "clicks", "--rotate", "1s"], {
          env: { ...env, ...more },
          under: [...under, ...set(more)],
        }),
      ),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

const HBA = ["local all all scram-sha-256", "hostssl all all all scram-sha-256"];

function certificateOf({ cert, key }: { readonly cert: string; readonly key: string }) {
  const settings = ["ssl=on", "ssl_cert_file=../server.crt", "ssl_key_file=../server.key"];
  return { settings, files: { "server.crt": cert, "server.key": key } };
}

/** Where the modules are, which commands without a HOME could not find. */
async function denoDirectory(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

const CLICKS = ["--stream", "clicks"];
const STORE = ["--client-name", "store"];
const BILLING = ["--client-name", "billing"];

/** Each command that reaches a service, but `store`, and what it prints. */
const COMMANDS: readonly (readonly [args: readonly string[], prints: RegExp])[] = [
  [["shards", ...CLICKS], /^shardId-000000000000\n$/],
  [["tail", ...CLICKS, "--from", "trim-horizon", "--limit", "1"], /^\{"id":"a"\}\n$/],
  [["tail", ...CLICKS, "--from", "2020-01-01", "--limit", "1"], /^\{"id":"a"\}\n$/],
  [["ls", ...CLICKS], /\.tri\t/],
  [["ls", ...CLICKS, "--long"], /\.tri\t\d+\t\d+\t1\t/],
  [["verify", ...CLICKS], /The archive is whole/],
  [["verify", ...CLICKS, "--deep"], /The archive is whole/],
  [["quarantine", ...CLICKS], /^shardId-0/],
  [["stats", ...STORE], /^store\.clicks\S*\.age \d+ \d+\n/],
  [["stats", ...STORE, ...CLICKS, "--lag"], /\.lag 0 /],
  [["checkpoint", "list", ...CLICKS, ...STORE], /shardId-000000000000/],
  [["checkpoint", "recover", ...CLICKS], /No position is behind the archive/],
  [["checkpoint", "recover", ...CLICKS, "--dry-run"], /No position is behind the archive/],
  [["checkpoint", "rewind", ...CLICKS, ...BILLING, "--to", "2020-01-01"], /1 position moved/],
  [["doctor", ...CLICKS], /^ok {4}clock +agrees with that of S3$/m],
  [["completions", "--streams"], /^clicks\n$/],
];

async function runEverything(place: SecurePlace, env: Record<string, string>): Promise<void> {
  const put = await place.run(["put", ...CLICKS], env, '{"id":"a"}\n');
  deepStrictEqual([put.code, put.stderr], [0, `put 1 event into ${STREAM}\n`]);
  const { kinesis } = place.pipeline.kinesis;
  await kinesis.putRecords(STREAM, [{ partitionKey: "b", data: encodeEvent({ id: "b" }) }]);
  await kinesis.putRecords(STREAM, [{ partitionKey: "c", data: new Uint8Array([0xc1]) }]);
  await using store = place.store(env);
  await store.until(/record\.quarantined/);
  const ended = await store.stop("SIGTERM");
  equal(ended.code, 0, ended.stderr);
  const cat = await place.run(["cat", ...CLICKS, ...days()], env);
  deepStrictEqual([cat.code, cat.stdout], [0, '{"id":"a"}\n{"id":"b"}\n'], cat.stderr);
  for (const [args, prints] of COMMANDS) {
    const { code, stdout, stderr } = await place.run(args, env);
    equal(code, 0, `${args.join(" ")}: ${stderr}`);
    match(stdout, prints, `${args.join(" ")}: ${stdout}`);
  }
}

function days(): string[] {
  const day = (shift: number) =>
    new Date(Date.now() + shift * 86_400_000).toISOString().slice(0, 10).replaceAll("-", "");
  return ["--start-date", day(-1), "--end-date", day(1)];
}

Deno.test("over TLS with a private CA, under the executable's permissions", async (t) => {
  await using place = await startSecurePlace();
  const { pipeline: { directory }, ca } = place;
  const ls = async (env: Record<string, string>, code = 0) => {
    const result = await place.run(["ls", ...CLICKS], env);
    equal(result.code, code, result.stderr);
    return result.stderr;
  };

  await t.step(
    "every command works with NODE_EXTRA_CA_CERTS, and without a HOME",
    () => runEverything(place, { NODE_EXTRA_CA_CERTS: ca }),
  );

  await t.step("AWS_CA_BUNDLE and SSL_CERT_FILE also set a CA", async () => {
    for (const name of ["AWS_CA_BUNDLE", "SSL_CERT_FILE"]) await ls({ [name]: ca });
  });

  await t.step(
    "PostgreSQL is reached by every way to trust it, whatever else is trusted",
    async () => {
      const stats = async (parameters: string, env: Record<string, string>) => {
        const url = new URL(place.env.TRITON_DB!);
        url.search = parameters;
        const { code, stderr } = await place.run(["stats"], { ...env, TRITON_DB: url.href });
        return code === 0 ? "" : stderr;
      };
      const trusts: Record<string, string>[] = [{}, { NODE_EXTRA_CA_CERTS: ca }];
      for (const more of trusts) {
        equal(await stats("?sslmode=require", more), "");
        equal(await stats(`?sslmode=verify-ca&sslrootcert=${ca}`, more), "");
        match(await stats("?sslmode=disable", more), /no encryption/);
      }
      match(await stats("?sslrootcert=system", {}), /certificate/);
      equal(await stats("?sslrootcert=system", { NODE_EXTRA_CA_CERTS: ca }), "");
    },
  );

  await t.step("a CA that is not configured is not trusted", async () => {
    match(await ls({ HOME: directory }, 1), /certificate|UnknownIssuer/i);
  });

  const noKeys = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", NODE_EXTRA_CA_CERTS: ca };
  const home = `${directory}/home`;
  await Deno.mkdir(`${home}/.aws/login/cache`, { recursive: true });
  const session = "arn:aws:iam::123456789012:user/ops";
  await Deno.writeTextFile(
    `${home}/.aws/config`,
    `[profile ops]\nlogin_session = ${session}\n` +
      "[profile program]\ncredential_process = /bin/false\n" +
      "[profile role]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = program\n",
  );
  await Deno.writeTextFile(
    `${home}/.aws/login/cache/${createHash("sha256").update(session).digest("hex")}.json`,
    JSON.stringify({
      accessToken: {
        ...{ accessKeyId: "LOGIN", secretAccessKey: "s", sessionToken: "t" },
        ...{ accountId: "123456789012", expiresAt: new Date(Date.now() + 3_600_000) },
      },
      ...{ clientId: "c", refreshToken: "r", dpopKey: "k" },
    }),
  );

  await t.step("a profile of aws login works", async () => {
    const keys: (string | null)[] = [];
    place.pipeline.s3.fault = ({ request }) => {
      keys.push(request.headers.get("authorization"));
      return undefined;
    };
    await ls({ ...noKeys, HOME: home, AWS_PROFILE: "ops" });
    ok(keys.length > 0 && keys.every((key) => key?.includes("Credential=LOGIN/")), String(keys));
  });

  await t.step("a profile with credential_process is rejected by name", async () => {
    for (const profile of ["program", "role"]) {
      const said = await ls({ ...noKeys, HOME: home, AWS_PROFILE: profile }, 1);
      match(
        said,
        /the AWS profile "program" gets its credentials from credential_process, and triton runs no programs/,
      );
      equal(said.trimEnd().split("\n").length, 1, said);
    }
  });

  await t.step("without credentials and without HOME, the error says so", async () => {
    match(await ls(noKeys, 1), /no AWS credentials found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID/);
  });
});
