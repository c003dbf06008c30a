import type { Clock } from "../base/clock.ts";
import {
  formatResponse,
  type HttpRequest,
  type HttpResponse,
  parseRequestHead,
  type RequestHead,
} from "./http_message.ts";

/** Longest request head, in bytes. */
const MAX_HEAD_SIZE = 16 * 1024;

const HEAD_END = "\r\n\r\n";

/** The part of a connection that {@linkcode HttpConnection} uses. */
export type Connection = Pick<Deno.Conn, "read" | "write" | "closeWrite" | "close">;

export interface HttpConnectionOptions {
  /** Answers a request; if it throws, the response is 500. */
  readonly answer: (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;
  readonly clock: Clock;
  /** Time limit for receiving a request head, and for a response, in milliseconds. */
  readonly timeoutMs: number;
  /** Called when the connection starts and stops waiting for a request. */
  readonly onWaiting: (isWaiting: boolean) => void;
}

/** A client connection, which may send several requests, one after the other. */
export class HttpConnection {
  readonly #conn: Connection;
  readonly #options: HttpConnectionOptions;
  /** Received bytes that are not parsed yet, one character per byte. */
  #received = "";
  #isClosed = false;
  #isEnding = false;
  #isWaiting = false;

  /** @param conn The connection; this closes it in the end. */
  constructor(conn: Connection, options: HttpConnectionOptions) {
    this.#conn = conn;
    this.#options = options;
  }

  /** Answers requests until the client disconnects or is too slow; never rejects. */
  async serve(): Promise<void> {
    try {
      while (!this.#isClosed && await this.#within(() => this.#readHead())) {
        const head = this.#takeHead();
        if (await this.#within(() => this.#reply(head))) continue;
        await this.#within(() => this.#readRest());
        break;
      }
    } catch {
      // The client has disconnected, or was too slow.
    } finally {
      this.close();
    }
  }

  /** Closes the connection immediately. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#conn.close();
  }

  /** Closes the connection after the current response, if there is one. */
  end(): void {
    this.#isEnding = true;
    if (this.#isWaiting) this.close();
  }

  /** Closes the connection if `work` is not done in time. */
  async #within<T>(work: () => Promise<T>): Promise<T> {
    const { clock, timeoutMs } = this.#options;
    const done = new AbortController();
    clock.sleep(timeoutMs, done.signal).then(() => this.close(), () => {});
    try {
      return await work();
    } finally {
      done.abort();
    }
  }

  /** Reads until a request head is complete or too long; false if the client disconnects first. */
  async #readHead(): Promise<boolean> {
    this.#setWaiting(true);
    try {
      const buffer = new Uint8Array(4096);
      while (!this.#received.includes(HEAD_END) && this.#received.length <= MAX_HEAD_SIZE) {
        const size = await this.#conn.read(buffer);
        if (size === null) return false;
        this.#received += String.fromCharCode(...buffer.subarray(0, size));
      }
      return true;
    } finally {
      this.#setWaiting(false);
    }
  }

  /**
   * Reads and discards what the client still sends: closing the connection earlier would reset it,
   * and the client might never see the response.
   */
  async #readRest(): Promise<void> {
    this.#setWaiting(true);
    try {
      await this.#conn.closeWrite();
      const buffer = new Uint8Array(16 * 1024);
      while (await this.#conn.read(buffer) !== null);
    } finally {
      this.#setWaiting(false);
    }
  }

  #setWaiting(isWaiting: boolean): void {
    this.#isWaiting = isWaiting;
    this.#options.onWaiting(isWaiting);
  }

  /** Parses the received head; returns a response if the head is invalid. */
  #takeHead(): RequestHead | HttpResponse {
    const end = this.#received.indexOf(HEAD_END);
    if (end < 0) return refusal(431, "The request head is too long");
    const head = parseRequestHead(this.#received.slice(0, end));
    this.#received = this.#received.slice(end + HEAD_END.length);
    return head ?? refusal(400, "Not a valid HTTP/1.1 request");
  }

  /** Sends the response; false if it was the last one. */
  async #reply(head: RequestHead | HttpResponse): Promise<boolean> {
    const isRequest = "method" in head;
    const answer = isRequest ? await this.#answer(head) : head;
    const isLast = !isRequest || !head.isKeptAlive || this.#isEnding;
    const isHead = isRequest && head.method === "HEAD";
    const now = this.#options.clock.now();
    let bytes = formatResponse(answer, { isHead, isLast, now });
    while (bytes.length > 0) bytes = bytes.subarray(await this.#conn.write(bytes));
    return !isLast;
  }

  async #answer(request: HttpRequest): Promise<HttpResponse> {
    try {
      return await this.#options.answer(request);
    } catch {
      return refusal(500, "The server cannot answer this request");
    }
  }
}

function refusal(status: number, why: string): HttpResponse {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body: `${why}\n` };
}
