/**
 * Runs npm's `kinesis-local` in a Node process: a Kinesis that is closer to the real service.
 *
 * It must run under Node, because under Deno it hangs on bodies over 130 KB. The npm package is used
 * from Deno's cache, so a fresh clone needs no `npm install`.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type LocalKinesis, wrapLocalKinesis } from "./local_kinesis.ts";

/**
 * Runs the server until its standard input ends, which also happens when this process is killed. It
 * stores nothing, and both SIGTERM and `process.exit` may wait for requests that were aborted.
 */
const RUN_WHILE_WANTED =
  'process.stdin.on("end", () => process.kill(process.pid, "SIGKILL")).resume(); require(process.argv[1])';

/** Options of the server. */
export interface KinesisLocalOptions {
  /** Maximum total number of shards. Default: 100. */
  readonly shardLimit?: number;
}

/**
 * Starts a server on free ports.
 *
 * @param options The number of shards.
 * @returns The running server; disposing it stops it.
 * @throws {Error} If Node is not on the PATH, or the server does not start.
 */
export async function startKinesisLocal(options: KinesisLocalOptions = {}): Promise<LocalKinesis> {
  const { shardLimit = 100 } = options;
  const main = fileURLToPath(import.meta.resolve("kinesis-local"));
  const [plainPort, tlsPort] = await findFreePorts(2);
  const server = spawn("node", ["--eval", RUN_WHILE_WANTED, main], {
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      KINESIS_MOCK_CERT_PATH: join(dirname(main), "server.json"),
      KINESIS_MOCK_PLAIN_PORT: String(plainPort),
      KINESIS_MOCK_TLS_PORT: String(tlsPort),
      SHARD_LIMIT: String(shardLimit),
      CREATE_STREAM_DURATION: "20ms",
      DELETE_STREAM_DURATION: "20ms",
      SPLIT_SHARD_DURATION: "20ms",
      MERGE_SHARDS_DURATION: "20ms",
      UPDATE_SHARD_COUNT_DURATION: "20ms",
      LOG_LEVEL: "ERROR",
    },
  });
  const url = `http://127.0.0.1:${plainPort}`;
  await untilHealthy(server, `${url}/healthcheck`);
  return wrapLocalKinesis(url, () => stop(server));
}

/** Waits until the server responds; if it exits before that, throws its output. */
async function untilHealthy(server: ChildProcess, url: string): Promise<void> {
  let said = "";
  let failure: Error | undefined;
  for (const output of [server.stdout!, server.stderr!]) {
    output.on("data", (chunk) => said = (said + chunk).slice(-2_000));
  }
  server.once("error", (cause) => {
    failure = new Error("Cannot start kinesis-local: it needs Node.js (`node`) on the PATH", {
      cause,
    });
  });
  server.once("exit", (code) => {
    failure ??= new Error(`Cannot start kinesis-local: it ended with ${code}: ${said}`);
  });
  while (failure === undefined) {
    const healthy = await fetch(url, { headers: { connection: "close" } }).then(async (answer) => {
      await answer.body?.cancel();
      return answer.ok;
    }, () => false);
    if (healthy) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw failure;
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = new Promise((resolve) => server.once("exit", resolve));
  server.stdin!.end();
  await exited;
}

/** Finds free ports; all are kept open until the last one is known, so that they differ. */
async function findFreePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return server;
  }));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
