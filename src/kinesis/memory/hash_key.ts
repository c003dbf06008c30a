import { createHash } from "node:crypto";

/** How many hash keys there are: they go from 0 to this number less one. */
export const HASH_KEYS = 2n ** 128n;

/**
 * Hashes a partition key as Kinesis does: the MD5 of its UTF-8 bytes, as a number of 128 bits.
 *
 * @param partitionKey The partition key.
 * @returns The hash key; the record goes to the open shard whose range holds it.
 */
export function hashKeyOf(partitionKey: string): bigint {
  return BigInt("0x" + createHash("md5").update(partitionKey, "utf8").digest("hex"));
}
