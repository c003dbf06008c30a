/**
 * Requests for objects by `fetch`.
 *
 * @module
 */

import { clearTimeout, setTimeout } from "node:timers";

/** A request without a body. */
export interface ShortRequest {
  readonly method: "GET" | "HEAD";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** How to treat the server. */
export interface FetchObjectOptions {
  /** Gives up. */
  readonly signal?: AbortSignal | undefined;
  /** Gives up when nothing comes for this long, in milliseconds. */
  readonly silenceTimeoutMs: number;
}

/** An answer, whose body is still coming. */
export interface ShortAnswer {
  readonly statusCode: number;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: FetchedBody;
}

/**
 * Sends a request.
 *
 * In Deno `fetch` takes two thirds of the CPU of `node:http`, by which the SDK sends.
 *
 * @param request The request.
 * @param options How to treat the server.
 * @returns The answer, of any status; redirects are not followed.
 * @throws {Error} With a `code` for lost connections, or the signal's reason.
 */
export async function fetchObject(
  { url, method, headers }: ShortRequest,
  options: FetchObjectOptions,
): Promise<ShortAnswer> {
  const wait = new Wait(options);
  try {
    const response = await wait.for(fetch(url, {
      method,
      // What an object is encoded with is part of it.
      headers: { ...headers, "accept-encoding": "identity" },
      redirect: "manual",
      signal: wait.signal,
    }));
    return {
      statusCode: response.status,
      headers: Object.fromEntries(response.headers),
      body: new FetchedBody(response, wait),
    };
  } catch (error) {
    wait.end();
    throw error;
  }
}

/** Up to this size a body is read at once, in bytes. */
const SMALL_BODY = 65_536;

/** The body of an answer. */
export class FetchedBody implements AsyncIterable<Uint8Array> {
  readonly #response: Response;
  readonly #wait: Wait;

  /** Wraps what `fetch` gave. */
  constructor(response: Response, wait: Wait) {
    this.#response = response;
    this.#wait = wait;
    if (response.body === null) wait.end(); // nobody reads what is not there
  }

  /** Gives it up unread. */
  async cancel(): Promise<void> {
    this.#wait.end();
    await this.#response.body?.cancel();
  }

  /** Reads the body, once; each chunk is in memory of its own. The answer to a HEAD has none. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const { body } = this.#response;
    try {
      if (body === null) return;
      const size = Number(this.#response.headers.get("content-length") ?? Infinity);
      if (size <= SMALL_BODY) {
        yield new Uint8Array(await this.#wait.for(this.#response.arrayBuffer()));
      } else yield* this.#chunks(body);
    } finally {
      this.#wait.end();
    }
  }

  async *#chunks(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
    const reader = body.getReader();
    try {
      for (;;) {
        const { value, done } = await this.#wait.for(reader.read());
        if (done) return;
        yield value;
      }
    } finally {
      // Of a body that was read to its end or failed, there is nothing to cancel.
      await reader.cancel().catch(() => {});
    }
  }
}

/** Waits for parts of an answer, and not forever. */
class Wait {
  readonly #controller = new AbortController();
  readonly #options: FetchObjectOptions;
  readonly #abort = () => this.#controller.abort(this.#options.signal!.reason);

  constructor(options: FetchObjectOptions) {
    this.#options = options;
    options.signal?.throwIfAborted();
    options.signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** Gives the request up. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Waits for one part. */
  async for<T>(part: Promise<T>): Promise<T> {
    const timer = setTimeout(
      () => this.#controller.abort(silence()),
      this.#options.silenceTimeoutMs,
    );
    try {
      return await part;
    } catch (error) {
      this.signal.throwIfAborted();
      throw lost(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Stops listening to the signal. */
  end(): void {
    this.#options.signal?.removeEventListener("abort", this.#abort);
  }
}

function silence(): Error {
  return Object.assign(new Error("the server is silent"), { code: "ETIMEDOUT" });
}

/** What `fetch` throws says what happened in its message alone. */
function lost(cause: unknown): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  return Object.assign(new Error(message, { cause }), { code: "ECONNRESET" });
}
