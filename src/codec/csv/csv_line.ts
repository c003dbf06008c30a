/**
 * Formats fields as a line of CSV (RFC 4180, with a line feed at its end).
 *
 * @param fields Texts; undefined for nothing, which is not the same as an empty text (`""`).
 */
export function csvLine(fields: readonly (string | undefined)[]): string {
  const quoted = fields.map((text) => {
    if (text === undefined) return "";
    return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${quoted.join(",")}\n`;
}

/**
 * Formats a path of keys as a heading, such as `user.id`; a key with a dot is in quotes, as in JSON.
 */
export function csvHeading(path: readonly string[]): string {
  const keys = path.map((key) => PLAIN.test(key) ? key : JSON.stringify(key));
  return keys.join(".");
}

/** A key that {@linkcode parseCsvHeading} reads as it is. */
const PLAIN = /^[^".][^.]*$/;

/** The next key of a heading: in quotes, or up to a dot. */
const KEY = /("(?:[^"\\]|\\.)*"|[^".][^.]*)(\.|$)/y;

/**
 * Parses a heading that {@linkcode csvHeading} has made, or another program.
 *
 * @returns The path of keys; the whole text as one key, if it is not a path.
 */
export function parseCsvHeading(text: string): readonly string[] {
  const path: string[] = [];
  KEY.lastIndex = 0;
  for (let match = KEY.exec(text); match !== null; match = KEY.exec(text)) {
    const [, key, dot] = match;
    path.push(unquoted(key!));
    if (dot === "") return path;
  }
  return [text];
}

function unquoted(key: string): string {
  if (!key.startsWith('"')) return key;
  try {
    return JSON.parse(key);
  } catch {
    return key;
  }
}
