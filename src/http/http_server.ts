import { getLogger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import { TritonError } from "../base/errors.ts";
import { type Connection, HttpConnection } from "./http_connection.ts";
import type { HttpRequest, HttpResponse } from "./http_message.ts";
import { formatAddress, type ListenAddress } from "../base/listen_address.ts";

const log = getLogger(["triton", "http"]);

/** Most connections; when there are more, those that wait longest for a request are closed. */
const MAX_CONNECTIONS = 100;

/** Time limit for receiving a request head, and for a response, in milliseconds. */
const TIMEOUT_MS = 20_000;

/** First and longest pause before a failed server is restarted, in milliseconds. */
const PAUSES_MS = [200, 30_000] as const;

/** After running for this time, the pauses start with the first again, in milliseconds. */
const SOUND_MS = 60_000;

/** How long stopping waits for responses to be received, in milliseconds. */
const END_MS = 1_000;

export interface HttpServerOptions {
  readonly address: ListenAddress;
  readonly answer: (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;
  readonly clock: Clock;
  /** Most connections at the same time. Default: 100. */
  readonly maxConnections?: number | undefined;
  /** Opens the listening socket. Default: `Deno.listen`. */
  readonly listen?: ((address: ListenAddress) => Listener) | undefined;
}

/** The part of a listening socket that {@linkcode HttpServer} uses. */
export type Listener = Pick<Deno.TcpListener, "accept" | "addr" | "close">;

/**
 * A small HTTP/1.1 server whose clients cannot make the process grow, hang or exit: connections,
 * request heads and times are limited, bodies are not read, and a failed server is restarted.
 *
 * `Deno.serve` limits neither connections nor time, and ends the process when it runs out of file
 * descriptors. `node:http` does the same in Deno 2.4; in Deno 2.9 it stops accepting, without an
 * error.
 */
export class HttpServer implements AsyncDisposable {
  readonly #options: HttpServerOptions;
  readonly #stop = new AbortController();
  readonly #address: ListenAddress;
  readonly #serving: Promise<void>;
  readonly #connections = new Set<Promise<void>>();
  readonly #open = new Set<HttpConnection>();
  /** Connections that wait for a request, the longest first. */
  readonly #waiting = new Set<HttpConnection>();
  #listener: Listener | undefined;

  /**
   * Starts to listen.
   *
   * @throws {TritonError} If the address is in use or cannot be listened on.
   */
  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#listener = this.#listen(options.address);
    const { port } = this.#listener.addr as Deno.NetAddr;
    this.#address = { hostname: options.address.hostname, port };
    this.#serving = this.#run();
  }

  /** The address it listens on, with the actual port. */
  get address(): ListenAddress {
    return this.#address;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Stops listening, and answers the requests it has received; clients that do not read their
   * response are disconnected after one second.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const { clock } = this.#options;
    const answered = new AbortController();
    this.#stop.abort();
    this.#listener?.close();
    for (const connection of this.#open) connection.end();
    const timeout = clock.sleep(END_MS, answered.signal).catch(() => {});
    await Promise.race([Promise.all([this.#serving, ...this.#connections]), timeout]);
    answered.abort();
    this.#closeAll();
  }

  /** Serves until it is disposed, and restarts after failures. */
  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stop;
    let delayMs: number = PAUSES_MS[0];
    while (!signal.aborted) {
      const startedAt = clock.now();
      try {
        await this.#acceptAll(this.#listener ??= this.#listen(this.#address));
      } catch (error) {
        if (signal.aborted) return;
        this.#closeAll();
        if (clock.now() - startedAt >= SOUND_MS) delayMs = PAUSES_MS[0];
        this.#warn(error, delayMs);
        await clock.sleep(delayMs, signal).catch(() => {});
        delayMs = Math.min(PAUSES_MS[1], 2 * delayMs);
      }
    }
  }

  #warn(error: unknown, delayMs: number): void {
    log.warn("The server on {address} failed and restarts in {delayMs} ms: {reason}", {
      event: "server.failed",
      address: formatAddress(this.#address),
      delayMs,
      reason: error instanceof Error ? error.message : String(error),
    });
  }

  /** Closes the listening socket and all connections. */
  #closeAll(): void {
    try {
      this.#listener?.close();
    } catch {
      // It is closed already.
    }
    this.#listener = undefined;
    for (const connection of this.#open) connection.close();
  }

  async #acceptAll(listener: Listener): Promise<void> {
    while (!this.#stop.signal.aborted) this.#serve(await listener.accept());
  }

  #serve(conn: Connection): void {
    const { answer, clock, maxConnections = MAX_CONNECTIONS } = this.#options;
    if (this.#connections.size >= maxConnections) {
      const [longest] = this.#waiting;
      if (longest === undefined) return conn.close();
      longest.close();
      this.#waiting.delete(longest);
    }
    const connection = new HttpConnection(conn, {
      answer,
      clock,
      timeoutMs: TIMEOUT_MS,
      onWaiting: (isWaiting) => {
        if (isWaiting) this.#waiting.add(connection);
        else this.#waiting.delete(connection);
      },
    });
    this.#open.add(connection);
    const served = connection.serve().finally(() => {
      this.#open.delete(connection);
      this.#connections.delete(served);
    });
    this.#connections.add(served);
  }

  #listen(address: ListenAddress): Listener {
    const { listen = Deno.listen } = this.#options;
    try {
      return listen({ ...address });
    } catch (error) {
      throw listenError(address, error);
    }
  }
}

function listenError(address: ListenAddress, error: unknown): TritonError {
  const why = error instanceof Deno.errors.AddrInUse
    ? "another program uses this port; choose another one"
    : error instanceof Deno.errors.AddrNotAvailable
    ? "this machine has no such address"
    : error instanceof Error
    ? error.message
    : String(error);
  return new TritonError(`Cannot listen on ${formatAddress(address)}: ${why}`, { cause: error });
}
