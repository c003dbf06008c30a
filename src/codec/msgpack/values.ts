/**
 * MessagePack values for which JavaScript has no type.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** Type of timestamp extensions in the MessagePack specification. */
export const TIMESTAMP_TYPE = -1;
/** Type of the extension for times in Go's `tinylib/msgp`, which go-triton uses. */
export const GO_TIME_TYPE = 5;

/** The range of `Date`, in seconds before and after 1970. */
const MAX_SECONDS = 8_640_000_000_000;
/** The first second after the year 9999, and the first of the year 0: the range of RFC 3339. */
const RFC_3339_END = 253_402_300_800;
const RFC_3339_BEGIN = -62_167_219_200;

/** A MessagePack extension that this library does not interpret. */
export class Extension {
  /** The extension's type, from -128 to 127. */
  readonly type: number;
  /** The extension's bytes. */
  readonly data: Uint8Array;

  /**
   * Creates an extension.
   *
   * @param type An integer from -128 to 127; negative ones are reserved by the specification.
   * @param data The bytes.
   * @throws {RangeError} If the type is out of range.
   */
  constructor(type: number, data: Uint8Array) {
    if (!Number.isInteger(type) || type < -128 || type > 127) {
      throw new RangeError(`Cannot create extension of type ${type}: not from -128 to 127`);
    }
    this.type = type;
    this.data = data;
  }

  /** The extension for JSON, with the data in base64, or null if it is empty. */
  toJSON(): { Data: string | null; Type: number } {
    const data = this.data.length === 0 ? null : Buffer.from(this.data).toString("base64");
    return { Data: data, Type: this.type };
  }
}

/**
 * A time with nanoseconds, as in MessagePack timestamps.
 *
 * As a `Date`, it is rounded down to the millisecond. If the time of the `Date` is changed,
 * `nanoseconds` no longer matches, and the encoder uses the `Date`.
 *
 * @example Usage
 * ```ts
 * import { decodeEvent, encodeEvent, Timestamp } from "@triton/triton/codec";
 * import { equal } from "node:assert/strict";
 * const event = decodeEvent(encodeEvent({ at: new Timestamp(1436553581, 123456789) }));
 * equal(JSON.stringify(event), '{"at":"2015-07-10T18:39:41.123456789Z"}');
 * ```
 */
export class Timestamp extends Date {
  /** Nanoseconds since the last whole second: 0 to 999,999,999. */
  readonly nanoseconds: number;

  /**
   * Creates a timestamp.
   *
   * @param seconds Whole seconds since the Unix epoch, negative before it.
   * @param nanoseconds Nanoseconds after that second, from 0 to 999,999,999. Default: 0.
   * @throws {RangeError} If it is out of the range of `Date`, or a number is not a valid integer.
   */
  constructor(seconds: number, nanoseconds: number = 0) {
    if (!isTime(seconds, nanoseconds)) {
      throw new RangeError(`Cannot create timestamp of ${seconds} s and ${nanoseconds} ns`);
    }
    super(seconds * 1000 + Math.floor(nanoseconds / 1_000_000));
    this.nanoseconds = nanoseconds;
  }

  /** The time in RFC 3339, in UTC, with as few decimals as possible. */
  override toJSON(): string {
    const { seconds, nanoseconds } = timeOf(this);
    return formatTime(seconds, nanoseconds) ?? this.toISOString();
  }
}

function isTime(seconds: number, nanoseconds: number): boolean {
  return Number.isInteger(seconds) && Math.abs(seconds) <= MAX_SECONDS &&
    Number.isInteger(nanoseconds) && nanoseconds >= 0 && nanoseconds <= 999_999_999 &&
    (seconds < MAX_SECONDS || nanoseconds < 1_000_000);
}

/** A time as whole seconds since the Unix epoch, and nanoseconds after that second. */
export interface Time {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** The time of a date, with nanoseconds if it has them. */
export function timeOf(date: Date): Time {
  const ms = date.getTime();
  const seconds = Math.floor(ms / 1000);
  const rest = ms - seconds * 1000;
  if (date instanceof Timestamp && Math.floor(date.nanoseconds / 1_000_000) === rest) {
    return { seconds, nanoseconds: date.nanoseconds };
  }
  return { seconds, nanoseconds: rest * 1_000_000 };
}

/**
 * Reads an extension as a time, if it is one.
 *
 * Go normalizes nanoseconds that are out of range, so its times are read in the same way; in a
 * timestamp of the specification, such a value is malformed.
 *
 * @returns Undefined if the extension has another type, is malformed, or is out of the range of `Date`.
 */
export function readTime(type: number, data: Uint8Array): Time | undefined {
  if (type !== TIMESTAMP_TYPE && type !== GO_TIME_TYPE) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  let seconds: number;
  let nanoseconds = 0;
  if (type === GO_TIME_TYPE) {
    if (data.length !== 12) return undefined;
    const raw = view.getInt32(8);
    const carry = Math.floor(raw / 1_000_000_000);
    seconds = Number(view.getBigInt64(0)) + carry;
    nanoseconds = raw - carry * 1_000_000_000;
  } else if (data.length === 4) {
    seconds = view.getUint32(0);
  } else if (data.length === 8) {
    const high = view.getUint32(0);
    seconds = (high & 3) * 0x100000000 + view.getUint32(4);
    nanoseconds = high >>> 2;
  } else if (data.length === 12) {
    nanoseconds = view.getUint32(0);
    seconds = Number(view.getBigInt64(4));
  } else return undefined;
  return isTime(seconds, nanoseconds) ? { seconds, nanoseconds } : undefined;
}

/** The value of an extension: a {@linkcode Timestamp} if it is a time. */
export function readExtension(type: number, data: Uint8Array): Timestamp | Extension {
  const time = readTime(type, data);
  return time === undefined
    ? new Extension(type, data.slice())
    : new Timestamp(time.seconds, time.nanoseconds);
}

/** The bytes of a timestamp extension, the shortest of its three forms. */
export function writeTime({ seconds, nanoseconds }: Time): Uint8Array {
  const short = seconds >= 0 && seconds < 0x400000000;
  const size = !short ? 12 : nanoseconds === 0 && seconds < 0x100000000 ? 4 : 8;
  const data = new Uint8Array(size);
  const view = new DataView(data.buffer);
  if (size === 4) view.setUint32(0, seconds);
  else if (size === 8) {
    view.setUint32(0, nanoseconds * 4 + Math.floor(seconds / 0x100000000));
    view.setUint32(4, seconds % 0x100000000);
  } else {
    view.setUint32(0, nanoseconds);
    view.setBigInt64(4, BigInt(seconds));
  }
  return data;
}

/** A time in RFC 3339; undefined outside the years 0 to 9999, which RFC 3339 cannot express. */
export function formatTime(seconds: number, nanoseconds: number): string | undefined {
  if (seconds < RFC_3339_BEGIN || seconds >= RFC_3339_END) return undefined;
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  if (nanoseconds === 0) return `${whole}Z`;
  return `${whole}.${String(nanoseconds).padStart(9, "0").replace(/0+$/, "")}Z`;
}
