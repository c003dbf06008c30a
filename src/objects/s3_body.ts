/**
 * Bodies of answers from S3.
 *
 * @module
 */

import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { ObjectStoreError } from "../errors.ts";
import { FetchedBody } from "./fetch_object.ts";
import { s3Error } from "./s3_error.ts";

/** How to read a body. */
interface ReadS3BodyOptions {
  /** What could not be done if it fails, such as `"Cannot get s3://bucket/key"`. */
  readonly what: string;
  /** Gives up: the connection is closed, and the signal's reason thrown. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads the body of an answer, which fails unless all announced bytes come.
 *
 * A body that is not read to its end is destroyed, and its connection with it.
 */
export async function* readS3Body(
  output: GetObjectCommandOutput,
  { what, signal }: ReadS3BodyOptions,
): AsyncGenerator<Uint8Array> {
  const body = output.Body as unknown as NodeBody;
  const announced = output.ContentLength;
  const abort = () => body.destroy?.(signal?.reason);
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
    if (!ended) body.destroy?.();
  }
  signal?.throwIfAborted();
  if (announced !== undefined && received !== announced) {
    throw new ObjectStoreError(
      `${what}: the connection ended after ${received} of ${announced} bytes`,
      { code: "IncompleteBody", retryable: true },
    );
  }
}

/** Gives up a body that nobody will read, and its connection. */
export async function discardS3Body({ Body }: GetObjectCommandOutput): Promise<void> {
  const body: unknown = Body;
  if (body instanceof FetchedBody) await body.cancel().catch(() => {});
  else (body as NodeBody | undefined)?.destroy?.();
}

/** What the Node handler gives as a body: a readable stream (other handlers a web stream). */
interface NodeBody extends AsyncIterable<Uint8Array> {
  destroy?(error?: unknown): void;
}

/** How to free the chunks of a body, where they share their memory with nobody. */
export function releaseOf(
  output: GetObjectCommandOutput,
): ((chunk: Uint8Array) => void) | undefined {
  return output.Body as unknown instanceof FetchedBody ? free : undefined;
}

function free({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
