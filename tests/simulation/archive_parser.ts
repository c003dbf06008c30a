/**
 * The auditor's own reading of archives: nothing of it comes from `src/codec`.
 *
 * It follows the description in `src/codec/tri/archive_format.ts` with the reference MessagePack
 * library, and takes every deviation for an error.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { decodeMulti, ExtData } from "@msgpack/msgpack";
import { uncompress } from "snappyjs";

/** One shard in a manifest, as it stands there. */
export interface ParsedRange {
  readonly previous: string | null;
  readonly first: string;
  readonly last: string;
  readonly events: number;
  readonly quarantined: number;
}

/** A record in quarantine. */
export interface ParsedQuarantine {
  readonly shardId: string;
  readonly sequenceNumber: string;
  readonly subSequenceNumber?: number;
  readonly data: Uint8Array;
}

/** An archive, taken apart. */
export interface ParsedArchive {
  readonly events: readonly { readonly n: number }[];
  readonly quarantine: readonly ParsedQuarantine[];
  readonly intent: string;
  readonly shards: ReadonlyMap<string, ParsedRange>;
}

const IDENTIFIER = "ff060000734e61507059";
const OPENING = "8009000081a6747269746f6e01";

/** Whether a file is the stream identifier alone, which says that a key is void. */
export function isVoid(file: Uint8Array): boolean {
  return file.length === 10 && hex(file) === IDENTIFIER;
}

/**
 * Takes an archive apart and holds it against its manifest.
 *
 * @throws {Error} If it is not as the layout says, or the manifest does not match the rest.
 */
export function parseArchive(file: Uint8Array): ParsedArchive {
  check(hex(file.subarray(0, 23)) === IDENTIFIER + OPENING, "it does not begin as an archive");
  const data: Uint8Array[] = [];
  const quarantine: Uint8Array[] = [];
  const tail: Uint8Array[] = [];
  for (let at = 23; at < file.length;) {
    const type = file[at]!;
    const length = file[at + 1]! + file[at + 2]! * 256 + file[at + 3]! * 65_536;
    const body = file.subarray(at + 4, at + 4 + length);
    check(body.length === length, "it is cut off");
    check(tail.length === 0 || type === 0x80, "something follows the manifest");
    if (type === 0x00 || type === 0x01) data.push(readData(type, body));
    else if (type === 0x81) quarantine.push(body);
    else if (type === 0x80) tail.push(body);
    else check(hex(file.subarray(at, at + 10)) === IDENTIFIER, `chunk of type ${type}`);
    at += 4 + length;
  }
  return assemble(join(data), join(quarantine), join(tail));
}

/** Reads a data chunk's body and checks its checksum. */
function readData(type: number, body: Uint8Array): Uint8Array {
  const data = type === 1 ? body.subarray(4) : uncompress(body.slice(4));
  const stored = new DataView(body.buffer, body.byteOffset).getUint32(0, true);
  const crc = crc32c(data);
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  check(stored === masked, "a checksum is wrong");
  return data;
}

function assemble(data: Uint8Array, quarantine: Uint8Array, tail: Uint8Array): ParsedArchive {
  const [manifest, trailer, ...rest] = [...decodeMulti(tail)] as [
    Record<string, unknown>,
    unknown,
  ];
  check(trailer instanceof ExtData && trailer.type === 84 && rest.length === 0, "no trailer");
  const archive = {
    events: [...decodeMulti(data)] as { n: number }[],
    quarantine: [...decodeMulti(quarantine)] as ParsedQuarantine[],
    intent: manifest.intent as string,
    shards: new Map(Object.entries(manifest.shards as Record<string, ParsedRange>)),
  };
  const { shards } = archive;
  check(manifest.events === archive.events.length, "the count of events is wrong");
  check(manifest.quarantined === archive.quarantine.length, "the count in quarantine is wrong");
  check(manifest.bytes === data.length, "the size of the events is wrong");
  check(manifest.sha256 === createHash("sha256").update(data).digest("hex"), "wrong SHA-256");
  check(manifest.quarantineCrc32c === crc32c(quarantine), "the quarantine's checksum is wrong");
  check(sum(shards, "events") === manifest.events, "counts of events do not add up");
  check(sum(shards, "quarantined") === manifest.quarantined, "counts in quarantine do not add up");
  return archive;
}

function sum(shards: ReadonlyMap<string, ParsedRange>, name: "events" | "quarantined"): number {
  return [...shards.values()].reduce((total, range) => total + range[name], 0);
}

const TABLE = Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0x82f63b78 : byte >>> 1;
  return byte >>> 0;
});

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function check(condition: boolean, why: string): asserts condition {
  if (!condition) throw new Error(why);
}
