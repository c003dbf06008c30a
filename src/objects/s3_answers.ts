/**
 * Insisting that an answer of S3 is what was asked for.
 *
 * Proxies answer with pages of their own, and not every server knows ranges, or how to go on with a
 * listing. What is taken for an answer then would be wrong bytes, or too few objects.
 *
 * @module
 */

import type {
  GetObjectCommandOutput,
  HeadObjectCommandOutput,
  ListObjectsV2CommandOutput,
} from "@aws-sdk/client-s3";
import { ObjectStoreError } from "../errors.ts";
import { resolveRange } from "./byte_range.ts";
import type { ByteRange } from "./object_store.ts";

/**
 * Checks that an answer is a page of a listing, and tells how to go on if there is more.
 *
 * @param what What could not be done if not, such as `"Cannot list s3://bucket/"`.
 * @param page The answer.
 * @throws {ObjectStoreError} If it is not, or does not.
 */
export function checkPage(what: string, page: ListObjectsV2CommandOutput): void {
  const { Name, IsTruncated, NextContinuationToken } = page;
  if (Name === undefined && IsTruncated === undefined) {
    throw invalidAnswer(`${what}: the answer is no listing`);
  }
  if (IsTruncated && NextContinuationToken === undefined) {
    throw new ObjectStoreError(
      `${what}: there are more objects, but the server does not tell how to go on`,
      { code: "InvalidAnswer", retryable: false },
    );
  }
}

/** A key of a page: `EncodingType: "url"`, in which S3 writes a space as `+`, is undone. */
export function decodeKey(key: string, { EncodingType }: ListObjectsV2CommandOutput): string {
  // Servers that do not know of it do not encode, and do not say that they did.
  return EncodingType === "url" ? decodeURIComponent(key.replaceAll("+", " ")) : key;
}

/**
 * Checks that an answer is about an object: there is none without a tag and a time.
 *
 * @param what What could not be done if not, such as `"Cannot look at s3://bucket/key"`.
 * @param output The answer.
 * @throws {ObjectStoreError} If it is not.
 */
export function checkObject(
  what: string,
  { ETag, LastModified }: Pick<HeadObjectCommandOutput, "ETag" | "LastModified">,
): void {
  if (ETag === undefined && LastModified === undefined) {
    throw invalidAnswer(`${what}: the answer is no object`);
  }
}

/**
 * Checks that an answer holds the part of an object that was asked for.
 *
 * @param what What could not be done if not, such as `"Cannot get s3://bucket/key"`.
 * @param output The answer.
 * @param range What was asked for.
 * @returns The size of the whole object, in bytes.
 * @throws {ObjectStoreError} If it holds other bytes, or does not tell which.
 */
export function checkPart(
  what: string,
  output: GetObjectCommandOutput,
  range: ByteRange | undefined,
): number {
  checkObject(what, output);
  const { ContentLength, ContentRange = "" } = output;
  if (ContentLength === undefined) {
    throw invalidAnswer(`${what}: the answer does not tell how long it is`);
  }
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange) ?? [];
  const size = Number(total ?? ContentLength);
  const sent = { start: Number(first ?? 0), end: Number(last ?? ContentLength - 1) + 1 };
  const asked = resolveRange(range, size);
  if (sent.start === asked.start && sent.end === asked.end) return size;
  throw invalidAnswer(
    `${what}: the answer holds bytes ${sent.start} to ${sent.end} of ${size}, ` +
      `not ${asked.start} to ${asked.end}`,
  );
}

function invalidAnswer(message: string): ObjectStoreError {
  return new ObjectStoreError(message, { code: "InvalidAnswer", retryable: true });
}
