/** A simple implementation of the JSON rules, to compare the fast writer with. */

import { Buffer } from "node:buffer";

/** The JSON of one well-formed MessagePack value. */
export function referenceJson(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;

  const size = (width: number) => {
    const value = width === 1
      ? view.getUint8(at)
      : width === 2
      ? view.getUint16(at)
      : view.getUint32(at);
    at += width;
    return value;
  };
  const take = (length: number) => bytes.subarray(at, at += length);

  const value = (): string => {
    const lead = size(1);
    if (lead < 0x80) return String(lead);
    if (lead < 0x90) return map(lead & 15);
    if (lead < 0xa0) return array(lead & 15);
    if (lead < 0xc0) return JSON.stringify(text(take(lead & 31)));
    if (lead >= 0xe0) return String(lead - 256);
    const start = at;
    switch (lead) {
      case 0xc2:
        return "false";
      case 0xc3:
        return "true";
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return base64(take(size(1 << (lead - 0xc4))));
      case 0xc7:
        return extension(size(1));
      case 0xca:
        at += 4;
        return float(view.getFloat32(start));
      case 0xcb:
        at += 8;
        return double(view.getFloat64(start));
      case 0xcc:
        return String(size(1));
      case 0xcd:
        return String(size(2));
      case 0xce:
        return String(size(4));
      case 0xcf:
        at += 8;
        return String(view.getBigUint64(start));
      case 0xd0:
        at += 1;
        return String(view.getInt8(start));
      case 0xd1:
        at += 2;
        return String(view.getInt16(start));
      case 0xd2:
        at += 4;
        return String(view.getInt32(start));
      case 0xd3:
        at += 8;
        return String(view.getBigInt64(start));
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return extension(1 << (lead - 0xd4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return JSON.stringify(text(take(size(1 << (lead - 0xd9)))));
      case 0xdc:
      case 0xdd:
        return array(size(lead === 0xdc ? 2 : 4));
      case 0xde:
      case 0xdf:
        return map(size(lead === 0xde ? 2 : 4));
      default:
        return "null";
    }
  };
  const array = (count: number) => `[${Array.from({ length: count }, value).join(",")}]`;
  const map = (count: number) => {
    const entries = Array.from({ length: count }, () => `${key()}:${value()}`);
    return `{${entries.join(",")}}`;
  };
  /** Number of keys around the current value. */
  let keys = 0;
  const key = () => {
    const start = at;
    const lead = bytes[at]!;
    if (lead >= 0xc4 && lead <= 0xc6) {
      at++;
      return JSON.stringify(text(take(size(1 << (lead - 0xc4)))));
    }
    keys++;
    const json = value();
    keys--;
    const isContainer = lead >= 0x80 && lead < 0xa0 || lead >= 0xdc && lead <= 0xdf;
    if (keys > 0 && isContainer) return base64(bytes.subarray(start, at));
    return json.startsWith('"') ? json : JSON.stringify(json);
  };
  const extension = (length: number) => {
    const type = view.getInt8(at++);
    const data = take(length);
    return time(type, data) ?? `{"Data":${length === 0 ? "null" : base64(data)},"Type":${type}}`;
  };
  return value();
}

function base64(data: Uint8Array): string {
  return `"${Buffer.from(data).toString("base64")}"`;
}

/** Decodes UTF-8, one code point at a time; each byte that starts no valid sequence is one U+FFFD. */
function text(data: Uint8Array): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let result = "";
  for (let at = 0; at < data.length;) {
    let next = "\ufffd";
    let length = 1;
    for (let tried = 1; tried <= 4 && at + tried <= data.length; tried++) {
      try {
        next = decoder.decode(data.subarray(at, at + tried));
        length = tried;
        break;
      } catch {
        // Longer, or not UTF-8.
      }
    }
    result += next;
    at += length;
  }
  return result;
}

function double(value: number): string {
  return Object.is(value, -0) ? "-0" : Number.isFinite(value) ? String(value) : "null";
}

function float(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return double(value);
  for (let precision = 1;; precision++) {
    const [digits, exponent] = Math.abs(value).toExponential(precision - 1).split("e");
    const nearest = BigInt(digits!.replace(".", ""));
    for (const near of [nearest, nearest + 1n, nearest - 1n]) {
      const decimal = Math.sign(value) * Number(`${near}e${Number(exponent) - precision + 1}`);
      if (Math.fround(decimal) === value) return String(decimal);
    }
  }
}

function time(type: number, data: Uint8Array): string | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  let total: bigint; // nanoseconds
  if (type === 5 && data.length === 12) {
    total = view.getBigInt64(0) * 10n ** 9n + BigInt(view.getInt32(8));
  } else if (type === -1 && data.length === 4) total = BigInt(view.getUint32(0)) * 10n ** 9n;
  else if (type === -1 && (data.length === 8 || data.length === 12)) {
    const packed = view.getBigUint64(0);
    const short = data.length === 8;
    const nanoseconds = short ? packed >> 34n : BigInt(view.getUint32(0));
    if (nanoseconds >= 10n ** 9n) return undefined;
    total = (short ? packed & (2n ** 34n - 1n) : view.getBigInt64(4)) * 10n ** 9n + nanoseconds;
  } else return undefined;
  const fraction = ((total % 10n ** 9n) + 10n ** 9n) % 10n ** 9n;
  const date = new Date(Number((total - fraction) / 10n ** 6n));
  if (!(date.getUTCFullYear() >= 0 && date.getUTCFullYear() <= 9999)) return undefined;
  const decimals = `.${String(fraction).padStart(9, "0")}`.replace(/\.?0+$/, "");
  return `"${date.toISOString().slice(0, 19)}${decimals}Z"`;
}
