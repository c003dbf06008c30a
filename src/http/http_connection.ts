import type { Clock } from "../base/clock.ts";
import {
  formatAnswer,
  type HttpAnswer,
  type HttpRequest,
  parseRequestHead,
  type RequestHead,
} from "./http_message.ts";

/** A longer head of a request is refused, in bytes. */
const MAX_HEAD_SIZE = 16 * 1024;

const HEAD_END = "\r\n\r\n";

/** What an {@linkcode HttpConnection} uses of a connection. */
export type Connection = Pick<Deno.Conn, "read" | "write" | "closeWrite" | "close">;

/** How a connection is served. */
export interface HttpConnectionOptions {
  /** Answers a request; what it throws is answered with 500. */
  readonly answer: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;
  /** Where time comes from. */
  readonly clock: Clock;
  /** How long the head of a request, and an answer, may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Called when it begins, and ceases, to wait for a request. */
  readonly onWaiting: (isWaiting: boolean) => void;
}

/** One connection of a client, which may make several requests, one after the other. */
export class HttpConnection {
  readonly #conn: Connection;
  readonly #options: HttpConnectionOptions;
  /** What was received and not looked at yet, one character a byte. */
  #received = "";
  #isClosed = false;
  #isEnding = false;
  #isWaiting = false;

  /**
   * @param conn The connection; it is closed in the end.
   * @param options How to serve it.
   */
  constructor(conn: Connection, options: HttpConnectionOptions) {
    this.#conn = conn;
    this.#options = options;
  }

  /** Answers requests until the client leaves, or takes too long; never rejects. */
  async serve(): Promise<void> {
    try {
      while (!this.#isClosed && await this.#within(() => this.#readHead())) {
        const head = this.#takeHead();
        if (await this.#within(() => this.#reply(head))) continue;
        await this.#within(() => this.#readRest());
        break;
      }
    } catch {
      // The client has left, or was too slow.
    } finally {
      this.close();
    }
  }

  /** Closes the connection at once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#conn.close();
  }

  /** Closes the connection once the request that is being answered, if there is one, is answered. */
  end(): void {
    this.#isEnding = true;
    if (this.#isWaiting) this.close();
  }

  /** Closes the connection unless `work` is done in time. */
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

  /** Reads until the head of a request is there or too long; false if the client leaves before. */
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
   * Reads what the client still sends, and forgets it: a connection that is closed before that is
   * reset, and the client may never see its answer.
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

  /** The head that was received; an answer if it cannot be served. */
  #takeHead(): RequestHead | HttpAnswer {
    const end = this.#received.indexOf(HEAD_END);
    if (end < 0) return refusal(431, "The head of the request is too long");
    const head = parseRequestHead(this.#received.slice(0, end));
    this.#received = this.#received.slice(end + HEAD_END.length);
    return head ?? refusal(400, "This is no request of HTTP/1.1");
  }

  /** Sends the answer; false if it was the last one. */
  async #reply(head: RequestHead | HttpAnswer): Promise<boolean> {
    const isRequest = "method" in head;
    const answer = isRequest ? await this.#answer(head) : head;
    const isLast = !isRequest || !head.isKeptAlive || this.#isEnding;
    const isHead = isRequest && head.method === "HEAD";
    const now = this.#options.clock.now();
    let bytes = formatAnswer(answer, { isHead, isLast, now });
    while (bytes.length > 0) bytes = bytes.subarray(await this.#conn.write(bytes));
    return !isLast;
  }

  async #answer(request: HttpRequest): Promise<HttpAnswer> {
    try {
      return await this.#options.answer(request);
    } catch {
      return refusal(500, "The answer could not be made");
    }
  }
}

function refusal(status: number, why: string): HttpAnswer {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body: `${why}\n` };
}
