/**
 * npm's `kinesalite` inside this process: up in a moment, gone with it.
 *
 * What it lacks: `MillisBehindLatest` (always 0), pages of ListShards, ChildShards. A read at a
 * timestamp that no record has reached yet hangs until one does. A stream must not be named like a
 * method of an array.
 *
 * @module
 */

import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo } from "node:net";
import createKinesalite from "kinesalite";
import { type LocalKinesis, wrapLocalKinesis } from "./local_kinesis.ts";

/** How the server behaves. */
export interface KinesaliteOptions {
  /** The port: a free one unless given. */
  readonly port?: number;
  /** How long a new stream takes until it is active, in milliseconds: 20 unless given. */
  readonly createStreamMs?: number;
  /** How long a split or merge takes, in milliseconds: 20 unless given. */
  readonly updateStreamMs?: number;
  /** How many shards there may be in all: 100 unless given. */
  readonly shardLimit?: number;
}

/**
 * Starts a server on 127.0.0.1.
 *
 * @param options How it behaves.
 * @returns The running server; disposing it stops it.
 */
export async function startKinesalite(options: KinesaliteOptions = {}): Promise<LocalKinesis> {
  const { port = 0, createStreamMs = 20, updateStreamMs = 20, shardLimit = 100 } = options;
  const server: Server = createKinesalite({
    createStreamMs,
    updateStreamMs,
    deleteStreamMs: 20,
    shardLimit,
  });
  server.prependListener("request", forgiveAborts);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address() as AddressInfo;
  return wrapLocalKinesis(`http://127.0.0.1:${address.port}`, () => stop(server));
}

/** Kinesalite throws, out of reach, when a client gives a request up; readers that stop do that. */
function forgiveAborts(request: IncomingMessage): void {
  const emit = request.emit;
  request.emit = (event: string, ...args: unknown[]) =>
    event === "error" || emit.call(request, event, ...args);
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => error ? reject(error) : resolve());
    server.closeAllConnections();
  });
}
