import { getLogger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import { TritonError } from "../base/errors.ts";
import { type Connection, HttpConnection } from "./http_connection.ts";
import type { HttpAnswer, HttpRequest } from "./http_message.ts";
import { formatAddress, type ListenAddress } from "../base/listen_address.ts";

const log = getLogger(["triton", "http"]);

/** Connections at once; when there are more, those are closed that wait longest for a request. */
const MAX_CONNECTIONS = 100;

/** How long the head of a request, and an answer, may take, in milliseconds. */
const TIMEOUT_MS = 20_000;

/** The first and the longest pause before a server that failed is started again, in milliseconds. */
const PAUSES_MS = [200, 30_000] as const;

/** A server that has run for so long starts with the first pause again, in milliseconds. */
const SOUND_MS = 60_000;

/** Answers that nobody takes are waited for so long at the end, in milliseconds. */
const END_MS = 1_000;

/** What an {@linkcode HttpServer} needs to know. */
export interface HttpServerOptions {
  /** Where to listen. */
  readonly address: ListenAddress;
  /** Answers a request. */
  readonly answer: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;
  /** Where time comes from. */
  readonly clock: Clock;
  /** Connections at once. Default: 100. */
  readonly maxConnections?: number | undefined;
  /** Opens the listening socket. Default: `Deno.listen`. */
  readonly listen?: ((address: ListenAddress) => Listener) | undefined;
}

/** What an {@linkcode HttpServer} uses of a listening socket. */
export type Listener = Pick<Deno.TcpListener, "accept" | "addr" | "close">;

/**
 * A small HTTP/1.1 server that nobody outside can make grow, hang or end the process: connections,
 * heads of requests and their time are bounded, bodies are not read, and a server that fails is
 * started again.
 *
 * `Deno.serve` bounds neither connections nor time, and ends the process when it runs out of file
 * descriptors; `node:http` is the same in Deno 2.4, and in Deno 2.9 stops to accept, without an error.
 */
export class HttpServer implements AsyncDisposable {
  readonly #options: HttpServerOptions;
  readonly #stop = new AbortController();
  readonly #address: ListenAddress;
  readonly #serving: Promise<void>;
  readonly #connections = new Set<Promise<void>>();
  readonly #open = new Set<HttpConnection>();
  /** Those that wait for a request, the longest first. */
  readonly #waiting = new Set<HttpConnection>();
  #listener: Listener | undefined;

  /**
   * Begins to listen.
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

  /** Where it listens, with the port that was taken. */
  get address(): ListenAddress {
    return this.#address;
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Stops listening, and answers what was asked already; a client that does not take its answer is
   * cut off after a second.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const { clock } = this.#options;
    const answered = new AbortController();
    this.#stop.abort();
    this.#listener?.close();
    for (const connection of this.#open) connection.end();
    const patience = clock.sleep(END_MS, answered.signal).catch(() => {});
    await Promise.race([Promise.all([this.#serving, ...this.#connections]), patience]);
    answered.abort();
    this.#closeAll();
  }

  /** Serves, and starts anew after a failure, until it is told to stop. */
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
    log.warn("The server on {address} failed, and is started again in {delayMs} ms: {reason}", {
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
    ? "another program uses this port; choose another one with --listen"
    : error instanceof Deno.errors.AddrNotAvailable
    ? "this machine has no such address"
    : error instanceof Error
    ? error.message
    : String(error);
  return new TritonError(`Cannot listen on ${formatAddress(address)}: ${why}`, { cause: error });
}
