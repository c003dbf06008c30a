/**
 * Bugs on purpose: each breaks one rule of many streams in one process, by replacing a method of the
 * program until it is disposed of.
 *
 * @module
 */

/** Breaks a rule, until it is disposed of. */
export type StreamsPlant = () => Disposable;

/** Each planted bug by its name. */
export const STREAMS_PLANTS: Readonly<Record<string, StreamsPlant>> = {};

/** The planted bug of a name. */
export function streamsPlantOf(name: string): StreamsPlant {
  const plant = STREAMS_PLANTS[name];
  if (plant !== undefined) return plant;
  const names = Object.keys(STREAMS_PLANTS).join(", ");
  throw new RangeError(`No planted bug "${name}" of many streams; there are: ${names}`);
}
