/**
 * The systemd unit of examples/deploy, started by a systemd and watched.
 *
 * Runs on its own, after `deno task test`, by `start_unit.sh deno`.
 *
 * @module
 */

import { deepStrictEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import { startKinesalite } from "../support/kinesalite.ts";
import type { LocalKinesis } from "../support/local_kinesis.ts";
import { S3Bucket, s3Environment, type S3Server, startS3Server } from "../support/s3_server.ts";
import { BootedSystemd, type PlacedFile } from "./booted_systemd.ts";

const ROOT = new URL("../../", import.meta.url);
const UNITS = "/etc/systemd/system";

/** Streams, their unit, and the port in its own environment file. */
const [CLICKS, VIEWS] = ["clicks", "views"].map((stream, index) => ({
  stream,
  unit: `triton-store@${stream}.service`,
  url: `http://127.0.0.1:${9464 + index}`,
})) as [Store, Store];

interface Store {
  readonly stream: string;
  readonly unit: string;
  readonly url: string;
}

/** What the unit talks to, and a systemd in which it is installed as docs/running.md says. */
interface Host extends AsyncDisposable {
  readonly systemd: BootedSystemd;
  readonly kinesis: LocalKinesis;
  readonly s3: S3Server;
}

async function startHost(buckets: string[], ...more: readonly PlacedFile[]): Promise<Host> {
  await using stack = new AsyncDisposableStack();
  const kinesis = stack.use(await startKinesalite());
  for (const { stream } of [CLICKS, VIEWS]) await kinesis.createStream(`${stream}_prod`);
  const s3 = stack.use(await startS3Server({ buckets }));
  const systemd = stack.use(
    await BootedSystemd.boot({
      files: [
        ...installed({ ...s3Environment(s3), AWS_ENDPOINT_URL_KINESIS: kinesis.url }),
        ...more,
      ],
      binds: { "/usr/local/bin/triton": new URL("dist/triton", ROOT).pathname },
    }),
  );
  const started = stack.move();
  return { systemd, kinesis, s3, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

function installed(aws: Record<string, string>): PlacedFile[] {
  const read = (name: string) =>
    Deno.readTextFileSync(new URL(`examples/deploy/systemd/${name}`, ROOT));
  const lines = Object.entries(aws).map(([name, value]) => `${name}=${value}\n`).join("");
  const streams = [CLICKS, VIEWS].map(({ stream }) =>
    `${stream}: { name: ${stream}_prod, partition_key: id, region: us-east-1 }\n`
  );
  return [
    { path: `${UNITS}/triton-store@.service`, text: read("triton-store@.service") },
    { path: "/etc/triton/triton.env", text: `${read("triton.env")}${lines}`, mode: 0o600 },
    { path: "/etc/triton/triton.yaml", text: streams.join("") },
    // The one stream has what triton.env says, the other a port of its own.
    { path: "/etc/triton/views.env", text: read("user_activity.env") },
  ];
}

/** Whether all that a store needs has answered. */
async function isReady({ url }: Store): Promise<boolean> {
  const answer = await fetch(`${url}/readyz`).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.ok === true;
}

Deno.test("the systemd unit starts, archives in its sandbox, and stops normally", async () => {
  await using host = await startHost(["triton-prod"]);
  const { systemd, kinesis, s3 } = host;
  for (const { unit } of [CLICKS, VIEWS]) await systemd.systemctl("start", unit);
  for (const store of [CLICKS, VIEWS]) {
    await systemd.until(`${store.unit} is ready`, () => isReady(store));
  }
  const environment = await systemd.run(
    "cat",
    `/proc/${await systemd.show(CLICKS.unit, "MainPID")}/environ`,
  );
  match(environment.text, /\0TRITON_LISTEN=/);
  doesNotMatch(environment.text, /(^|\0)HOME=/, "a user of the unit's own has no home");
  const data = new TextEncoder().encode("\x81\xa2id\x01");
  await kinesis.kinesis.putRecords("clicks_prod", [{ partitionKey: "1", data }]);
  await systemd.until("the record is read", async () => {
    const metrics = await (await fetch(`${CLICKS.url}/metrics`)).text();
    return /^triton_records_read_total\{[^}]*\} 1$/m.test(metrics);
  });
  for (const { unit } of [CLICKS, VIEWS]) {
    await systemd.systemctl("stop", unit);
    deepStrictEqual(
      [await systemd.show(unit, "Result"), await systemd.show(unit, "NRestarts")],
      ["success", "0"],
      await systemd.journal(unit),
    );
  }
  const archives = [...s3.buckets.get("triton-prod")!].filter(([key, { body }]) =>
    key.includes("clicks_prod") && body.length > 10
  );
  equal(archives.length, 1, [...s3.buckets.get("triton-prod")!.keys()].join());
});

/** The unit's own pause is 10 s. */
const IMPATIENT: PlacedFile = {
  path: `${UNITS}/triton-store@.service.d/impatient.conf`,
  text: "[Service]\nRestartSec=100ms\n",
};

Deno.test("the systemd unit is restarted until its bucket exists, without a limit", async () => {
  await using host = await startHost([], IMPATIENT);
  const { systemd, s3 } = host;
  await systemd.systemctl("start", CLICKS.unit);
  await systemd.until(
    "six restarts, more than systemd allows in 10 s unless told otherwise",
    async () => Number(await systemd.show(CLICKS.unit, "NRestarts")) > 5,
  );
  match(await systemd.journal(CLICKS.unit), /bucket/i);
  s3.buckets.set("triton-prod", new S3Bucket());
  await systemd.until("it is ready", () => isReady(CLICKS));
});

Deno.test("the systemd unit is not restarted after wrong usage", async () => {
  const usage = { path: "/etc/triton/clicks.env", text: "TRITON_LISTEN=nowhere\n" };
  await using host = await startHost(["triton-prod"], IMPATIENT, usage);
  const { systemd } = host;
  await systemd.run("systemctl", "start", CLICKS.unit);
  await systemd.until(
    "it has failed",
    async () => await systemd.show(CLICKS.unit, "ActiveState") === "failed",
  );
  deepStrictEqual(
    [
      await systemd.show(CLICKS.unit, "ExecMainStatus"),
      await systemd.show(CLICKS.unit, "NRestarts"),
    ],
    ["2", "0"],
  );
  ok((await systemd.journal(CLICKS.unit)).includes("TRITON_LISTEN"));
});
