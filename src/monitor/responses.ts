import { type HttpRequest, type HttpResponse, isAllowedHost } from "../http/mod.ts";
import type { Verdict } from "./judge_stream.ts";

/**
 * Paths that load balancers check with OPTIONS: HAProxy's default check is `OPTIONS /`.
 */
const PROBED_PATHS: ReadonlySet<string> = new Set(["/", "/livez", "/readyz", "/healthz"]);

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; " +
    "connect-src 'self'; img-src data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** Which hosts a server answers to. */
export interface Guarded {
  readonly request: HttpRequest;
  readonly hosts: ReadonlySet<string>;
  /** The setting that allows others. */
  readonly hint: string;
}

/** Answers a request with an allowed method to an allowed host. */
export async function answerWithin(
  { request: { method, path, host }, hosts, hint }: Guarded,
  route: () => HttpResponse | Promise<HttpResponse>,
): Promise<HttpResponse> {
  // Host is optional in HTTP/1.0. Browsers, which DNS rebinding could mislead, always send it.
  if (host !== undefined && !isAllowedHost(host, hosts)) {
    return text(421, `Unknown host name: see ${hint}`);
  }
  const isProbed = PROBED_PATHS.has(path);
  const allow = isProbed ? "GET, HEAD, OPTIONS" : "GET, HEAD";
  if (method !== "GET" && method !== "HEAD" && !(isProbed && method === "OPTIONS")) {
    return text(405, `This path only accepts ${allow}`, { allow });
  }
  const answer = await route();
  return method === "OPTIONS" ? { ...answer, headers: { ...answer.headers, allow } } : answer;
}

/** A page for people. */
export function page(body: string): HttpResponse {
  return reply(200, body, "text/html; charset=utf-8");
}

/** The result of a health check: 503 unless it is well. */
export function judged(verdict: Verdict): HttpResponse {
  return json(verdict.ok ? 200 : 503, verdict);
}

/** A value as JSON. */
export function json(status: number, value: unknown): HttpResponse {
  return reply(status, `${JSON.stringify(value, null, 2)}\n`, "application/json");
}

/** A line of text. */
export function text(
  status: number,
  value: string,
  headers: HttpResponse["headers"] = {},
): HttpResponse {
  return reply(status, `${value}\n`, "text/plain; charset=utf-8", headers);
}

/** A response, with headers that keep browsers from doing anything else with it. */
export function reply(
  status: number,
  body: string,
  type: string,
  headers: HttpResponse["headers"] = {},
): HttpResponse {
  return { status, body, headers: { ...HEADERS, ...headers, "content-type": type } };
}

/** A part of a path; as it is if it is malformed. */
export function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
