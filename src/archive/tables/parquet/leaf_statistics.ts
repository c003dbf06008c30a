import type { LeafColumn } from "./leaf_column.ts";

/** What readers skip row groups by. */
export interface LeafStatistics {
  null_count: bigint;
  min_value?: bigint | number | Uint8Array;
  max_value?: bigint | number | Uint8Array;
}

/**
 * The smallest and the largest value of a leaf, and the number of nulls.
 *
 * There are no bounds with a NaN, which engines order differently, and none for byte arrays without a
 * dictionary: to compare them would cost more than it saves.
 */
export function statisticsOf(leaf: LeafColumn): LeafStatistics {
  const nulls = { null_count: BigInt(leaf.slots - leaf.values) };
  if (leaf.values === 0) return nulls;
  switch (leaf.physical) {
    case "INT64":
      return { ...nulls, ...int64Bounds(leaf) };
    case "DOUBLE":
      return { ...nulls, ...doubleBounds(leaf) };
    case "BYTE_ARRAY":
      return { ...nulls, ...byteBounds(leaf) };
    default:
      return nulls;
  }
}

/** The values of eight bytes each, and how many there are. */
function fixedValues({ dictionary, plain, values }: LeafColumn): { view: DataView; count: number } {
  const { buffer, byteOffset } = dictionary?.bytes ?? plain;
  return { view: new DataView(buffer, byteOffset), count: dictionary?.size ?? values };
}

function int64Bounds(leaf: LeafColumn): Partial<LeafStatistics> {
  const { view, count } = fixedValues(leaf);
  let [min, max] = [0, 0];
  // By their halves: a bigint for each would take ten times as long.
  const isLess = (a: number, b: number) => {
    const [x, y] = [view.getInt32(a * 8 + 4, true), view.getInt32(b * 8 + 4, true)];
    return x !== y ? x < y : view.getUint32(a * 8, true) < view.getUint32(b * 8, true);
  };
  for (let i = 1; i < count; i++) {
    if (isLess(i, min)) min = i;
    else if (isLess(max, i)) max = i;
  }
  return { min_value: view.getBigInt64(min * 8, true), max_value: view.getBigInt64(max * 8, true) };
}

function doubleBounds(leaf: LeafColumn): Partial<LeafStatistics> {
  const { view, count } = fixedValues(leaf);
  let [min, max] = [Infinity, -Infinity];
  for (let i = 0; i < count; i++) {
    const value = view.getFloat64(i * 8, true);
    if (Number.isNaN(value)) return {};
    if (value < min) min = value;
    if (value > max) max = value;
  }
  // Zeros are equal whatever their sign, so the bounds include both.
  return { min_value: min === 0 ? -0 : min, max_value: max === 0 ? 0 : max };
}

function byteBounds({ dictionary }: LeafColumn): Partial<LeafStatistics> {
  if (dictionary === undefined) return {};
  const valueAt = (i: number) =>
    dictionary.bytes.subarray(dictionary.startOf(i), dictionary.endOf(i));
  let [min, max] = [valueAt(0), valueAt(0)];
  for (let i = 1; i < dictionary.size; i++) {
    const value = valueAt(i);
    if (compareBytes(value, min) < 0) min = value;
    else if (compareBytes(max, value) < 0) max = value;
  }
  // Copies: the dictionary is used again before the footer is written.
  return { min_value: min.slice(), max_value: max.slice() };
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
