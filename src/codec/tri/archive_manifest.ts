import { ArchiveFormatError } from "../../base/errors.ts";
import type { SequenceNumber, ShardId } from "../../base/record.ts";
import { encodeSkippable, MANIFEST, MAX_SKIPPABLE_BODY, TRAILER_MAGIC } from "./archive_format.ts";
import { concatBytes } from "../../base/bytes.ts";
import { crc32c } from "../snappy/crc32c.ts";
import { encodeMsgpack } from "../msgpack/encode.ts";
import { encodeChunk } from "../snappy/chunks.ts";

/** The contents of an archive from one shard. */
export interface ShardRange {
  /** The first record, quarantined ones included. */
  readonly first: SequenceNumber;
  /** The last record, quarantined ones included. */
  readonly last: SequenceNumber;
  /** Number of events. */
  readonly events: number;
  /** Number of records that are not events. */
  readonly quarantined: number;
  /** Arrival time of the earliest record. */
  readonly firstArrival: Date;
  /** Arrival time of the latest record. */
  readonly lastArrival: Date;
}

/** The contents of an archive from one shard, and the record before them. */
export interface ManifestShard extends ShardRange {
  /** The last record archived before this file; undefined if this file is the shard's first. */
  readonly previous: SequenceNumber | undefined;
}

/** The manifest of an archive. */
export interface ArchiveManifest {
  /** Version of the file's layout: 1. */
  readonly format: number;
  /** Name and version of the program that wrote the file. */
  readonly program: string;
  /** Name of the stream in Kinesis. */
  readonly stream: string;
  /** Name of the client that wrote the file. */
  readonly client: string;
  /** When the file was created. */
  readonly createdAt: Date;
  /** Number of events in the file. */
  readonly events: number;
  /** Size of the events in bytes, uncompressed. */
  readonly bytes: number;
  /** SHA-256 of the events, uncompressed, in the order of the file: 64 hexadecimal digits. */
  readonly sha256: string;
  /** Number of records in quarantine, which are not events. */
  readonly quarantined: number;
  /** Size of the quarantine in bytes, without chunk headers. */
  readonly quarantineBytes: number;
  /** CRC-32C of the quarantine, without chunk headers. */
  readonly quarantineCrc32c: number;
  /** The intent of the writer that led to this file, if it has intents. */
  readonly intent: string | undefined;
  /** The contents of the file from each shard. */
  readonly shards: ReadonlyMap<ShardId, ManifestShard>;
}

/**
 * Encodes the end of a file: the manifest and its trailer.
 *
 * @returns The chunks, concatenated.
 */
export function encodeManifest(manifest: ArchiveManifest): Uint8Array {
  const shards = Object.fromEntries(
    [...manifest.shards].map(([id, shard]) => [id, { ...shard, previous: shard.previous ?? null }]),
  );
  const map = encodeMsgpack({ ...manifest, shards });
  // The last body must have room for the complete trailer.
  const room = MAX_SKIPPABLE_BODY - TRAILER_MAGIC.length - 8;
  const lastAt = map.length - (map.length % room);
  const parts = [
    ...encodeSkippable(MANIFEST, map.subarray(0, lastAt), room),
    encodeChunk(MANIFEST, map.subarray(lastAt), TRAILER_MAGIC, new Uint8Array(8)),
  ];
  const end = concatBytes(parts);
  const view = new DataView(end.buffer);
  view.setUint32(end.length - 8, end.length);
  view.setUint32(end.length - 4, crc32c(end.subarray(0, -4)));
  return end;
}

/**
 * Checks a decoded manifest.
 *
 * @param value The decoded map of the manifest.
 * @param offset Where the manifest starts, in bytes from the start of the file.
 * @throws {ArchiveFormatError} If something is missing or has the wrong type.
 */
export function toManifest(value: unknown, offset: number): ArchiveManifest {
  const fields = new Fields(value, "manifest", offset);
  return {
    format: fields.count("format"),
    program: fields.text("program"),
    stream: fields.text("stream"),
    client: fields.text("client"),
    createdAt: fields.date("createdAt"),
    events: fields.count("events"),
    bytes: fields.count("bytes"),
    sha256: fields.text("sha256"),
    quarantined: fields.count("quarantined"),
    quarantineBytes: fields.count("quarantineBytes"),
    quarantineCrc32c: fields.count("quarantineCrc32c"),
    intent: fields.optionalText("intent"),
    shards: toShards(fields.map("shards"), offset),
  };
}

function toShards(value: object, offset: number): ReadonlyMap<ShardId, ManifestShard> {
  const shards = new Map<ShardId, ManifestShard>();
  for (const [id, shard] of Object.entries(value)) {
    const fields = new Fields(shard, `manifest of shard "${id}"`, offset);
    shards.set(id as ShardId, {
      previous: fields.optionalText("previous") as SequenceNumber | undefined,
      first: fields.text("first") as SequenceNumber,
      last: fields.text("last") as SequenceNumber,
      events: fields.count("events"),
      quarantined: fields.count("quarantined"),
      firstArrival: fields.date("firstArrival"),
      lastArrival: fields.date("lastArrival"),
    });
  }
  return shards;
}

/** The fields of a decoded map, with type checks. */
export class Fields {
  readonly #values: ReadonlyMap<string, unknown>;
  readonly #what: string;
  readonly #offset: number;

  /** `what` is the name of the map in errors, and `offset` their offset. */
  constructor(value: unknown, what: string, offset: number) {
    this.#what = what;
    this.#offset = offset;
    if (!isMap(value)) throw this.#error("it is not a map");
    this.#values = new Map(Object.entries(value as object));
  }

  text(name: string): string {
    return this.#check(name, "a string", (value) => typeof value === "string") as string;
  }

  /** A string; undefined if it is nil or missing. */
  optionalText(name: string): string | undefined {
    return this.#isThere(name) ? this.text(name) : undefined;
  }

  /** A count; undefined if it is nil or missing. */
  optionalCount(name: string): number | undefined {
    return this.#isThere(name) ? this.count(name) : undefined;
  }

  /** An integer from 0 to 2^53-1. */
  count(name: string): number {
    const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
    return this.#check(name, "a count", isCount) as number;
  }

  /** A timestamp, as a plain `Date`. */
  date(name: string): Date {
    const date = this.#check(name, "a timestamp", (value) => value instanceof Date) as Date;
    return new Date(date.getTime());
  }

  bytes(name: string): Uint8Array {
    return this.#check(name, "binary", (value) => value instanceof Uint8Array) as Uint8Array;
  }

  map(name: string): object {
    return this.#check(name, "a map", isMap) as object;
  }

  #isThere(name: string): boolean {
    return (this.#values.get(name) ?? undefined) !== undefined;
  }

  #check(name: string, kind: string, isKind: (value: unknown) => boolean): unknown {
    const value = this.#values.get(name);
    if (!isKind(value)) throw this.#error(`"${name}" is missing or is not ${kind}`);
    return value;
  }

  #error(why: string): ArchiveFormatError {
    return new ArchiveFormatError(`Cannot read ${this.#what}: ${why}`, { offset: this.#offset });
  }
}

function isMap(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date) && !(value instanceof Uint8Array);
}
