/**
 * Sends all requests to AWS: those of the SDK, over `fetch`.
 *
 * @module
 */

import { ResponseBody } from "./response_body.ts";
import { nameLostConnection } from "./lost_connection.ts";
import { PartsBlob } from "./parts_blob.ts";
import { readServiceTime } from "../service_time.ts";
import { Silence } from "./silence.ts";
import { isPage, refusePage } from "./unexpected_response.ts";

/** A request of the SDK. */
export interface WireRequest {
  readonly method: string;
  /** `http:` or `https:`. */
  readonly protocol: string;
  readonly hostname: string;
  /** The server's port; undefined for the protocol's own. */
  readonly port?: number | undefined;
  /** The path, percent-encoded as it was signed. */
  readonly path: string;
  /** The parameters, not yet encoded. */
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  /** The headers, with the signature. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body: bytes, a text, a {@linkcode PartsBlob}, or nothing. */
  readonly body?: unknown;
}

/** A response for the SDK. */
export interface WireResponse {
  readonly statusCode: number;
  readonly reason: string;
  /** The headers, names in lower case. */
  readonly headers: Record<string, string>;
  /** The bytes of the body; with `streamsBody`, a {@linkcode ResponseBody} if it succeeded. */
  readonly body: Uint8Array | ResponseBody | Blob;
}

/** Options of a client's `send`, as far as they are used here. */
export interface WireOptions {
  /** Aborts the request: an `AbortSignal`, or an older type of the SDK. */
  readonly abortSignal?: { readonly aborted: boolean } | undefined;
  /** Whether the body of a successful response is a {@linkcode ResponseBody}, read as it arrives. */
  readonly streamsBody?: boolean | undefined;
  /** Called with that body; the SDK then gets an empty one. */
  readonly takeBody?: ((body: ResponseBody) => void) | undefined;
}

/** Options of {@linkcode FetchHandler}. */
export interface FetchHandlerOptions {
  /** Longest time without a byte in either direction, in milliseconds. */
  readonly silenceTimeoutMs: number;
  /** Certificates of CAs that are trusted besides the usual ones, as PEM. */
  readonly caCertificates?: readonly string[] | undefined;
  /** Called with the service's time, to the second, of each response. */
  readonly onServerTime?: ((time: Date) => void) | undefined;
  /** Called with the region that a bucket is in when a request went to another one. */
  readonly onBucketRegion?: ((region: string) => void) | undefined;
}

/** Maximum number of bytes of a listing or an error. */
const MAX_WHOLE_BODY = 8 * 1024 * 1024;

/** Idle connections are closed after this time, in milliseconds. */
const IDLE_TIMEOUT_MS = 60_000;

/** The statuses with which S3 says that a bucket is in another region. */
const REDIRECTIONS: ReadonlySet<number> = new Set([301, 307]);

/** The smallest body that the SDK accepts for an object. */
const NO_BODY = new Blob();

/** Headers that `fetch` sets itself, or (the last) does not support. */
const NOT_SENT = new Set(["host", "content-length", "expect"]);

/**
 * Sends the requests of an SDK client, as its `requestHandler`.
 *
 * In Deno `fetch` obeys `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`. Only HTTP/1.1 is used: local
 * servers support nothing else. The SDK follows redirects.
 */
export class FetchHandler {
  /** The protocol, for the SDK. */
  readonly metadata: { readonly handlerProtocol: string } = { handlerProtocol: "http/1.1" };
  readonly #options: FetchHandlerOptions;
  readonly #client: { readonly client?: Deno.HttpClient };

  /** Creates a handler with its own connections. */
  constructor(options: FetchHandlerOptions) {
    this.#options = options;
    this.#client = createClient(options.caCertificates);
  }

  /**
   * Sends a request.
   *
   * @param options The signal, and how to read the body.
   * @returns The response, of any status.
   * @throws {Error} With a `code` for lost connections and silence, or the signal's reason.
   * @throws {UnexpectedResponse} If the response is a web page.
   */
  async handle(
    request: WireRequest,
    { abortSignal, streamsBody = false, takeBody }: WireOptions = {},
  ): Promise<{ response: WireResponse }> {
    const host = hostOf(request);
    const url = urlOf(host, request);
    const nameError = (error: unknown) => nameLostConnection(error, host);
    const signal = abortSignal as AbortSignal | undefined;
    const silence = new Silence({ signal, limitMs: this.#options.silenceTimeoutMs });
    const response = await this.#fetch(url, request, silence).catch((error) => {
      silence.end();
      throw silence.signal.aborted ? error : nameError(error);
    });
    const head = this.#headOf(response);
    const body = new ResponseBody(response, { silence, nameError });
    if (response.ok && !isPage(head)) {
      if (streamsBody) return { response: { ...head, body } };
      takeBody?.(body);
      if (takeBody !== undefined) return { response: { ...head, body: NO_BODY } };
    }
    const bytes = await readWhole(body, host);
    refusePage({ status: response.status, headers: head.headers }, bytes);
    return { response: { ...head, body: bytes } };
  }

  /** Closes the connections; responses that are being read can be read to their end. */
  destroy(): void {
    this.#client.client?.close();
  }

  /** Nothing can be changed. */
  updateHttpClientConfig(): void {}

  /** Nothing can be changed. */
  httpHandlerConfigs(): Record<string, never> {
    return {};
  }

  #fetch(url: string, { method, headers, body }: WireRequest, silence: Silence): Promise<Response> {
    return silence.during(fetch(url, {
      method,
      headers: sentHeaders(headers),
      body: sentBody(method, body, silence),
      redirect: "manual",
      signal: silence.signal,
      ...this.#client,
    }));
  }

  #headOf(response: Response): Omit<WireResponse, "body"> {
    const { onServerTime, onBucketRegion } = this.#options;
    const headers = Object.fromEntries(response.headers);
    const time = readServiceTime(headers);
    if (time !== undefined) onServerTime?.(time);
    const { status, statusText: reason } = response;
    const region = headers["x-amz-bucket-region"];
    const isMoved = REDIRECTIONS.has(status) && region !== undefined;
    if (isMoved) onBucketRegion?.(region);
    // The SDK follows a 301 to another region, and no 307.
    return { statusCode: isMoved ? 301 : status, reason, headers };
  }
}

/** A client that trusts more CAs, in Deno; elsewhere `fetch` has none. */
function createClient(caCerts: readonly string[] = []): { readonly client?: Deno.HttpClient } {
  if (typeof globalThis.Deno?.createHttpClient !== "function") return {};
  return {
    client: Deno.createHttpClient({
      caCerts: [...caCerts],
      http2: false,
      poolIdleTimeout: IDLE_TIMEOUT_MS,
    }),
  };
}

/** Path segments that `fetch` would resolve. */
const DOTS = /\/(\.|%2e){1,2}(\/|$)/i;

/**
 * The address of a request, exactly as it was signed.
 *
 * @throws {TypeError} If the path has a segment `.` or `..`, which URLs cannot have.
 */
function urlOf(host: string, { protocol, path, query = {} }: WireRequest): string {
  if (!DOTS.test(path)) return `${protocol}//${host}${path}${queryOf(query)}`;
  throw new TypeError(`the path ${JSON.stringify(path)} cannot be requested over HTTP`);
}

function hostOf({ hostname, port }: WireRequest): string {
  return port === undefined ? hostname : `${hostname}:${port}`;
}

function queryOf(query: NonNullable<WireRequest["query"]>): string {
  const parts = Object.keys(query).sort().flatMap((name) => {
    const values = [query[name] ?? null].flat();
    return values.map((value) =>
      value === null ? encodeAsSigned(name) : `${encodeAsSigned(name)}=${encodeAsSigned(value)}`
    );
  });
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

/** Percent-encodes as AWS signs: all but letters, digits and `-._~`. */
export function encodeAsSigned(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sentHeaders(headers: WireRequest["headers"]): Record<string, string> {
  // An object's own encoding must not be undone.
  const sent: Record<string, string> = { "accept-encoding": "identity" };
  for (const name in headers) {
    if (!NOT_SENT.has(name.toLowerCase())) sent[name] = headers[name]!;
  }
  return sent;
}

/** The body, which interrupts the silence while it is sent. */
function sentBody(method: string, body: unknown, silence: Silence): BodyInit | null {
  if (method === "GET" || method === "HEAD") return null;
  if (!(body instanceof PartsBlob)) return body as BodyInit;
  // An empty stream would go out chunked, which S3 refuses.
  return body.size === 0 ? new Uint8Array(0) : body.watchedBy(() => silence.interrupt());
}

async function readWhole(body: ResponseBody, host: string): Promise<Uint8Array> {
  const bytes = await body.bytes(MAX_WHOLE_BODY);
  if (bytes !== undefined) return bytes;
  throw Object.assign(new Error(`the response of ${host} is longer than 8 MiB`), {
    name: "InvalidAnswer",
  });
}
