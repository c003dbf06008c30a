/**
 * What carries the requests that go past the SDK.
 *
 * @module
 */

import type { S3Client } from "@aws-sdk/client-s3";
import type { AnswerHead } from "../http/answer_head.ts";
import { HttpPool, type HttpPoolOptions } from "../http/http_pool.ts";
import type { HttpRequest } from "../http/http_request.ts";
import { isOldDeno } from "../old_deno.ts";

/** A request as the SDK's connection handler takes it, as far as it matters here. */
export interface WireRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** An answer, whose body is still coming. */
export interface S3Answer extends AnswerHead {
  readonly body: AsyncIterable<Uint8Array>;
}

/** How to treat the server. */
export interface SenderOptions
  extends Pick<HttpPoolOptions, "connectTimeoutMs" | "silenceTimeoutMs" | "maxConnections"> {
  /** Whether to use connections of our own: where they work, unless given. */
  readonly ownConnections?: boolean | undefined;
}

/** Sends requests without a body to one server. */
export interface S3Sender {
  /** Sends a request; `signal` gives it up. */
  send(request: HttpRequest, signal?: AbortSignal): Promise<S3Answer>;
  /** Closes its connections. */
  close(): void;
}

/**
 * Makes a sender to the server that a request went to.
 *
 * Connections of our own take a quarter of the CPU. But a socket of Deno 2.4 that is paused and
 * resumed gives bytes in the wrong order, so there the client's own handler sends.
 */
export function senderTo(
  request: WireRequest,
  client: S3Client,
  { ownConnections = !isOldDeno(), ...limits }: SenderOptions,
): S3Sender {
  const { protocol, hostname, port } = request;
  if (ownConnections) return new HttpPool({ ...limits, protocol, hostname, port });
  return {
    async send(short, signal) {
      const { requestHandler } = client.config;
      const whole = { ...request, ...short, query: {} };
      const sent = await requestHandler.handle(whole as never, { abortSignal: signal } as never);
      return sent.response as never;
    },
    close() {}, // the client closes its handler
  };
}
