/**
 * A small S3 server for tests, the demo and benchmarks: objects in memory, loopback only.
 *
 * It supports what Triton needs of S3 (the operations of {@linkcode S3Operation}, conditional puts,
 * ranges, pages of at most 1,000 keys), accepts any signature, and can be slow or fail on demand.
 * `tests/objects/object_store_test.ts` compares it with a real S3 server.
 *
 * @module
 */

import { answerS3, parseS3Request, S3Bucket, s3Error } from "./s3_operations.ts";
import type { S3Operation, S3Request } from "./s3_operations.ts";
import { startTcpRelay } from "./tcp_relay.ts";

export { S3Bucket, s3Error };
export type { S3Object, S3Operation, S3Request } from "./s3_operations.ts";

/** The fault of one request. */
export type S3Fault =
  /** Sends this response instead of executing the request. See {@linkcode s3Error}. */
  | Response
  /** Closes the connection without executing the request. */
  | "drop"
  /** Executes the request, and closes the connection instead of responding. */
  | "drop-after"
  /** Truncates the body of the response after this many bytes, and closes the connection. */
  | { readonly truncateAfter: number }
  /** No fault. */
  | undefined;

/** Options of the server. */
export interface S3ServerOptions {
  /** The port. Default: a free one. */
  readonly port?: number;
  /** Names of the initial buckets. */
  readonly buckets?: readonly string[];
  /** Delay of every request, in milliseconds. Default: 0. */
  readonly latencyMs?: number;
  /** Called before each request is executed; it may also wait, to hold the request. */
  readonly fault?: (request: S3Request) => S3Fault | Promise<S3Fault>;
  /** The time of objects, in milliseconds since the Unix epoch. Default: the system's. */
  readonly now?: () => number;
  /** Serves without the relay that `"drop"` needs: faster, for benchmarks. */
  readonly direct?: boolean;
}

/** A running server. */
export interface S3Server extends AsyncDisposable {
  /** The endpoint for clients, such as `http://127.0.0.1:40123`. */
  readonly url: string;
  /** The buckets by name; objects that are added here are served. */
  readonly buckets: Map<string, S3Bucket>;
  /** Number of requests per operation, faults included. */
  readonly counts: Partial<Record<S3Operation, number>>;
  /** Number of connections. */
  readonly connections: number;
  /** As in {@linkcode S3ServerOptions}; may be changed at any time. */
  latencyMs: number;
  /** As in {@linkcode S3ServerOptions}; may be changed at any time. */
  fault: S3ServerOptions["fault"];
}

/** The environment for processes that use the server; any credentials are accepted. */
export function s3Environment(server: S3Server): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_S3: server.url,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
  };
}

/** Starts a server on 127.0.0.1; disposing it closes all connections. */
export function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const { port = 0, buckets = [], direct = false, now = Date.now } = options;
  const ports = new Set<number>();
  const handle = async (request: Request, info: Deno.ServeHandlerInfo): Promise<Response> => {
    const parsed = parseS3Request(request);
    server.counts[parsed.operation] = (server.counts[parsed.operation] ?? 0) + 1;
    ports.add((info.remoteAddr as Deno.NetAddr).port);
    if (server.latencyMs > 0) await wait(server.latencyMs);
    const fault = await server.fault?.(parsed);
    if (fault instanceof Response) return await refuse(request, fault);
    if (fault === "drop") return cut(info);
    const response = await answerS3(server.buckets, parsed, now);
    if (fault === "drop-after") return cut(info);
    return fault === undefined ? response : await truncate(response, fault.truncateAfter);
  };
  const http = Deno.serve(
    { hostname: "127.0.0.1", port: direct ? port : 0, onListen() {}, onError: reportError },
    handle,
  );
  const relay = direct ? undefined : startTcpRelay(http.addr.port, port);
  const cut = (info: Deno.ServeHandlerInfo): Response => {
    if (relay === undefined) throw new TypeError("Cannot drop a connection of a direct server");
    relay.cut((info.remoteAddr as Deno.NetAddr).port);
    return new Response(); // reaches nobody
  };
  const server: S3Server = {
    url: `http://127.0.0.1:${relay?.port ?? http.addr.port}`,
    buckets: new Map(buckets.map((name) => [name, new S3Bucket()])),
    counts: {},
    get connections() {
      return ports.size;
    },
    latencyMs: options.latencyMs ?? 0,
    fault: options.fault,
    async [Symbol.asyncDispose]() {
      await relay?.[Symbol.asyncDispose]();
      await http.shutdown();
    },
  };
  return Promise.resolve(server);
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Reads the request's body before rejecting it: a client that is still sending sees no response. */
async function refuse(request: Request, answer: Response): Promise<Response> {
  await request.arrayBuffer().catch(() => {});
  return answer;
}

/** Announces the full length, and ends the body before it. */
async function truncate(response: Response, length: number): Promise<Response> {
  if (response.body === null) return response;
  const whole = new Uint8Array(await response.arrayBuffer());
  const headers = new Headers(response.headers);
  headers.set("content-length", String(whole.length));
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      if (length > 0) controller.enqueue(whole.subarray(0, length));
      controller.close();
    },
  });
  return new Response(body, { status: response.status, headers });
}

function reportError(error: unknown): Response {
  console.error("The S3 server failed:", error);
  return new Response(null, { status: 500 });
}
