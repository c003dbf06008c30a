import type { CliContext } from "./cli_context.ts";

/** Environment variables whose values are never printed. */
export const SECRET_VARIABLES = [
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "PGPASSWORD",
  "OTEL_EXPORTER_OTLP_HEADERS",
];

/** What takes the place of a secret. */
const MASK = "***";

/**
 * Places where secrets stand; what is kept of a match is in its groups.
 *
 * A password in a database's URL may hold any character that somebody forgot to escape, so there
 * all is masked up to the last `@`. Keys of objects hold an `@` at times, so elsewhere only what
 * comes before the first slash is, unless a colon there, and no port, begins a password: the secret
 * keys of AWS hold slashes.
 */
const PLACES: readonly RegExp[] = [
  /\b(postgres(?:ql)?:\/*)[^\s"]*(@)/gi,
  /\b([a-z][a-z0-9+.-]*:\/{1,2})[^\s/@"']+(@)/gi,
  /\b([a-z][a-z0-9+.-]*:\/{1,2})[^\s/@:"']*:(?!\d*[/?#])[^\s"']+(@)/gi,
  /(?<![a-z])((?:pass(?:word|wd)|pwd|secret(?:[_-]?access)?[_-]?key|(?:session|security)[_-]?token)["']?\s*[=:]\s*["']?)[^\s"'&,;}]+()/gi,
  /\b(x-amz-(?:signature|credential)["']?\s*[=:]\s*["']?)[^\s"'&,;}]+()/gi,
  /\b(authorization["']?\s*[=:]\s*["']?)[^\r\n"']+()/gi,
  /\b()(?:AKIA|ASIA)[A-Z0-9]{12,}\b()/g,
];

/**
 * Masks credentials: those of the environment wherever they stand, and whatever stands where
 * credentials do, such as before the `@` of a URL.
 *
 * Messages are written so that there is nothing to mask; this is for those that services, drivers
 * and mistyped arguments bring along.
 */
export function redact(text: string, env: CliContext["env"] = {}): string {
  let masked = text;
  for (const name of SECRET_VARIABLES) {
    const secret = env[name];
    // A shorter one may be an ordinary word, such as the database's own name.
    if (secret !== undefined && secret.length >= 8) masked = masked.replaceAll(secret, MASK);
  }
  for (const place of PLACES) masked = masked.replace(place, `$1${MASK}$2`);
  return masked;
}
