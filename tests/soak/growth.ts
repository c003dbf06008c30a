/**
 * Whether something grew.
 *
 * @module
 */

/** How a quantity went over time. */
export interface Growth {
  /** The median of the first third of the time. */
  readonly first: number;
  /** The median of the last third. */
  readonly last: number;
  /** The slope of the line through all values (least squares), per hour. */
  readonly perHour: number;
}

/** A value at a moment, in seconds. */
export interface Point {
  readonly at: number;
  readonly value: number;
}

/**
 * Tells how a quantity went.
 *
 * @param points At least three moments, in their order.
 * @throws {RangeError} If there are fewer.
 */
export function growthOf(points: readonly Point[]): Growth {
  if (points.length < 3) throw new RangeError("Cannot tell growth from fewer than three samples");
  const [begin, end] = [points[0]!.at, points.at(-1)!.at];
  const third = (end - begin) / 3;
  return {
    first: median(points.filter(({ at }) => at <= begin + third)),
    last: median(points.filter(({ at }) => at >= end - third)),
    perHour: 3600 * slopeOf(points),
  };
}

function median(points: readonly Point[]): number {
  const values = points.map(({ value }) => value).sort((a, b) => a - b);
  const middle = Math.floor(values.length / 2);
  return values.length % 2 === 1 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2;
}

function slopeOf(points: readonly Point[]): number {
  const mean = (of: (point: Point) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [at, value] = [mean((point) => point.at), mean((point) => point.value)];
  const spread = mean((point) => (point.at - at) ** 2);
  return spread === 0 ? 0 : mean((point) => (point.at - at) * (point.value - value)) / spread;
}
