import type { ObjectStore } from "../objects/object_store.ts";
import { openObjectStore, type OpenObjectStoreOptions } from "../objects/open_object_store.ts";
import type { EventData } from "../base/record.ts";
import { ArchiveReader, type ArchiveReaderOptions } from "./archive_reader.ts";

/** Options of {@linkcode openArchive}. */
export interface OpenArchiveOptions<T = EventData>
  extends ArchiveReaderOptions<T>, OpenObjectStoreOptions {}

/**
 * Opens the archive of a stream, over a range of days.
 *
 * `T` is the type of each record's `data`: what `schema` makes of an event, else `EventData`.
 *
 * @example The archives of a month, all days in UTC
 * ```ts
 * import { openArchive } from "@triton/triton/archive";
 * const bucket = "memory:"; // or "s3://triton-prod"
 * await using archive = openArchive(bucket, {
 *   stream: "user_activity_prod",
 *   from: "2015-10-01",
 *   to: "2015-10-31",
 * });
 * for await (const record of archive) console.log(record.data);
 * ```
 * @example Typed records
 * ```ts
 * import { openArchive } from "@triton/triton/archive";
 * import * as z from "zod"; // or valibot, arktype: any Standard Schema
 * await using archive = openArchive("memory:", {
 *   stream: "clicks_prod",
 *   from: "2015-10-01",
 *   schema: z.object({ user: z.string(), ms: z.number() }),
 *   onInvalid: (error) => console.warn(error.message, error.key, error.index, error.data),
 * });
 * for await (const { data } of archive) console.log(data.user.toUpperCase(), data.ms / 1_000);
 * ```
 * @example A quarter of the archives, such as in the first of four processes
 * ```ts
 * import { openArchive, parsePart } from "@triton/triton/archive";
 * await using archive = openArchive("memory:", {
 *   stream: "user_activity_prod",
 *   from: "2015-10-01",
 *   part: parsePart(Deno.env.get("PART") ?? "1/4"),
 * });
 * let events = 0;
 * for await (const _ of archive) events++;
 * ```
 * @param bucket Where the archives are: an object store, or a URL as `openObjectStore` takes it.
 * @param options Which archives; and, where `bucket` is a URL of S3, how to reach it.
 * @returns A reader, to be disposed of; it sends no request before it is iterated.
 * @throws {RangeError} If a day or the part does not exist, or the last day is before the first.
 */
export function openArchive<T = EventData>(
  bucket: string | ObjectStore,
  options: OpenArchiveOptions<T>,
): ArchiveReader<T> {
  const store = typeof bucket === "string" ? () => openObjectStore(bucket, options) : bucket;
  return new ArchiveReader(store, options);
}
