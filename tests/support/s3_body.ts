/**
 * Reads the bodies of S3 requests.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** The body of a request; undefined if it is shorter than announced. */
export async function readS3Body(request: Request): Promise<Uint8Array | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await request.arrayBuffer());
  } catch {
    return undefined; // the client went away in the middle
  }
  const length = request.headers.get("content-length");
  if (length !== null && Number(length) !== bytes.length) return undefined;
  const chunked = request.headers.get("content-encoding")?.includes("aws-chunked") ||
    request.headers.get("x-amz-content-sha256")?.startsWith("STREAMING-");
  return chunked ? decodeAwsChunked(bytes) : bytes;
}

/** Removes the aws-chunked framing: `<hex size>[;signature]\r\n<bytes>\r\n`, up to size 0. */
function decodeAwsChunked(framed: Uint8Array): Uint8Array | undefined {
  const buffer = Buffer.from(framed.buffer, framed.byteOffset, framed.byteLength);
  const chunks: Uint8Array[] = [];
  for (let at = 0;;) {
    const lineEnd = buffer.indexOf("\r\n", at);
    const size = parseInt(buffer.toString("latin1", at, lineEnd), 16);
    if (lineEnd < 0 || !(lineEnd + 2 + size <= buffer.length)) return undefined;
    if (size === 0) return new Uint8Array(Buffer.concat(chunks));
    chunks.push(buffer.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
