/**
 * Checks that responses are those of S3 to the request.
 *
 * Proxies respond with web pages, and not every server supports ranges or the pages of a listing.
 * Without checks these would be wrong bytes, or too few objects.
 * `what` is what cannot be done if they are not, such as `"Cannot get s3://bucket/key"`.
 *
 * @module
 */

import type {
  GetObjectCommandOutput,
  HeadObjectCommandOutput,
  ListObjectsV2CommandOutput,
  PutObjectCommandOutput,
} from "@aws-sdk/client-s3";
import type { PageProgress } from "../../aws/http/page_progress.ts";
import { ObjectStoreError } from "../../base/errors.ts";
import { resolveRange } from "../byte_range.ts";
import type { ByteRange, ObjectInfo, PutOptions } from "../object_store.ts";

/** The headers of an object or a part that are checked, named as the SDK does. */
export type ObjectHeaders = Pick<
  GetObjectCommandOutput,
  "ETag" | "LastModified" | "ContentLength" | "ContentRange"
>;

/**
 * Checks that a response is a page of a listing, and finds the token of the next page.
 *
 * @param progress The pages before.
 * @returns The token; undefined after the last page.
 * @throws {ObjectStoreError} If it is not a listing, or does not advance.
 */
export function nextToken(
  what: string,
  page: ListObjectsV2CommandOutput,
  progress: PageProgress,
): string | undefined {
  const { Name, IsTruncated, NextContinuationToken, Contents = [], CommonPrefixes = [] } = page;
  if (Name === undefined && IsTruncated === undefined) {
    throw invalidResponse(`${what}: the response is not a listing`);
  }
  for (const { Key, LastModified, Size } of Contents) {
    if (Key === undefined || LastModified === undefined || Size === undefined) {
      throw invalidResponse(`${what}: the response lacks an object's key, time or size`);
    }
  }
  // Some servers do not say whether it is the last page.
  if (!(IsTruncated ?? NextContinuationToken !== undefined)) return undefined;
  const first = Contents[0]?.Key ?? CommonPrefixes[0]?.Prefix;
  const wrong = progress.check(NextContinuationToken ?? "", first);
  if (wrong === undefined) return NextContinuationToken;
  throw new ObjectStoreError(`${what}: ${wrong}`, { code: "InvalidAnswer" });
}

/** Adds to an object its storage class, if that is not the usual one. */
export function withClass(info: ObjectInfo, storageClass: string | undefined): ObjectInfo {
  return storageClass === undefined || storageClass === "STANDARD"
    ? info
    : { ...info, storageClass };
}

/** Decodes a key of a page with `EncodingType: "url"`, in which S3 writes a space as `+`. */
export function decodeKey(key: string, { EncodingType }: ListObjectsV2CommandOutput): string {
  // Servers that do not support the encoding do not report it either.
  return EncodingType === "url" ? decodeURIComponent(key.replaceAll("+", " ")) : key;
}

/**
 * Checks that a response describes an object: every object has a tag and a time.
 *
 * @throws {ObjectStoreError} If it is not.
 */
export function checkObject(
  what: string,
  { ETag, LastModified }: Pick<HeadObjectCommandOutput, "ETag" | "LastModified">,
): void {
  if (!ETag || LastModified === undefined) {
    throw invalidResponse(`${what}: the response is not an object`);
  }
}

/**
 * Whether a response to PutObject confirms that the object is stored: it has status 200 and a tag.
 *
 * @param sha256 The checksum that was sent, in base64.
 * @throws {ObjectStoreError} If the response has another checksum.
 */
export function saysStored(what: string, output: PutObjectCommandOutput, sha256: string): boolean {
  const { ETag, ChecksumSHA256 = sha256, $metadata: { httpStatusCode } } = output;
  if (ChecksumSHA256 === sha256) return httpStatusCode === 200 && Boolean(ETag);
  throw invalidResponse(`${what}: the response has the checksum of another object`);
}

/**
 * Checks that an object that was just put exists.
 *
 * @param found What HEAD found.
 * @param put The object, and the status of the response, which did not confirm it.
 * @throws {ObjectStoreError} If it is not.
 */
export function checkStored(
  what: string,
  found: ObjectInfo | undefined,
  { status, size, metadata = {} }: PutOptions & {
    readonly status: number | undefined;
    readonly size: number;
  },
): void {
  const isThere = found?.size === size &&
    Object.entries(metadata).every(([name, value]) => found.metadata?.[name] === value);
  if (isThere) return;
  throw invalidResponse(
    `${what}: the response with status ${status} does not confirm that the object is stored, and it does ` +
      "not exist",
  );
}

/**
 * Checks that an object that was just put is encrypted as it was to be: some servers ignore that.
 *
 * @param sse The encryption that was sent with it.
 * @throws {ObjectStoreError} If it is not.
 */
export function checkEncrypted(
  what: string,
  { ServerSideEncryption: found }: HeadObjectCommandOutput,
  sse: string,
): void {
  if (found === sse) return;
  const is = found === undefined ? "is not encrypted" : `has ${found}`;
  throw new ObjectStoreError(
    `${what}: the server ignores --sse ${sse}, and the object, which is stored, ${is}; leave out --sse, ` +
      "or use another server",
    { code: "NotEncrypted" },
  );
}

/**
 * Checks that a response holds the requested part of an object.
 *
 * @param wholeSize The size of the object, if the response has no length.
 * @returns The size of the whole object and that of the part, in bytes.
 * @throws {ObjectStoreError} If it holds other bytes.
 */
export function checkPart(
  what: string,
  output: ObjectHeaders,
  range: ByteRange | undefined,
  wholeSize: number,
): { readonly size: number; readonly length: number } {
  checkObject(what, output);
  const { ContentLength = wholeSize, ContentRange = "" } = output;
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange) ?? [];
  const size = Number(total ?? ContentLength);
  const sent = { start: Number(first ?? 0), end: Number(last ?? ContentLength - 1) + 1 };
  const asked = resolveRange(range, size);
  if (sent.start === asked.start && sent.end === asked.end) {
    return { size, length: sent.end - sent.start };
  }
  throw invalidResponse(
    `${what}: the response holds bytes ${sent.start} to ${sent.end} of ${size}, ` +
      `not ${asked.start} to ${asked.end}`,
  );
}

/**
 * Checks that a response says how long an object is.
 *
 * @throws {ObjectStoreError} If it does not.
 */
export function sizeOf(what: string, { ContentLength }: HeadObjectCommandOutput): number {
  if (ContentLength !== undefined) return ContentLength;
  throw invalidResponse(`${what}: the response has no length`);
}

/** Whether a response says how long the object or the part is. */
export function saysLength({ ContentLength, ContentRange }: ObjectHeaders): boolean {
  return ContentLength !== undefined || ContentRange !== undefined;
}

/** The `Range` header of a part. */
export function rangeHeader(range: ByteRange | undefined): string | undefined {
  if (range === undefined) return undefined;
  if ("suffix" in range) return `bytes=-${range.suffix}`;
  const end = range.length === undefined ? "" : range.offset + range.length - 1;
  return `bytes=${range.offset}-${end}`;
}

function invalidResponse(message: string): ObjectStoreError {
  return new ObjectStoreError(message, { code: "InvalidAnswer", retryable: true });
}
