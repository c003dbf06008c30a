/**
 * The values of the settings of buckets. Each function throws a `RangeError` that says what to use.
 *
 * @module
 */

/** What cannot be read when it is wanted. */
const COLD: ReadonlySet<string> = new Set(["GLACIER", "DEEP_ARCHIVE"]);

/** Parses a storage class whose objects can be read at once. */
export function parseStorageClass(text: string): string {
  if (COLD.has(text)) {
    throw new RangeError(
      `Use GLACIER_IR, or a lifecycle rule that moves older files: triton reads its files again, ` +
        `and an object in ${text} cannot be read until it is restored`,
    );
  }
  if (/^[A-Z][A-Z0-9_-]{0,63}$/.test(text)) return text;
  throw new RangeError(
    "Use a storage class, such as STANDARD_IA, INTELLIGENT_TIERING or GLACIER_IR",
  );
}

/** What S3 allows in the keys and values of tags. */
const TAG = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const MAX_TAGS = 10;

/** Parses a tag of objects, such as `team=data`; the result has one property. */
export function parseTag(text: string): Readonly<Record<string, string>> {
  const at = text.indexOf("=");
  if (at < 1) throw new RangeError("Use KEY=VALUE, such as team=data");
  return tagOf(text.slice(0, at), text.slice(at + 1));
}

/** Makes a tag of objects of its key and its value; the result has one property. */
export function tagOf(key: string, value: string): Readonly<Record<string, string>> {
  if (key.length > 128 || value.length > 256) {
    throw new RangeError("Use at most 128 characters for the key of a tag, and 256 for its value");
  }
  if (!TAG.test(key) || !TAG.test(value)) {
    throw new RangeError('Use letters, digits, spaces and "_.:/=+-@" in tags');
  }
  if (/^aws:/i.test(key)) throw new RangeError('Use another key: those with "aws:" are reserved');
  return { [key]: value };
}

/**
 * Adds a tag to others.
 *
 * @throws {RangeError} If its key has another value, or there are too many.
 */
export function addTag(
  tag: Readonly<Record<string, string>>,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(tag)) {
    if (Object.hasOwn(before, key) && before[key] !== value) {
      throw new RangeError(`Use a tag once: there is ${key}=${before[key]}`);
    }
  }
  const tags = { ...before, ...tag };
  if (Object.keys(tags).length <= MAX_TAGS) return tags;
  throw new RangeError(`Use at most ${MAX_TAGS} tags: an object in S3 cannot have more`);
}

/** Checks the name of a key in KMS. */
export function parseKmsKey(text: string): string {
  if (/^[A-Za-z0-9:/_-]{1,2048}$/.test(text)) return text;
  throw new RangeError("Use the ID, the ARN or the alias (alias/NAME) of a key in KMS");
}

/** Checks the number of an AWS account. */
export function parseAccount(text: string): string {
  if (/^\d{12}$/.test(text)) return text;
  throw new RangeError("Use the 12 digits of an AWS account, such as 111122223333");
}

/** Parses `true` or `false`. */
export function parseYesOrNo(text: string): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw new RangeError("Use true or false");
}

/** Makes a parser that accepts one of these. */
export function oneOf<T extends string>(values: readonly T[]): (text: string) => T {
  const others = values.slice(0, -1).join(", ");
  return (text) => {
    const value = values.find((value) => value === text);
    if (value !== undefined) return value;
    throw new RangeError(`Use ${others === "" ? "" : `${others} or `}${values.at(-1)}`);
  };
}
