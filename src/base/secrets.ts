/**
 * The credentials in use, so that they are masked in everything that is printed.
 *
 * @module
 */

/** Replaces a secret. */
export const MASK = "***";

/** How a text is masked. */
export interface MaskOptions {
  /**
   * Whether secrets that are plain words, such as `archiver`, are masked too: only in texts of others.
   * Default: true.
   */
  readonly words?: boolean;
}

/** A secret as it is looked for. */
interface Secret {
  readonly pattern: RegExp;
  readonly isWord: boolean;
}

/** A shorter secret may be part of any text, and is masked only as a whole word. */
const LONG = 8;

/** Words of Triton's own messages, which are never masked. */
const OWN_WORDS = new Set(
  ("archive archived archiver archives bucket cat checkpoint checkpoints client clients config " +
    "database doctor event events false file files gap gaps kinesis latest lease local ls object " +
    "password postgres put quarantine record records s3 service shard shards sqlite stats store " +
    "stream streams tail test triton true user verify worker").split(" "),
);

/** Secrets by their source: those in use, and those that they replaced. */
const kept = new Map<string, { now: readonly string[]; before: readonly string[] }>();
/** The patterns for the last `others`: compiled once, because every log line is searched. */
let known: { readonly others: string; readonly patterns: readonly Secret[] } | undefined;

/**
 * Keeps credentials that are used from now on. The ones of the same source that they replace are kept,
 * too, for responses that are still pending; older ones are forgotten.
 *
 * @param source Where they come from, such as `"AWS"`.
 * @param secrets The credentials; undefined and empty ones are ignored.
 */
export function keepSecrets(source: string, secrets: readonly (string | undefined)[]): void {
  const now = secrets.filter((secret) => secret !== undefined && secret.trim() !== "") as string[];
  const last = kept.get(source);
  if (last?.now.join("\0") === now.join("\0")) return;
  kept.set(source, { now, before: last?.now ?? [] });
  known = undefined;
}

/**
 * Masks the credentials in use, and others, by their value, also when they are encoded for a URL or
 * for JSON. Secrets of less than 8 characters and plain words are masked only as whole words.
 *
 * @param others More secrets, such as those of the environment.
 * @param options Whether plain words are masked.
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

/** The longest first: one may be part of another. */
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

/** A secret as it is, and encoded for URLs, forms and JSON. */
function formsOf(secret: string): string[] {
  const trimmed = secret.trim();
  const whole = secret.isWellFormed() ? [secret, trimmed] : [];
  return [
    ...[secret, trimmed],
    ...whole.map(encodeURIComponent),
    ...whole.map((text) => encodeURIComponent(text).replaceAll("%20", "+")),
    ...[secret, trimmed].map((text) => JSON.stringify(text).slice(1, -1)),
    // A parser may quote a single line.
    ...secret.split(/[\r\n]+/).filter((line) => line.length >= LONG),
  ].filter((form) => form !== "");
}
