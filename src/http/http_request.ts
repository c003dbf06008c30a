/**
 * Requests of HTTP/1.1.
 *
 * @module
 */

/** A request without a body. */
export interface HttpRequest {
  /** `GET` or `HEAD`. */
  readonly method: string;
  /** Path and query, percent-encoded. */
  readonly path: string;
  /** The headers, `host` among them. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What may stand in a line of a request. */
const LINE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Writes a request as it is sent, one byte a character.
 *
 * @throws {TypeError} If something in it could be taken for the end of its line.
 */
export function formatRequest({ method, path, headers }: HttpRequest): string {
  if (/[^\x21-\x7e]/.test(path)) throw new TypeError(`Cannot ask for ${JSON.stringify(path)}`);
  let text = `${method} ${path} HTTP/1.1\r\n`;
  for (const name in headers) {
    // The value may be a secret: it is not shown.
    if (!LINE.test(headers[name]!)) throw new TypeError(`Cannot send header "${name}": bad value`);
    text += `${name}: ${headers[name]}\r\n`;
  }
  return `${text}\r\n`;
}
