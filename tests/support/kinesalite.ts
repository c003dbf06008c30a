/**
 * Runs npm's `kinesalite` inside this process.
 *
 * It lacks `MillisBehindLatest` (always 0), pages of ListShards, and ChildShards. A read at a timestamp
 * that no record has reached yet hangs until one does. A stream must not have the name of an array
 * method.
 *
 * @module
 */

import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo } from "node:net";
import createKinesalite from "kinesalite";
import { type LocalKinesis, wrapLocalKinesis } from "./local_kinesis.ts";

/** Options of the server. */
export interface KinesaliteOptions {
  /** The port. Default: a free one. */
  readonly port?: number;
  /** How long a new stream takes until it is active, in milliseconds. Default: 20. */
  readonly createStreamMs?: number;
  /** How long a split or merge takes, in milliseconds. Default: 20. */
  readonly updateStreamMs?: number;
  /** Maximum total number of shards. Default: 100. */
  readonly shardLimit?: number;
}

/**
 * Starts a server on 127.0.0.1.
 *
 * @param options Port and delays.
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

/** Kinesalite throws, uncatchably, when a client aborts a request, as readers do when they stop. */
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
