import { ArchiveFormatError } from "../../base/errors.ts";

/** The parts of an archive's key. */
export interface ArchiveKey {
  /** The whole key, without bucket and prefix. */
  readonly key: string;
  /**
   * The day in the key, as `YYYYMMDD`: that of `createdAt` in UTC; in archives of go-triton, in the
   * time zone of the writer.
   */
  readonly day: string;
  /** Name of the stream in Kinesis. */
  readonly stream: string;
  /** Name of the client that wrote the archive. */
  readonly client: string;
  /** When the archive was created, in seconds since the Unix epoch. */
  readonly createdAt: number;
}

const KEY = /^(\d{8})\/([^/]+?)-(shardId-\d{12}|[^/-]+)-(\d+)\.tri$/;
const STREAM_NAME = /^[a-zA-Z0-9_.-]{1,128}$/;
const CLIENT_NAME = /^[^/\s-]{1,128}$/u;
/** The end of 9999, the last year with four digits. */
const MAX_SECONDS = 253_402_300_799;
const MAX_INT64 = 2n ** 63n - 1n;

/**
 * Parses the key of an archive, `YYYYMMDD/<stream>-<client>-<unix seconds>.tri`.
 *
 * A stream's name may contain `-`, a client's may not, so the key is parsed from the right. The only
 * exceptions are archives of triton-python, whose client is `shardId-` and 12 digits.
 *
 * @example Usage
 * ```ts
 * import { parseArchiveKey } from "@triton/triton/codec";
 * import { deepEqual } from "node:assert/strict";
 * deepEqual(parseArchiveKey("20150710/user-clicks_prod-store-1436553581.tri"), {
 *   key: "20150710/user-clicks_prod-store-1436553581.tri",
 *   day: "20150710",
 *   stream: "user-clicks_prod",
 *   client: "store",
 *   createdAt: 1436553581,
 * });
 * ```
 * @param key A key, without bucket and prefix.
 * @returns Its parts.
 * @throws {ArchiveFormatError} If `key` does not follow the layout, the day is not a date, or the
 * seconds do not fit into a signed 64-bit integer.
 */
export function parseArchiveKey(key: string): ArchiveKey {
  const match = KEY.exec(key);
  if (match === null) throw keyError(key, "it is not YYYYMMDD/<stream>-<client>-<seconds>.tri");
  const [, day, stream, client, seconds] = match as unknown as [string, ...string[]];
  if (!isDate(day!)) throw keyError(key, `"${day}" is not a date`);
  if (BigInt(seconds!) > MAX_INT64) throw keyError(key, `"${seconds}" is not a time`);
  return { key, day: day!, stream: stream!, client: client!, createdAt: Number(seconds) };
}

function isDate(day: string): boolean {
  const iso = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00.000Z`;
  const time = Date.parse(iso);
  // Date.parse reads February 30 as March 1 or 2.
  return !Number.isNaN(time) && new Date(time).toISOString() === iso;
}

function keyError(key: string, why: string): ArchiveFormatError {
  return new ArchiveFormatError(`Cannot parse archive key "${key}": ${why}`, { offset: 0 });
}

/**
 * Formats the key of an archive.
 *
 * @example Usage
 * ```ts
 * import { formatArchiveKey } from "@triton/triton/codec";
 * import { equal } from "node:assert/strict";
 * equal(
 *   formatArchiveKey({ stream: "clicks_prod", client: "store", createdAt: 1436553581 }),
 *   "20150710/clicks_prod-store-1436553581.tri",
 * );
 * ```
 * @param parts The names, and the time of creation as a date or in seconds since the Unix epoch,
 * truncated to whole seconds. The day is the UTC day of that time.
 * @returns The key, which {@linkcode parseArchiveKey} parses into the same parts.
 * @throws {TypeError} If a name is not valid in a key: a stream's is 1 to 128 letters, digits, `_`,
 * `.` and `-`; a client's has no `-`, `/` or white space, and is not 12 digits after a stream that
 * ends in `-shardId`.
 * @throws {RangeError} If the time is not in the years 1970 to 9999.
 */
export function formatArchiveKey(
  parts: {
    readonly stream: string;
    readonly client: string;
    readonly createdAt: number | Date;
  },
): string {
  const { stream, client, createdAt } = parts;
  if (!STREAM_NAME.test(stream)) {
    throw new TypeError(
      `Cannot make an archive key: stream "${stream}" is not 1 to 128 letters, digits, "_", "." or "-"`,
    );
  }
  if (!CLIENT_NAME.test(client)) {
    throw new TypeError(
      `Cannot make an archive key: client "${client}" is empty, too long, or contains "-", "/" or white space`,
    );
  }
  if (stream.endsWith("-shardId") && /^\d{12}$/.test(client)) {
    throw new TypeError(
      `Cannot make an archive key: "${stream}-${client}" would be read as client "shardId-${client}"`,
    );
  }
  const seconds = Math.floor(createdAt instanceof Date ? createdAt.getTime() / 1000 : createdAt);
  return `${archiveDay(seconds)}/${stream}-${client}-${seconds}.tri`;
}

/**
 * Returns the UTC day of an archive, the first part of its key.
 *
 * @example Usage
 * ```ts
 * import { archiveDay } from "@triton/triton/codec";
 * import { equal } from "node:assert/strict";
 * equal(archiveDay(new Date("2015-07-10T23:59:59Z")), "20150710");
 * ```
 * @param time A date, or seconds since the Unix epoch.
 * @returns The day as `YYYYMMDD`.
 * @throws {RangeError} If the time is not in the years 1970 to 9999.
 */
export function archiveDay(time: number | Date): string {
  const seconds = time instanceof Date ? time.getTime() / 1000 : time;
  if (!(seconds >= 0 && seconds < MAX_SECONDS + 1)) {
    throw new RangeError(
      `Cannot format the day of ${seconds} s since 1970: it is not in the years 1970 to 9999`,
    );
  }
  return new Date(seconds * 1000).toISOString().slice(0, 10).replaceAll("-", "");
}
