/**
 * Values that both flags and the configuration have, and the URLs of directories.
 *
 * @module
 */

import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { HOUR_MS } from "../clock.ts";
import { parseS3Url } from "./bucket_url.ts";

const DURATION_UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: HOUR_MS };

/**
 * Parses a duration such as `90s`, `15m` or `1h`.
 *
 * @returns The duration in milliseconds.
 * @throws {RangeError} If it is none, or not from 1 s to 24 h; the message says what to use.
 */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([smh])$/.exec(text);
  const ms = match === null ? 0 : Number(match[1]) * DURATION_UNITS[match[2]!]!;
  if (ms < 1_000 || ms > 24 * HOUR_MS) {
    throw new RangeError("Use a duration from 1s to 24h, such as 90s, 15m or 1h");
  }
  return ms;
}

const SIZE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/**
 * Parses a size such as `64MiB`, `500MB` or `1048576`.
 *
 * @returns The size in bytes.
 * @throws {RangeError} If it is none; the message says what to use.
 */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/.exec(text);
  const unit = match === null ? undefined : SIZE_UNITS[match[2]!];
  const bytes = unit === undefined ? 0 : Math.round(Number(match![1]) * unit);
  if (bytes < 1) throw new RangeError("Use a size such as 64MiB, 500MB or 1048576");
  return bytes;
}

/**
 * Checks the URL of an object store. `memory:` is invalid: it would be gone when the process ends.
 *
 * @returns The URL.
 * @throws {RangeError} If it is none; the message says what to use.
 */
export function parseBucket(text: string): string {
  const isDirectory = /^file:./i.test(text);
  const meant = bucketMeantBy(text);
  if (meant !== undefined) throw new RangeError(meant);
  if (!isDirectory && parseS3Url(text) === undefined) {
    throw new RangeError("Use s3://BUCKET/PREFIX, BUCKET or file:///DIR");
  }
  try {
    if (isDirectory) pathOfFileUrl(text);
  } catch (error) {
    throw new RangeError((error as Error).message);
  }
  return text;
}

/** What to use instead of something that people pass as a bucket, and that is none. */
function bucketMeantBy(text: string): string | undefined {
  if (/^\.{0,2}\//.test(text)) return `Use ${pathToFileURL(text)} for a directory`;
  const [, host, path = ""] = /^https?:\/\/([^/]+)\/?(.*)$/i.exec(text) ?? [];
  const ofAmazon = /^(?:(.+)\.)?s3[.-].*amazonaws\.com/.exec(host ?? "");
  if (ofAmazon !== null) {
    const [, bucket] = ofAmazon;
    return `Use s3://${bucket === undefined ? path : `${bucket}/${path}`}`;
  }
  if (host !== undefined) {
    return "Use s3://BUCKET/PREFIX, and set AWS_ENDPOINT_URL_S3 to the URL of the server";
  }
  if (!/[^/]\/[^/]+\.tri$/.test(text)) return undefined;
  const place = text.replace(/(\/\d{8})?\/[^/]+$/, "");
  return `Use the location of the archive, not a file in it: ${place}`;
}

/**
 * Checks a client's name, which is part of the keys of its archives.
 *
 * @returns The name.
 * @throws {RangeError} If it is none; the message says what to use.
 */
export function parseClientName(text: string): string {
  if (/^[A-Za-z0-9_.]{1,128}$/.test(text)) return text;
  throw new RangeError(
    'Use letters, digits, "_" and "."; a "-" would make the keys of archives ambiguous',
  );
}

/**
 * Finds the directory that a `file:` URL names.
 *
 * @param url `file:///path`, or `file:path` for one that is relative.
 * @param cwd The base of a relative path. Default: the working directory.
 * @throws {TypeError} If it names no directory.
 */
export function pathOfFileUrl(url: string, cwd?: string): string {
  const refuse = (why: string): never => {
    throw new TypeError(`Cannot open object store ${JSON.stringify(url)}: ${why}`);
  };
  const path = url.slice("file:".length);
  if (path === "") return refuse("it has no path");
  const host = /^\/\/([^/]*)/.exec(path)?.[1]?.toLowerCase() ?? "";
  if (host !== "" && host !== "localhost") {
    return refuse("it names a host; write file:///DIR, or file:DIR for a relative one");
  }
  if (/%(?![\da-f]{2})/i.test(path)) return refuse('it has a "%" that begins no escape; write %25');
  if (path.includes("\0") || path.includes("%00")) return refuse("it has a NUL");
  try {
    return path.startsWith("/") ? fileURLToPath(url) : resolve(cwd ?? "", decodeURIComponent(path));
  } catch {
    return refuse("its escapes are not UTF-8, or hide a slash");
  }
}
