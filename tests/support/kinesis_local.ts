/**
 * npm's `kinesis-local` as a process of Node: a Kinesis that is nearer to the service.
 *
 * It must run under Node, since under Deno it hangs on bodies over 130 KB. Npm's package is found
 * where Deno keeps it, so that a fresh clone needs no `npm install`.
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
 * Runs the server until its standard input ends, which it also does when this process is killed. It
 * keeps nothing, and both SIGTERM and `process.exit` may wait for requests that were given up.
 */
const RUN_WHILE_WANTED =
  'process.stdin.on("end", () => process.kill(process.pid, "SIGKILL")).resume(); require(process.argv[1])';

/** How the server behaves. */
export interface KinesisLocalOptions {
  /** How many shards there may be in all: 100 unless given. */
  readonly shardLimit?: number;
}

/**
 * Starts a server on free ports.
 *
 * @param options How it behaves.
 * @returns The running server; disposing it stops it.
 * @throws {Error} If Node is not on the PATH, or the server does not come up.
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

/** Asks until the server answers; if it ends before, tells what it said. */
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

/** Finds ports that nobody listens on; all are held until the last is known, so they differ. */
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
