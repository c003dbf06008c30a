/**
 * Sends the body of an object to S3 in parts.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import process from "node:process";
import { Readable } from "node:stream";
import type { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { joinChunks } from "./object_body.ts";

/** A request as the SDK has it, as far as it matters here. */
interface WireRequest {
  body: unknown;
  readonly headers: Record<string, string>;
}

/**
 * Sends a PutObject with a body of several parts, without joining them first.
 *
 * The SDK leaves a stream unsigned, and cannot send one again. So it is told of length and SHA-256,
 * which the signature covers, and a new stream is put in whenever it sends the request.
 *
 * The SHA-256 is also sent as the object's checksum: a bucket with Object Lock wants one.
 *
 * @param client The client to send with.
 * @param command The command, without a body.
 * @param body The parts, and what gives the request up.
 */
export async function sendBody(
  client: S3Client,
  command: PutObjectCommand,
  { parts, signal }: {
    readonly parts: readonly Uint8Array[];
    readonly signal?: AbortSignal | undefined;
  },
): Promise<void> {
  const sha256 = hashOf(parts);
  command.input.ChecksumSHA256 = sha256.toString("base64");
  if (parts.length === 1 || !takesStreams(client)) {
    command.input.Body = joinChunks(parts);
  } else {
    command.input.Body = new Uint8Array(0);
    command.input.ContentLength = parts.reduce((size, part) => size + part.length, 0);
    command.middlewareStack.add((next) => (args) => {
      (args.request as WireRequest).headers["x-amz-content-sha256"] = sha256.toString("hex");
      return next(args);
    }, { step: "build", name: "tritonBodyHash" });
    command.middlewareStack.add((next) => (args) => {
      (args.request as WireRequest).body = new PartsBody(parts);
      return next(args);
    }, { step: "deserialize", priority: "low", name: "tritonBody" });
  }
  await client.send(command, { abortSignal: signal });
}

/** Whether a client sends a stream as it is, by `node:http`. */
function takesStreams({ config }: S3Client): boolean {
  return writesParts() && config.requestHandler.constructor.name === "NodeHttpHandler";
}

/** Whether `node:http` takes a body in parts: that of Deno 2.4 breaks it off, that of 2.9 does not. */
function writesParts(): boolean {
  const { deno } = process.versions;
  if (deno === undefined) return true;
  const [major, minor] = deno.split(".").map(Number) as [number, number];
  return major > 2 || minor >= 9;
}

function hashOf(parts: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Where a body goes, as far as it matters here. */
interface Sink {
  write(part: Uint8Array): unknown;
  end(): unknown;
}

/**
 * Parts as the one kind of body that the SDK does not join: it calls `pipe`.
 *
 * They are written without waiting in between. They are in memory anyway; and a request of Deno's
 * `node:http` that waits for "drain" is never told that a connection used before was lost.
 */
class PartsBody extends Readable {
  readonly #parts: readonly Uint8Array[];

  constructor(parts: readonly Uint8Array[]) {
    super();
    this.#parts = parts;
  }

  override pipe<T extends Sink>(
    request: T,
  ): T {
    for (const part of this.#parts) request.write(part);
    request.end();
    return request;
  }
}
