/**
 * Collects the items of an iterable: all of them, or the first `count`.
 *
 * @example Usage
 * ```ts
 * import { collect } from "@triton/triton/testing";
 * import { deepEqual } from "node:assert/strict";
 * async function* count() {
 *   for (let n = 1;; n++) yield n;
 * }
 * deepEqual(await collect(count(), 3), [1, 2, 3]);
 * ```
 * @param items A stream, an archive, or any other iterable.
 * @param count How many items to collect. Default: all.
 * @returns The items, in order.
 */
export async function collect<T>(items: AsyncIterable<T>, count = Infinity): Promise<T[]> {
  const list: T[] = [];
  if (count <= 0) return list;
  for await (const item of items) {
    list.push(item);
    if (list.length >= count) break;
  }
  return list;
}
