import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** Field of a protobuf message: its number, and a number, or bytes, or text. */
export type Field = readonly [field: number, value: number | string | Uint8Array];

/** Encodes a protobuf message of numbers (below 2^53) and bytes. */
export function protobuf(fields: readonly Field[]): Uint8Array {
  const bytes: number[] = [];
  for (const [field, value] of fields) {
    if (typeof value === "number") bytes.push(...varint(field * 8), ...varint(value));
    else {
      const body = typeof value === "string" ? new TextEncoder().encode(value) : value;
      bytes.push(...varint(field * 8 + 2), ...varint(body.length));
      for (const byte of body) bytes.push(byte);
    }
  }
  return Uint8Array.from(bytes);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push(value % 128 + 128);
  return [...bytes, value];
}

/** Adds magic and MD5 to a message, as the Kinesis Producer Library does. */
export function wrap(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const digest = createHash("md5").update(message).digest();
  return new Uint8Array(Buffer.concat([Uint8Array.of(0xf3, 0x89, 0x9a, 0xc2), message, digest]));
}

/** Aggregates records, each with its own key in the table. */
export function packRecords(
  records: readonly { readonly partitionKey: string; readonly data: Uint8Array }[],
): Uint8Array<ArrayBuffer> {
  const fields = records.flatMap(({ partitionKey, data }, index): Field[] => [
    [1, partitionKey],
    [3, protobuf([[1, index], [3, data]])],
  ]);
  return wrap(protobuf(fields));
}
