/**
 * One connection to a server of HTTP/1.1.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { AnswerHead } from "./answer_head.ts";
import { AnswerBody } from "./answer_body.ts";
import { AnswerReader } from "./answer_reader.ts";

/** Where a server is, and how long to wait for it. */
export interface HttpServerOptions {
  /** `http:` or `https:`. */
  readonly protocol: string;
  /** Name or address; one of IPv6 may stand in brackets. */
  readonly hostname: string;
  /** Port: the protocol's own unless given. */
  readonly port?: number | undefined;
  /** Gives up connecting after this long, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Gives up on a request after no byte came for this long, in milliseconds. */
  readonly silenceTimeoutMs: number;
}

/** An answer, whose body is still coming. */
export interface HttpAnswer extends AnswerHead {
  /** The body: read it to its end, or destroy it. */
  readonly body: AnswerBody;
}

/** What a connection's owner is told. */
export interface ConnectionOwner {
  /** The answer is whole: another request may be sent. */
  free(): void;
  /** No other request can be sent. */
  closed(): void;
}

/** A request under way. */
interface Exchange {
  readonly reader: AnswerReader;
  readonly answered: PromiseWithResolvers<HttpAnswer>;
  readonly done: () => void;
  body?: AnswerBody;
}

/** One connection, which carries one request at a time. */
export class HttpConnection {
  readonly #options: HttpServerOptions;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  #connected = false;
  #closed = false;
  #paused = false;
  #exchange: Exchange | undefined;

  /** Opens a connection; a request may be sent at once, and waits for it. */
  constructor(options: HttpServerOptions, owner: ConnectionOwner) {
    this.#options = options;
    this.#owner = owner;
    const socket = this.#socket = connectTo(options);
    socket.setNoDelay(true);
    socket.setTimeout(options.connectTimeoutMs, () => this.#onSilence());
    socket.once(options.protocol === "https:" ? "secureConnect" : "connect", () => {
      this.#connected = true;
      socket.setTimeout(options.silenceTimeoutMs);
    });
    socket.on("data", (bytes: Buffer) => this.#onData(bytes));
    socket.on("error", (error) => this.#close(error));
    socket.on("end", () => this.#onEnd());
    socket.on("close", () => this.#onEnd());
  }

  /**
   * Sends a request.
   *
   * @param method Its method.
   * @param text All of it, as `formatRequest` makes it.
   * @param signal Closes the connection, until the answer's last byte came.
   * @returns The answer; rejects if the connection is lost before it.
   */
  async send(method: string, text: string, signal?: AbortSignal): Promise<HttpAnswer> {
    if (this.#closed) throw lost("The connection was closed before it was used");
    if (signal?.aborted) {
      this.#owner.free();
      throw signal.reason;
    }
    const answered = Promise.withResolvers<HttpAnswer>();
    const abort = () => this.#close(signal!.reason);
    const exchange: Exchange = {
      answered,
      reader: new AnswerReader(method, {
        head: (head) => {
          exchange.body = new AnswerBody(this.#bodySource);
          answered.resolve({ ...head, body: exchange.body });
        },
        data: (bytes) => exchange.body!.push(bytes),
        end: (reusable) => this.#finish(exchange, reusable),
      }),
      done: () => signal?.removeEventListener("abort", abort),
    };
    signal?.addEventListener("abort", abort, { once: true });
    this.#exchange = exchange;
    this.#socket.ref();
    this.#socket.write(text, "latin1");
    return await answered.promise;
  }

  /** Closes the connection; what is under way fails. */
  close(): void {
    this.#close(lost("The connection was closed by its owner"));
  }

  readonly #bodySource = {
    resume: () => {
      if (!this.#paused) return;
      this.#paused = false;
      this.#socket.setTimeout(this.#options.silenceTimeoutMs);
      this.#socket.resume();
    },
    abandon: () => this.close(),
  };

  #onData(bytes: Buffer): void {
    if (this.#closed) return;
    if (this.#exchange === undefined) return this.#close(lost("The server spoke unasked"));
    try {
      this.#exchange.reader.push(bytes);
    } catch (error) {
      this.#close(error);
    }
    // Not before, for what is over needs no pause: a socket of Deno 2.4 that is paused and resumed
    // while it gives bytes gives the next ones in the wrong order.
    if (this.#exchange?.body?.isFull) this.#pause();
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  #onEnd(): void {
    if (this.#exchange?.reader.close()) return;
    this.#close(lost("The server closed the connection before its answer was whole"));
  }

  #onSilence(): void {
    // A reader that takes its time is not the server's fault.
    if (this.#paused) return;
    const { connectTimeoutMs, silenceTimeoutMs } = this.#options;
    this.#close(timedOut(
      this.#connected
        ? `Nothing came from the server for ${silenceTimeoutMs} ms`
        : `The server did not accept a connection within ${connectTimeoutMs} ms`,
    ));
  }

  #finish(exchange: Exchange, reusable: boolean): void {
    this.#exchange = undefined;
    exchange.done();
    exchange.body!.end({});
    if (!reusable) return this.#close(undefined);
    this.#socket.unref(); // an idle connection keeps no process alive
    this.#owner.free();
  }

  #close(error: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#owner.closed();
    exchange?.done();
    exchange?.answered.reject(error);
    exchange?.body?.end({ error });
  }
}

function connectTo({ protocol, hostname, port }: HttpServerOptions): Socket {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  if (protocol === "http:") return connectTcp({ host, port: port ?? 80 });
  const servername = isIP(host) === 0 ? host : ""; // an address is no name of a server
  return connectTls({ host, port: port ?? 443, servername, ALPNProtocols: ["http/1.1"] });
}

/** An error that tells, as the system does, that asking again may help. */
function lost(message: string): Error {
  return Object.assign(new Error(message), { code: "ECONNRESET" });
}

function timedOut(message: string): Error {
  return Object.assign(new Error(message), { name: "TimeoutError" });
}
