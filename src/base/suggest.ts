/**
 * Picks the candidate that a misspelt word most likely means.
 *
 * Case and the separators `-`, `_` and space do not count; otherwise about one letter in three may
 * be wrong, missing, added or swapped with its neighbour.
 *
 * @param word What was written.
 * @param candidates What could have been meant.
 * @returns The nearest candidate, the first of equals; undefined if none is near.
 */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  const written = simplify(word);
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const meant = simplify(candidate);
    const allowed = Math.max(1, Math.floor(Math.max(written.length, meant.length) / 3));
    if (Math.abs(written.length - meant.length) > allowed) continue;
    const distance = editDistance(written, meant);
    if (distance <= allowed && distance < bestDistance) {
      [best, bestDistance] = [candidate, distance];
    }
  }
  return best;
}

/** Words in a list for people: `"a", "b" and "c"`, cut off after ten. */
export function quotedList(words: readonly string[]): string {
  const shown = words.slice(0, 10).map((word) => JSON.stringify(word));
  if (words.length > 10) return `${shown.join(", ")} and ${words.length - 10} more`;
  if (shown.length < 2) return shown.join("");
  return `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

function simplify(word: string): string {
  // No name is longer than this; the distance takes the product of both lengths.
  return word.slice(0, 128).toLowerCase().replace(/[-_ ]/g, "");
}

/** Damerau's distance, where a swap of neighbours counts once (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      let distance = Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + cost,
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        distance = Math.min(distance, beforeLast[column - 2]! + 1);
      }
      current.push(distance);
    }
    [beforeLast, last] = [last, current];
  }
  return last[b.length]!;
}
