/**
 * The operations of the small S3 server, without any networking.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { readS3Body } from "./s3_body.ts";

/** The operations that the server supports; the response to `Unknown` is 501. */
export type S3Operation =
  | "CreateBucket"
  | "HeadBucket"
  | "ListObjectsV2"
  | "PutObject"
  | "GetObject"
  | "HeadObject"
  | "DeleteObject"
  | "Unknown";

/** One object. */
export interface S3Object {
  /** The bytes. */
  readonly body: Uint8Array;
  /** MD5 of the bytes in quotes, as in S3 for objects put in one piece. */
  readonly etag: string;
  /** When it was put. */
  readonly modifiedAt: Date;
  /** User metadata, names in lower case and without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Storage class; `STANDARD` unless set. */
  readonly storageClass?: string;
}

/** A bucket: its objects by key. Tests may read and change it. */
export class S3Bucket extends Map<string, S3Object> {
  /** Whether the bucket has Object Lock, so that each object must be put with a checksum. */
  locks = false;
  #inOrder: readonly string[] | undefined;

  /** Writes an object. */
  override set(key: string, object: S3Object): this {
    if (!this.has(key)) this.#inOrder = undefined;
    return super.set(key, object);
  }

  /** Removes an object. */
  override delete(key: string): boolean {
    this.#inOrder = undefined;
    return super.delete(key);
  }

  /** Removes all objects. */
  override clear(): void {
    this.#inOrder = undefined;
    super.clear();
  }

  /** The keys in the order of their UTF-8 bytes; sorted only after a change. */
  keysInOrder(): readonly string[] {
    return this.#inOrder ??= [...this.keys()].map((key) => ({ key, bytes: Buffer.from(key) }))
      .sort((a, b) => Buffer.compare(a.bytes, b.bytes)).map(({ key }) => key);
  }
}

/** One parsed request. */
export interface S3Request {
  /** The operation. */
  readonly operation: S3Operation;
  /** The bucket, from the first part of the path. */
  readonly bucket: string;
  /** The key, from the rest of the path; empty for requests about a bucket. */
  readonly key: string;
  /** The parameters after the `?`. */
  readonly query: URLSearchParams;
  /** The original request. */
  readonly request: Request;
}

/** Parses a request; only path-style addresses are supported. */
export function parseS3Request(request: Request): S3Request {
  const url = new URL(request.url);
  const [, bucket = "", key = ""] = /^\/([^/]*)\/?(.*)$/s.exec(url.pathname) ?? [];
  const parts = {
    bucket: decodeURIComponent(bucket),
    key: decodeURIComponent(key),
    query: url.searchParams,
  };
  return { ...parts, operation: operationOf(request, parts), request };
}

const OF_BUCKET: Readonly<Record<string, S3Operation>> = {
  PUT: "CreateBucket",
  HEAD: "HeadBucket",
};
const OF_OBJECT: Readonly<Record<string, S3Operation>> = {
  PUT: "PutObject",
  GET: "GetObject",
  HEAD: "HeadObject",
  DELETE: "DeleteObject",
};

function operationOf(
  request: Request,
  { bucket, key, query }: Pick<S3Request, "bucket" | "key" | "query">,
): S3Operation {
  if (bucket === "") return "Unknown";
  if (key === "") {
    if (request.method !== "GET") return OF_BUCKET[request.method] ?? "Unknown";
    return query.get("list-type") === "2" ? "ListObjectsV2" : "Unknown";
  }
  const hidden = ["uploads", "uploadId", "acl", "tagging"].some((name) => query.has(name));
  if (hidden || request.headers.has("x-amz-copy-source")) return "Unknown";
  return OF_OBJECT[request.method] ?? "Unknown";
}

/** Handles one request, and changes `buckets` accordingly. */
export async function answerS3(
  buckets: Map<string, S3Bucket>,
  request: S3Request,
  now: () => number,
): Promise<Response> {
  if (request.operation === "Unknown") return s3Error(501, "NotImplemented", request);
  if (request.operation === "CreateBucket") return createBucket(buckets, request);
  // The body is read first: after that, nothing waits, so each request takes effect atomically.
  const body = await readS3Body(request.request);
  if (body === undefined) return s3Error(400, "IncompleteBody", request);
  const bucket = buckets.get(request.bucket);
  if (bucket === undefined) return s3Error(404, "NoSuchBucket", request);
  switch (request.operation) {
    case "HeadBucket":
      return new Response(null, { status: 200 });
    case "ListObjectsV2":
      return listObjects(bucket, request);
    case "PutObject":
      return putObject(bucket, request, body, now);
    case "DeleteObject":
      bucket.delete(request.key);
      return new Response(null, { status: 204 });
    default:
      return getObject(bucket, request);
  }
}

const MESSAGES: Readonly<Record<string, string>> = {
  NoSuchKey: "The specified key does not exist.",
  NoSuchBucket: "The specified bucket does not exist",
  PreconditionFailed: "At least one of the pre-conditions you specified did not hold",
  InvalidRange: "The requested range is not satisfiable",
  InvalidRequest:
    "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object " +
    "Lock parameters",
  BadDigest: "The SHA256 you specified did not match what we received.",
  SlowDown: "Please reduce your request rate.",
  NotImplemented: "A header or query you provided implies functionality that is not implemented",
};

/** An error in the form of S3; HEAD gets only the status, as from S3. */
export function s3Error(status: number, code: string, request: S3Request): Response {
  const message = MESSAGES[code] ?? code;
  const xml = `${XML_HEAD}<Error><Code>${code}</Code><Message>${message}</Message>` +
    `<Resource>${escapeXml(`/${request.bucket}/${request.key}`)}</Resource></Error>`;
  const body = request.request.method === "HEAD" ? null : xml;
  const headers = { "content-type": "application/xml", "x-amz-request-id": "4442587FB7D0A2F9" };
  return new Response(body, { status, headers });
}

const XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';

function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, (char) => `&#${char.charCodeAt(0)};`);
}

function createBucket(buckets: Map<string, S3Bucket>, request: S3Request): Response {
  if (buckets.has(request.bucket)) return s3Error(409, "BucketAlreadyOwnedByYou", request);
  buckets.set(request.bucket, new S3Bucket());
  return new Response(null, { status: 200, headers: { location: `/${request.bucket}` } });
}

function putObject(
  bucket: S3Bucket,
  request: S3Request,
  body: Uint8Array,
  now: () => number,
): Response {
  const { headers } = request.request;
  const checksum = headers.get("x-amz-checksum-sha256");
  if (bucket.locks && checksum === null && !headers.has("content-md5")) {
    return s3Error(400, "InvalidRequest", request);
  }
  if (checksum !== null && checksum !== createHash("sha256").update(body).digest("base64")) {
    return s3Error(400, "BadDigest", request);
  }
  if (headers.get("if-none-match") === "*" && bucket.has(request.key)) {
    return s3Error(412, "PreconditionFailed", request);
  }
  const metadata = Object.fromEntries(
    [...headers].filter(([name]) => name.startsWith("x-amz-meta-"))
      .map(([name, value]) => [name.slice("x-amz-meta-".length), value]),
  );
  const etag = `"${createHash("md5").update(body).digest("hex")}"`;
  const storageClass = headers.get("x-amz-storage-class") ?? "STANDARD";
  bucket.set(request.key, { body, etag, modifiedAt: new Date(now()), metadata, storageClass });
  const answer = new Headers({ etag });
  const sse = headers.get("x-amz-server-side-encryption");
  if (sse !== null) answer.set("x-amz-server-side-encryption", sse);
  if (checksum !== null) answer.set("x-amz-checksum-sha256", checksum);
  return new Response(null, { status: 200, headers: answer });
}

function getObject(bucket: S3Bucket, request: S3Request): Response {
  const object = bucket.get(request.key);
  if (object === undefined) return s3Error(404, "NoSuchKey", request);
  const range = parseRange(request.request.headers.get("range"), object.body.length);
  if (range === "unsatisfiable") return s3Error(416, "InvalidRange", request);
  const { start, end } = range ?? { start: 0, end: object.body.length };
  const headers = new Headers({
    "accept-ranges": "bytes",
    "content-length": String(end - start),
    "content-type": "application/octet-stream",
    "etag": object.etag,
    "last-modified": object.modifiedAt.toUTCString(),
  });
  const { storageClass = "STANDARD" } = object;
  if (storageClass !== "STANDARD") headers.set("x-amz-storage-class", storageClass);
  for (const [name, value] of Object.entries(object.metadata)) {
    headers.set(`x-amz-meta-${name}`, value);
  }
  if (range) headers.set("content-range", `bytes ${start}-${end - 1}/${object.body.length}`);
  const body = request.operation === "HeadObject" ? null : object.body.subarray(start, end);
  return new Response(body as BodyInit | null, { status: range ? 206 : 200, headers });
}

/** The bytes of a Range header; undefined (all) if it is missing or malformed, as in S3. */
function parseRange(
  header: string | null,
  size: number,
): { start: number; end: number } | "unsatisfiable" | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null || match[0] === "bytes=-") return undefined;
  const [first, last] = [match[1]!, match[2]!];
  if (first === "") {
    if (Number(last) === 0 || size === 0) return "unsatisfiable";
    return { start: Math.max(0, size - Number(last)), end: size };
  }
  const start = Number(first);
  const end = last === "" ? size : Math.min(size, Number(last) + 1);
  if (last !== "" && Number(last) < start) return undefined;
  return start >= size ? "unsatisfiable" : { start, end };
}

/** One page of a bucket's listing. */
function listObjects(bucket: S3Bucket, request: S3Request): Response {
  const { query } = request;
  const prefix = query.get("prefix") ?? "";
  const maxKeys = Math.min(1000, Number(query.get("max-keys") ?? 1000));
  const token = query.get("continuation-token");
  const after = token === null ? query.get("start-after") ?? "" : decodeToken(token);
  const { page, more } = pageOf(bucket.keysInOrder(), {
    ...{ prefix, after, maxKeys, delimiter: query.get("delimiter") || undefined },
  });
  const encode = query.get("encoding-type") === "url"
    ? (text: string) => encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("%20", "+")
    : escapeXml;
  const encoding = query.has("encoding-type") ? "<EncodingType>url</EncodingType>" : "";
  const contents = page.map((key) => {
    if (!bucket.has(key)) {
      return `<CommonPrefixes><Prefix>${encode(key)}</Prefix></CommonPrefixes>`;
    }
    const { body, etag, modifiedAt, storageClass = "STANDARD" } = bucket.get(key)!;
    return `<Contents><Key>${encode(key)}</Key><LastModified>${modifiedAt.toISOString()}` +
      `</LastModified><ETag>${escapeXml(etag)}</ETag><Size>${body.length}</Size>` +
      `<StorageClass>${storageClass}</StorageClass></Contents>`;
  });
  const next = more
    ? `<NextContinuationToken>${encodeToken(page.at(-1)!)}</NextContinuationToken>`
    : "";
  const xml = `${XML_HEAD}<ListBucketResult><Name>${request.bucket}</Name>` +
    `<Prefix>${encode(prefix)}</Prefix><KeyCount>${page.length}</KeyCount>` +
    `<MaxKeys>${maxKeys}</MaxKeys><IsTruncated>${more}</IsTruncated>${next}${encoding}` +
    `${contents.join("")}</ListBucketResult>`;
  return new Response(xml, { headers: { "content-type": "application/xml" } });
}

/** The keys and, with a delimiter, their common prefixes. */
function pageOf(
  keys: readonly string[],
  { prefix, after, maxKeys, delimiter }: {
    readonly prefix: string;
    readonly after: string;
    readonly maxKeys: number;
    readonly delimiter: string | undefined;
  },
): { page: string[]; more: boolean } {
  const page: string[] = [];
  for (let at = firstAfter(keys, after, prefix); at < keys.length; at++) {
    const key = keys[at]!;
    if (!key.startsWith(prefix)) break;
    const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
    const name = end < 0 ? key : key.slice(0, end + delimiter!.length);
    // A page that continues after a common prefix does not start with it again.
    if (name === page.at(-1) || (name !== key && name === after)) continue;
    if (page.length >= maxKeys) return { page, more: true };
    page.push(name);
  }
  return { page, more: false };
}

/** Where a listing starts: the first key after `after` and not before `prefix`. */
function firstAfter(keys: readonly string[], after: string, prefix: string): number {
  const [afterBytes, prefixBytes] = [Buffer.from(after), Buffer.from(prefix)];
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const key = Buffer.from(keys[middle]!);
    const tooEarly = Buffer.compare(key, prefixBytes) < 0 ||
      (after !== "" && Buffer.compare(key, afterBytes) <= 0);
    if (tooEarly) low = middle + 1;
    else high = middle;
  }
  return low;
}

const encodeToken = (key: string): string => Buffer.from(key).toString("base64url");
const decodeToken = (token: string): string => Buffer.from(token, "base64url").toString();
