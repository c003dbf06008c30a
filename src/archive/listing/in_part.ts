import { crc32c } from "../../codec/snappy/crc32c.ts";
import type { ArchivePart } from "./part.ts";

const encoder = new TextEncoder();

/**
 * Whether an archive belongs to a part: `crc32c(key) % of === number - 1`, of the UTF-8 bytes of its
 * key, without bucket and prefix.
 *
 * Each key is in exactly one of the parts, whatever else is in the bucket, and whoever lists it when.
 *
 * @example Usage
 * ```ts
 * import { isInPart } from "@triton/triton/archive";
 * import { deepEqual } from "node:assert/strict";
 * const key = "20150710/clicks_prod-store-1436553581.tri";
 * const parts = [1, 2, 3, 4].filter((number) => isInPart(key, { number, of: 4 }));
 * deepEqual(parts, [2]);
 * ```
 * @param key Key of the archive.
 * @param part The part. Default: all of the archive.
 */
export function isInPart(key: string, part: ArchivePart | undefined): boolean {
  if (part === undefined || part.of === 1) return true;
  return crc32c(encoder.encode(key)) % part.of === part.number - 1;
}
