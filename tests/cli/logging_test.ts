// deno-lint-ignore-file no-control-regex

import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import fc from "fast-check";
import type { CliContext } from "../../src/cli/cli_context.ts";
import { type LogOptions, logSettings } from "../../src/cli/options/log_settings.ts";
import { logFailure, logToStderr } from "../../src/cli/logging.ts";
import { redact } from "../../src/cli/text/redact.ts";
import { main } from "../../src/cli/main.ts";
import { VirtualClock } from "../../src/base/clock.ts";
import { untilTrue, within } from "../support/within.ts";
import { runCommand } from "./fake_context.ts";

const SECRETS = {
  AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  AWS_SESSION_TOKEN: "FwoGZXIvYXdzEXAMPLETOKEN",
  PGPASSWORD: "hunter22",
};

interface World {
  readonly isTerminal?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

function contextOf({ isTerminal = false, env = {} }: World, written: string[] = []): CliContext {
  const write = async (data: Uint8Array | string) => {
    await Promise.resolve();
    written.push(String(data));
  };
  const stderr = { isTerminal, write };
  const stdin = new ReadableStream<Uint8Array>();
  const { signal } = new AbortController();
  return { env, stdin, stdout: stderr, stderr, clock: new VirtualClock(), signal };
}

/** Returns what is written to standard error when this is logged. */
async function logged(log: () => void, world: World, options: LogOptions = {}): Promise<string> {
  const written: string[] = [];
  const context = contextOf(world, written);
  const flush = await logToStderr(context, logSettings(options, context));
  log();
  await flush();
  return written.join("");
}

function archiveOne(): void {
  getLogger(["triton", "archiver"]).info("Archived {key}: {events} events", {
    ...{ event: "file.archived", key: "20150710/clicks-store-1.tri", events: 7 },
    ...{ big: 2n ** 64n, at: new Date(0), error: new Error("why"), nothing: undefined },
  });
}

Deno.test("the log is one JSON object per line if standard error is not a terminal", async () => {
  const line = await logged(archiveOne, {});
  match(line, /^[^\n]*\n$/);
  const { time, ...rest } = JSON.parse(line);
  match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  deepStrictEqual(rest, {
    level: "info",
    event: "file.archived",
    message: "Archived 20150710/clicks-store-1.tri: 7 events",
    logger: "triton.archiver",
    key: "20150710/clicks-store-1.tri",
    events: 7,
    big: "18446744073709551616",
    at: "1970-01-01T00:00:00.000Z",
    error: "why",
  });
});

Deno.test("the log is text on a terminal, with colours unless NO_COLOR is set", async () => {
  const plain = /^\S+Z info {4}Archived 20150710\/clicks-store-1\.tri: 7 events\n$/;
  match(await logged(archiveOne, { isTerminal: true, env: { NO_COLOR: "1" } }), plain);
  const colored = await logged(archiveOne, { isTerminal: true });
  ok(colored.includes("\x1b[32minfo   \x1b[0m"), colored);
  match(colored.replace(/\x1b\[\d+m/g, ""), plain);
});

Deno.test("the log keeps the order of events, and has none below its level", async () => {
  const log = getLogger(["triton", "x"]);
  const text = await logged(
    () => {
      for (const name of ["one", "two", "three"]) log.warn(name);
      log.debug("four");
    },
    {},
    { logFormat: "text" },
  );
  deepStrictEqual(text.match(/one|two|three|four/g), ["one", "two", "three"]);
  match(await logged(() => log.debug("four"), {}, { verbose: true }), /"message":"four"/);
  equal(await logged(() => log.info("five"), {}, { logLevel: "warning" }), "");
});

Deno.test("options override TRITON_LOG, and TRITON_LOG overrides the terminal", () => {
  const of = (options: LogOptions, variable?: string, isTerminal = false) => {
    const env = { TRITON_LOG: variable ?? "" };
    const { level, format, isChosen } = logSettings(options, contextOf({ env, isTerminal }));
    return `${level} ${format}${isChosen ? " chosen" : ""}`;
  };
  equal(of({}), "info json");
  equal(of({}, undefined, true), "info text");
  equal(of({}, ""), "info json");
  equal(of({}, "debug"), "debug json");
  equal(of({}, "text"), "info text chosen");
  equal(of({}, "json", true), "info json chosen");
  equal(of({}, "warning, text"), "warning text chosen");
  equal(of({}, "json,error", true), "error json chosen");
  equal(of({ verbose: true }, "error"), "debug json");
  equal(of({ verbose: true, logLevel: "warning" }), "warning json");
  equal(of({ logLevel: "info", logFormat: "text" }, "debug,json"), "info text chosen");
});

Deno.test("an unknown value of TRITON_LOG is wrong usage", async () => {
  const env = { TRITON_LOG: "loud" };
  const { code, stderr } = await runCommand(["stats", "--client-name", "store"], { env });
  equal(code, 2);
  match(stderr, /^triton: environment variable TRITON_LOG is "loud"\. Use a level \(debug, /);
});

for (const [option, value] of [["--log-level", "loud"], ["--log-format", "xml"]] as const) {
  Deno.test(`main() refuses "triton ${option} ${value}"`, async () => {
    const { code, stderr } = await runCommand([option, value, "stats", "--client-name", "a"]);
    equal(code, 2);
    match(
      stderr,
      new RegExp(`^triton: option '${option} <.*>' argument '${value}' is invalid\\. `),
    );
  });
}

const FAILING = ["cat", "no_such_file.tri"];

Deno.test("the error of a command is plain text, or an event if the format is JSON", async () => {
  const plain = await runCommand(FAILING);
  equal(plain.stderr, 'triton: Cannot read "no_such_file.tri": no such file\n');
  for (const chosen of [{ TRITON_LOG: "json" }, undefined]) {
    const args = chosen === undefined ? [...FAILING, "--log-format", "json"] : FAILING;
    const { code, stderr } = await runCommand(args, { env: chosen });
    equal(code, 1);
    const { level, event, message, command, reason } = JSON.parse(stderr);
    const why = 'Cannot read "no_such_file.tri": no such file';
    deepStrictEqual([level, event, command], ["error", "command.failed", "cat"]);
    deepStrictEqual([message, reason], [why, why]);
  }
});

Deno.test("the error that ends store is an event if the log is JSON", async () => {
  const args = ["store", "--stream", "clicks", "--bucket", "b", "--config", "no_such_file.yaml"];
  const json = await runCommand(args);
  deepStrictEqual([json.code, JSON.parse(json.stderr).event], [1, "command.failed"]);
  const text = await runCommand(args, { isTerminal: true });
  match(text.stderr, /^triton: .*no_such_file\.yaml/);
});

Deno.test("--verbose prints the stack trace of an error", async () => {
  const { stderr } = await runCommand(["--verbose", ...FAILING]);
  match(stderr, /^triton: TritonError: Cannot read .*\n\s+at /);
});

/** Texts with the secret `s3cret...` in a place for secrets. */
const LEAKS = [
  "cannot open postgres://triton:s3cret@db.internal/triton",
  'Invalid URL: "postgresql://triton:s3cret/with@strange:chars@db/triton"',
  "postgres:/triton:s3cret@127.0.0.1/triton",
  "s3://AKIAIOSFODNN7EXAMPLE:s3cret@bucket/prefix",
  "s3://AKIAIOSFODNN7EXAMPLE:with/a/slash/s3cret@bucket/prefix",
  "mysql://triton:a/s3cret@db.internal/triton",
  "http://user:s3cret@127.0.0.1:4566/ refused the connection",
  "connect failed: host=db user=triton password=s3cret dbname=triton",
  "postgres://db/triton?user=triton&password=s3cret&ssl=true",
  "{ user: 'triton', password: 's3cret', port: 5432 }",
  '{"aws_secret_access_key": "s3cret"}',
  "aws_session_token = s3cret",
  "https://b.s3.amazonaws.com/k?X-Amz-Credential=s3cret/x&X-Amz-Signature=s3cret",
  "headers: { 'x-amz-security-token': 's3cret', host: 'b' }",
  "Authorization: AWS4-HMAC-SHA256 Credential=A/b, Signature=s3cret",
];

for (const leak of LEAKS) {
  Deno.test(`the log masks the secret of ${leak}`, async () => {
    const log = () => {
      const properties = { event: "x.y", reason: leak, nested: { why: [leak] } };
      getLogger(["triton", "x"]).error("{reason}", properties);
      getLogger(["triton", "x"]).error("failed: {error}", { error: new Error(leak) });
    };
    for (const world of [{}, { isTerminal: true }]) {
      const text = await logged(log, world);
      equal(text.includes("s3cret"), false, text);
      equal(text.includes("IOSFODNN7"), false, text);
      ok(text.includes("***"), text);
    }
    equal(redact(leak).includes("s3cret"), false);
  });
}

Deno.test("the log masks the credentials of the environment everywhere", async () => {
  for (const secret of Object.values(SECRETS)) {
    const log = () =>
      getLogger(["triton", "x"]).warn("said {reason}", { event: "x.y", reason: `<${secret}>` });
    for (const isTerminal of [false, true]) {
      const text = await logged(log, { isTerminal, env: SECRETS });
      equal(text.includes(secret), false, text);
      ok(text.includes("<***>"), text);
    }
  }
});

Deno.test("the log masks short secrets, but never Triton's own names and words", async () => {
  for (const secret of ["s3c", "archiver", "clicks", "x", "ab\ncd", "12\n"]) {
    const log = () => {
      const properties = { event: "archiver.started", stream: "clicks", key: "clicks/x" };
      getLogger(["triton", "archiver"]).info("The archiver of {stream} began: x", properties);
      getLogger(["triton", "x"]).warn("said {reason}", { event: "x.y", reason: `<${secret}>` });
    };
    const env = { PGPASSWORD: secret };
    const [first, second] = (await logged(log, { env })).trimEnd().split("\n")
      .map((line) => JSON.parse(line));
    deepStrictEqual(
      [first.event, first.logger, first.stream, first.key, first.message],
      ["archiver.started", "triton.archiver", "clicks", "clicks/x"].concat(
        "The archiver of clicks began: x",
      ),
    );
    // Some words are frequent in messages of services too.
    const said = secret === "archiver" ? secret : "***";
    deepStrictEqual([second.reason, second.message], [`<${said}>`, `said <${said}>`], secret);
  }
});

Deno.test("redact() masks the headers of metrics, each value alone", () => {
  const env = { OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20abc.123,x-key=k3y" };
  equal(redact("got abc.123 and k3y from Bearer abc.123", env), "got *** and *** from ***");
});

Deno.test("the error that ends a command masks credentials, in every format", async () => {
  const { AWS_SECRET_ACCESS_KEY: secret } = SECRETS;
  const attempts = [
    ["cat", `${secret}.tri`],
    ["cat", "s3://AKIAIOSFODNN7EXAMPLE:s3cret@bucket/x.tri"],
    ["stats", "--client-name", "store", "--checkpoint-db", "mysql://triton:s3cret@db/triton"],
    ["stats", "--client-name", "store", `--${secret}`],
  ];
  for (const args of attempts) {
    for (const extra of [[], ["--verbose"], ["--log-format", "json", "--verbose"]]) {
      const { code, stderr } = await runCommand([...args, ...extra], { env: SECRETS });
      ok(code === 1 || code === 2);
      for (const leak of [secret, "s3cret", "IOSFODNN7"]) {
        equal(stderr.includes(leak), false, stderr);
      }
    }
  }
});

Deno.test("redact() does not change text without secrets", () => {
  for (
    const text of [
      "Archiving clicks to s3://triton-prod/events for client store",
      "Cannot get s3://triton-prod/20150710/a@b-store-1.tri: there is no such object",
      "Cannot get http://127.0.0.1:9000/triton-prod/20150710/a@b-store-1.tri: there is none",
      "Cannot reach postgres://db.internal:5432/triton: connection refused",
      "the token ended at byte 7; key: 20150710/x-store-1.tri",
    ]
  ) equal(redact(text, SECRETS), text);
});

Deno.test("redact() hides any password of a URL that opens a database", () => {
  const password = fc.string({ minLength: 12, maxLength: 20 }).map(encodeURIComponent)
    .filter((text) => !"postgres://triton:***@db.internal/triton".includes(text));
  fc.assert(fc.property(password, (text) => {
    const url = `postgres://triton:${text}@db.internal/triton`;
    equal(redact(`Cannot open "${url}": it is down`).includes(text), false);
  }));
});

Deno.test("a log that cannot be written does not stop a command", async () => {
  const context = contextOf({});
  const stderr = { isTerminal: false, write: () => Promise.reject(new Deno.errors.BrokenPipe()) };
  const flush = await logToStderr({ ...context, stderr }, logSettings({}, context));
  await logFailure("store", "it is down");
  await flush();
});

/** A standard error that is not read until the test says so. */
function stalled() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const written: string[] = [];
  const write = async (data: Uint8Array | string) => {
    await promise;
    written.push(String(data));
  };
  return { output: { isTerminal: false, write }, read: resolve, written };
}

Deno.test("a log that is not read keeps a thousand lines, and later reports how many it dropped", async () => {
  const context = contextOf({});
  const { output: stderr, read, written } = stalled();
  const flush = await logToStderr({ ...context, stderr }, logSettings({}, context));
  const log = getLogger(["triton", "x"]);
  for (let n = 0; n < 1_234; n++) log.info(`line ${n}`);
  read();
  await flush();
  const lines = written.map((line) => JSON.parse(line));
  equal(lines.length, 1_001);
  equal(lines[999].message, "line 999");
  deepStrictEqual([lines[1_000].event, lines[1_000].lines], ["log.dropped", 234]);
});

Deno.test("a command ends within a second if nobody reads its errors", async () => {
  for (const format of ["text", "json"]) {
    const env = { TRITON_LOG: format };
    const context = contextOf({ env });
    const { output: stderr } = stalled();
    const clock = new VirtualClock();
    const ended = main(FAILING, { ...context, stderr, clock });
    let code: number | undefined;
    ended.then((ended) => code = ended);
    await untilTrue(async () => {
      await clock.advance(0);
      return code !== undefined || clock.nextWake !== undefined;
    }, "the command to fail");
    await clock.advance(1_000);
    equal(await within(ended, "the command to end"), 1);
  }
});
