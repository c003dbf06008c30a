/** A request; its body is never read. */
export interface HttpRequest {
  /** The method as sent, such as `"GET"`. */
  readonly method: string;
  /** Path of the request, without its query. */
  readonly path: string;
  /** Its query, without the question mark; empty if it has none. */
  readonly query: string;
  /** The `Host` header; undefined if an HTTP/1.0 client sends none. */
  readonly host: string | undefined;
}

/** The response to a request. */
export interface HttpResponse {
  /** The status, from 200. */
  readonly status: number;
  /** Headers, without `content-length`, `connection` and `date`, which the server adds. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body, sent as UTF-8. It is not sent for HEAD. */
  readonly body: string;
}

export interface RequestHead extends HttpRequest {
  /** Whether another request may follow on the same connection. */
  readonly isKeptAlive: boolean;
}

const REQUEST_LINE = /^([A-Za-z]+) (\S+) HTTP\/1\.([01])$/;
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/;

/**
 * Parses the head of an HTTP/1.1 or HTTP/1.0 request (RFC 9112).
 *
 * @param text The lines before the empty line.
 * @returns The head; undefined if it is invalid.
 */
export function parseRequestHead(text: string): RequestHead | undefined {
  const [first, ...lines] = text.split("\r\n");
  const [, method, target, minor] = REQUEST_LINE.exec(first!) ?? [];
  const headers = parseHeaders(lines);
  const { path, query } = splitTarget(target ?? "");
  if (method === undefined || headers === undefined || path === undefined) return undefined;
  const host = headers.get("host");
  if (host === undefined && minor === "1") return undefined;
  const length = headers.get("content-length") ?? "0";
  if (!/^\d+$/.test(length)) return undefined;
  // A body would have to be read before the next request.
  const hasBody = headers.has("transfer-encoding") || Number(length) !== 0;
  const connection = headers.get("connection")?.toLowerCase() ?? "";
  const isKeptAlive = minor === "1" && !hasBody && !connection.includes("close");
  return { method, path, query, host, isKeptAlive };
}

/** Headers that must not be repeated: two servers could each use another one (request smuggling). */
const SINGLE = new Set(["host", "content-length"]);

/** The headers by lower-case name; undefined if one is malformed or must not be repeated. */
function parseHeaders(lines: readonly string[]): Map<string, string> | undefined {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = HEADER_LINE.exec(line) ?? [];
    if (name === undefined) return undefined;
    const key = name.toLowerCase();
    if (SINGLE.has(key) && headers.has(key)) return undefined;
    headers.set(key, value!);
  }
  return headers;
}

/** Path and query of a request target, which may be an absolute URL; no path if it has none. */
function splitTarget(target: string): { path: string | undefined; query: string } {
  if (target === "*") return { path: target, query: "" };
  const path = target.startsWith("/") ? target : /^https?:\/\/[^/?#]+(\/\S*)?$/i.exec(target)?.[1];
  const [, query = ""] = /^[^?#]*\?([^#]*)/.exec(path ?? "") ?? [];
  return { path: path?.replace(/[?#].*$/, ""), query };
}

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  421: "Misdirected Request",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/**
 * Formats a response for sending.
 *
 * @param options `isHead` omits the body; `isLast` closes the connection; `now` in milliseconds since
 * the Unix epoch.
 */
export function formatResponse(
  { status, headers, body }: HttpResponse,
  options: { readonly isHead: boolean; readonly isLast: boolean; readonly now: number },
): Uint8Array {
  const bytes = new TextEncoder().encode(body);
  const all = {
    ...headers,
    "content-length": bytes.length,
    connection: options.isLast ? "close" : "keep-alive",
    date: new Date(options.now).toUTCString(),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = new TextEncoder().encode(
    `HTTP/1.1 ${status} ${REASONS[status] ?? "Unknown"}\r\n${lines.join("")}\r\n`,
  );
  if (options.isHead) return head;
  const sent = new Uint8Array(head.length + bytes.length);
  sent.set(head);
  sent.set(bytes, head.length);
  return sent;
}
