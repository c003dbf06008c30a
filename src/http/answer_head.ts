/**
 * The first lines of an HTTP/1.1 answer.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112
 * @module
 */

/** Status and headers of an answer. */
export interface AnswerHead {
  readonly statusCode: number;
  /** Values by name in lower case; those of a name that comes twice are joined with commas. */
  readonly headers: Readonly<Record<string, string>>;
}

/** How long the body is: so many bytes, in chunks that tell, or up to the connection's end. */
export type Framing = number | "chunked" | "until-end";

/** Thrown when a server does not speak HTTP/1.1. */
export class HttpSyntaxError extends Error {
  override readonly name = "HttpSyntaxError";
  /** As `node:http` calls it, up to what exactly is wrong. */
  readonly code = "HPE_INVALID";
}

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: |$)/;
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/;

/**
 * Reads status and headers.
 *
 * @param text All lines up to the empty one, without it.
 * @throws {HttpSyntaxError} If it is no answer of HTTP/1.
 */
export function parseHead(text: string): AnswerHead {
  const [first = "", ...lines] = text.split("\r\n");
  const status = STATUS_LINE.exec(first)?.[1];
  if (status === undefined) throw invalid("status line", first);
  // Without a prototype, so that no header can be mistaken for what every object has.
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const match = HEADER.exec(line);
    if (match === null) throw invalid("header", line);
    const [name, value] = [match[1]!.toLowerCase(), match[2]!];
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  return { statusCode: Number(status), headers };
}

/** Tells how the body ends; the rules are in section 6.3 of RFC 9112. */
export function framingOf(method: string, { statusCode, headers }: AnswerHead): Framing {
  if (method === "HEAD" || statusCode === 204 || statusCode === 304) return 0;
  const encoding = headers["transfer-encoding"];
  if (encoding !== undefined) {
    if (encoding.toLowerCase() === "chunked") return "chunked";
    throw invalid("transfer-encoding", encoding);
  }
  const length = headers["content-length"];
  if (length === undefined) return "until-end";
  if (/^\d{1,15}$/.test(length)) return Number(length);
  throw invalid("content-length", length);
}

/** Whether the connection serves another request after this answer. */
export function keepsOpen({ headers }: AnswerHead, framing: Framing, text: string): boolean {
  if (framing === "until-end" || text.startsWith("HTTP/1.0")) return false;
  // With both, somebody in between may see the end elsewhere.
  if (framing === "chunked" && "content-length" in headers) return false;
  return !/\bclose\b/i.test(headers["connection"] ?? "");
}

function invalid(what: string, text: string): HttpSyntaxError {
  const shown = JSON.stringify(text.slice(0, 80));
  return new HttpSyntaxError(`Cannot understand the server's answer: ${shown} is no ${what}`);
}
