/**
 * The credentials in use, so that nothing that is printed shows them.
 *
 * @module
 */

/** What takes the place of a secret. */
export const MASK = "***";

/** How a text is masked. */
export interface MaskOptions {
  /**
   * Whether secrets that are mere words, such as `archiver`, are masked too: only in what others say.
   * Default: true.
   */
  readonly words?: boolean;
}

/** A secret as it is looked for. */
interface Secret {
  readonly pattern: RegExp;
  readonly isWord: boolean;
}

/** A shorter one may be a part of anything, and is only found where it stands alone. */
const LONG = 8;

/** What messages of Triton itself are made of: nobody can take it for a secret. */
const OWN_WORDS = new Set(
  ("archive archived archiver archives bucket cat checkpoint checkpoints client clients config " +
    "database doctor event events false file files gap gaps kinesis latest lease local ls object " +
    "password postgres put quarantine record records s3 service shard shards sqlite stats store " +
    "stream streams tail test triton true user verify worker").split(" "),
);

/** Secrets by where they come from: those in use, and those that they have replaced. */
const kept = new Map<string, { now: readonly string[]; before: readonly string[] }>();
/** What to look for with which others: made once, because each line of the log is looked through. */
let known: { readonly others: string; readonly patterns: readonly Secret[] } | undefined;

/**
 * Keeps credentials that are used from now on. Those of the same source that they replace are kept as
 * well, for responses that are still to come; older ones are forgotten.
 *
 * @param source Where they come from, such as `"AWS"`.
 * @param secrets The credentials; undefined and empty ones are none.
 */
export function keepSecrets(source: string, secrets: readonly (string | undefined)[]): void {
  const now = secrets.filter((secret) => secret !== undefined && secret.trim() !== "") as string[];
  const last = kept.get(source);
  if (last?.now.join("\0") === now.join("\0")) return;
  kept.set(source, { now, before: last?.now ?? [] });
  known = undefined;
}

/**
 * Masks the credentials in use, and others, by their value: also where they are encoded for a URL or
 * for JSON. One of less than 8 characters, or a mere word, must stand alone.
 *
 * @param text Any text.
 * @param others More secrets, such as those of the environment.
 * @param options Whether mere words are masked.
 */
export function maskSecrets(
  text: string,
  others: readonly string[] = [],
  { words = true }: MaskOptions = {},
): string {
  let masked = text;
  for (const { pattern, isWord } of patternsOf(others)) {
    if (words || !isWord) masked = masked.replace(pattern, MASK);
  }
  return masked;
}

function patternsOf(others: readonly string[]): readonly Secret[] {
  const key = others.join("\0");
  if (known?.others !== key) {
    const inUse = [...kept.values()].flatMap(({ now, before }) => [...now, ...before]);
    known = { others: key, patterns: toPatterns([...inUse, ...others]) };
  }
  return known.patterns;
}

/** The longest first: one may be a part of another. */
function toPatterns(secrets: readonly string[]): Secret[] {
  return [...new Set(secrets.flatMap(formsOf))]
    .filter((secret) => !OWN_WORDS.has(secret.toLowerCase()))
    .sort((a, b) => b.length - a.length)
    .map((secret) => {
      const isWord = /^\p{L}+$/u.test(secret);
      const alone = isWord || secret.length < LONG;
      const before = alone && /^[\p{L}\p{N}_]/u.test(secret) ? "(?<![\\p{L}\\p{N}_])" : "";
      const after = alone && /[\p{L}\p{N}_]$/u.test(secret) ? "(?![\\p{L}\\p{N}_])" : "";
      const escaped = secret.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
      return { isWord, pattern: new RegExp(before + escaped + after, "gu") };
    });
}

/** A secret as it is, and as URLs, forms and JSON have it. */
function formsOf(secret: string): string[] {
  const trimmed = secret.trim();
  const whole = secret.isWellFormed() ? [secret, trimmed] : [];
  return [
    ...[secret, trimmed],
    ...whole.map(encodeURIComponent),
    ...whole.map((text) => encodeURIComponent(text).replaceAll("%20", "+")),
    ...[secret, trimmed].map((text) => JSON.stringify(text).slice(1, -1)),
    // A line of it that a parser quotes.
    ...secret.split(/[\r\n]+/).filter((line) => line.length >= LONG),
  ].filter((form) => form !== "");
}
