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
 * Places where secrets can be; the groups of a match are kept.
 *
 * A password in a database URL may contain any character that was not escaped, so everything up to
 * the last `@` is masked. Object keys may contain an `@`, so in other URLs only text before the
 * first slash is masked, unless a colon that is not followed by a port starts a password there: the
 * secret keys of AWS contain slashes.
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
 * Masks credentials: the values of those in use and in the environment, and anything in a place for
 * credentials, such as before the `@` of a URL.
 *
 * Triton's own messages contain no secrets; this is for messages of services and drivers, and for
 * mistyped arguments.
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

/** The secrets in the environment; for headers also each value, with and without its scheme. */
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
