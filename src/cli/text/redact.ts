import { MASK, type MaskOptions, maskSecrets } from "../../base/secrets.ts";
import type { CliContext } from "../cli_context.ts";

/** Environment variables whose values are never printed. */
export const SECRET_VARIABLES = [
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "PGPASSWORD",
  "OTEL_EXPORTER_OTLP_HEADERS",
];

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
 * Masks credentials: those in use and those of the environment by their value, and whatever stands
 * where credentials do, such as before the `@` of a URL.
 *
 * Messages are written so that there is nothing to mask; this is for those that services, drivers
 * and mistyped arguments bring along.
 */
export function redact(
  text: string,
  env: CliContext["env"] = {},
  options: MaskOptions = {},
): string {
  let masked = maskSecrets(text, secretsOf(env), options);
  for (const place of PLACES) masked = masked.replace(place, `$1${MASK}$2`);
  return masked;
}

/** The secrets of the environment; of headers each value alone, with and without its scheme. */
function secretsOf(env: CliContext["env"]): string[] {
  return SECRET_VARIABLES.flatMap((name) => {
    const value = env[name];
    if (value === undefined) return [];
    if (name !== "OTEL_EXPORTER_OTLP_HEADERS") return [value];
    const headers = value.split(",").map((header) => decode(header.slice(header.indexOf("=") + 1)));
    return [value, ...headers, ...headers.map((header) => header.replace(/^\s*\w+\s+/, ""))];
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
