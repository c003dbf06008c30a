/**
 * Responses that are not from AWS: pages of proxies, firewalls and log-in portals.
 *
 * @module
 */

/** Thrown when a response is a web page. */
export class UnexpectedResponse extends Error {
  /** The status, as in the SDK's errors. */
  readonly $metadata: { readonly httpStatusCode: number };

  /** Creates an error; the message continues "Cannot do something: ". */
  constructor(message: string, status: number) {
    super(message);
    // A retry does not help with a proxy that requires a password.
    this.name = status === 407 ? "ProxyAuthenticationRequired" : "InvalidAnswer";
    this.$metadata = { httpStatusCode: status };
  }
}

/** The part of a response that is checked. */
interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Whether the headers say that a response is a web page. */
export function isPage({ headers }: Pick<Head, "headers">): boolean {
  return /^text\/html\b/i.test(headers["content-type"] ?? "");
}

/**
 * Refuses a response that is a web page, or redirects to anything but the region of a bucket.
 *
 * @param body The body, or its beginning.
 * @throws {UnexpectedResponse} With the status and the first words.
 */
export function refusePage(head: Head, body: Uint8Array): void {
  const { status, headers } = head;
  const text = new TextDecoder().decode(body.subarray(0, 4096)).trim();
  const isError = status >= 300 && text !== "" && !/^[{<]/.test(text); // neither JSON nor XML
  if (isPage(head) || isError || /^<(!doctype html|html|head|body)\b/i.test(text)) {
    throw new UnexpectedResponse(
      `a response with status ${status} that is not from AWS: ${JSON.stringify(firstWords(text))}`,
      status,
    );
  }
  const { location } = headers;
  if (text !== "" || location === undefined || status < 300 || status >= 400) return;
  if (headers["x-amz-bucket-region"] !== undefined) return;
  throw new UnexpectedResponse(
    `a response with status ${status} that is not from AWS: a redirection to ${hostOf(location)}`,
    status,
  );
}

/** The title, or else the first words that a browser would show. */
function firstWords(html: string): string {
  const title = /<title>([^<]+)/i.exec(html)?.[1];
  const text = title ?? html.replace(/<(script|style)\b.*?<\/\1>|<[^>]*>/gis, " ");
  const words = text.replace(/[\s\p{Cc}]+/gu, " ").trim();
  return words.length > 80 ? `${words.slice(0, 80)}…` : words;
}

/** A redirection's parameters may hold secrets. */
function hostOf(location: string): string {
  return URL.canParse(location) ? new URL(location).origin : "another path";
}
