import type { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { PutObjectCommand, PutObjectCommandOutput, S3Client } from "@aws-sdk/client-s3";
import { ResponseBody } from "../../aws/http/response_body.ts";
import { FetchHandler } from "../../aws/http/fetch_handler.ts";
import { PartsBlob } from "../../aws/http/parts_blob.ts";
import { ObjectStoreError } from "../../base/errors.ts";
import { joinChunks } from "../object_body.ts";
import type { S3Body, S3GetResponse } from "./object_getter.ts";
import { s3Error } from "./s3_error.ts";

/** The SHA-256 of a body, which the signature covers. */
export function hashOf(parts: readonly Uint8Array[]): Buffer {
  const sha256 = createHash("sha256");
  for (const part of parts) sha256.update(part);
  return sha256.digest();
}

/** The body of a PutObject. */
export interface PutContent {
  readonly parts: readonly Uint8Array[];
  /** Their SHA-256. */
  readonly sha256: Buffer;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends a PutObject with a body of several parts, without joining them first.
 *
 * @param client The client; one with another request handler gets the parts joined.
 * @param command The command, without a body.
 * @param body The parts, their hash, and a signal that aborts the request.
 */
export async function sendPut(
  client: S3Client,
  command: PutObjectCommand,
  { parts, sha256, signal }: PutContent,
): Promise<PutObjectCommandOutput> {
  command.input.Body = client.config.requestHandler instanceof FetchHandler
    ? new PartsBlob(parts)
    : joinChunks(parts);
  command.middlewareStack.add((next) => (args) => {
    const { headers } = args.request as { headers: Record<string, string> };
    headers["x-amz-content-sha256"] = sha256.toString("hex");
    return next(args);
  }, { step: "build", name: "tritonBodyHash" });
  return await client.send(command, { abortSignal: signal });
}

/** How to read a body. */
interface ReadS3BodyOptions {
  /** What cannot be done if it fails, such as `"Cannot get s3://bucket/key"`. */
  readonly what: string;
  /** The expected number of bytes. */
  readonly length: number;
  /** Cancels reading: the connection is closed, and the signal's reason thrown. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads the body of a response; fails unless all announced bytes arrive.
 *
 * A body that is not read to its end is cancelled, and its connection closed.
 */
export async function* readS3Body(
  body: S3Body,
  { what, length, signal }: ReadS3BodyOptions,
): AsyncGenerator<Uint8Array> {
  const abort = () => void discardS3Body(body);
  signal?.addEventListener("abort", abort, { once: true });
  let [received, ended] = [0, false];
  try {
    signal?.throwIfAborted();
    for await (const chunk of body) {
      signal?.throwIfAborted();
      received += chunk.length;
      yield chunk;
    }
    ended = true; // then the connection serves the next request
  } catch (error) {
    signal?.throwIfAborted();
    throw s3Error(what, error);
  } finally {
    signal?.removeEventListener("abort", abort);
    if (!ended) await discardS3Body(body);
  }
  signal?.throwIfAborted();
  if (received !== length) {
    throw new ObjectStoreError(
      `${what}: the connection ended after ${received} of ${length} bytes`,
      { code: "IncompleteBody", retryable: true },
    );
  }
}

/** Cancels a body that nobody will read, and closes its connection. */
export async function discardS3Body(body: S3Body): Promise<void> {
  if (body instanceof ResponseBody) await body.cancel();
  else body.destroy?.();
}

/** Frees the chunks of a body, if they do not share their memory. */
export function releaseOf({ body }: S3GetResponse): ((chunk: Uint8Array) => void) | undefined {
  return body instanceof ResponseBody ? (chunk) => body.release(chunk) : undefined;
}
