/**
 * Compares two keys as object stores order them: by the bytes of their UTF-8 form.
 *
 * JavaScript compares UTF-16 units, which puts characters past U+FFFF (surrogates, 0xD800 to
 * 0xDFFF) before those from U+E000 to U+FFFF; UTF-8 puts them after.
 *
 * @returns A negative number if `a` comes first, a positive one if `b` does, 0 if they are equal.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Whether a key comes before another one, if there is another one. */
export function isBefore(key: string, other: string | undefined): boolean {
  return other !== undefined && compareKeys(key, other) < 0;
}

/** Moves surrogates after all other units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/**
 * Checks that a key is valid.
 *
 * Every store has the same rules, so that what works with one works with all: parts between
 * slashes are not empty and neither `.` nor `..`, there is no NUL and no broken surrogate pair, and
 * the whole takes at most 1,024 bytes (S3's limit).
 *
 * @throws {TypeError} If an object cannot have that key.
 */
export function checkKey(key: string): void {
  const why = faultOf(key);
  if (why !== undefined) throw new TypeError(`Cannot use ${JSON.stringify(key)} as a key: ${why}`);
}

function faultOf(key: string): string | undefined {
  const parts = key.split("/");
  if (key === "") return "it is empty";
  if (parts.includes("")) return "it has an empty part";
  if (parts.includes(".") || parts.includes("..")) return 'it has "." or ".." as a part';
  if (key.includes("\0")) return "it has a NUL";
  if (!key.isWellFormed()) return "it is not well-formed Unicode";
  if (new TextEncoder().encode(key).length > 1024) return "it is longer than 1,024 bytes";
  return undefined;
}
