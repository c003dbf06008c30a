/**
 * Reads a pattern of names, as shells have them: `*` stands for any text, `?` for one character.
 *
 * @returns Whether a name, all of it, is one of those.
 */
export function namePattern(pattern: string): (name: string) => boolean {
  const source = pattern.replace(/[\\^$.|+()[\]{}]/g, "\\$&").replace(/\*+/g, ".*").replace(
    /\?/g,
    ".",
  );
  const all = new RegExp(`^${source}$`, "su");
  return (name) => all.test(name);
}

/** Whether one of the patterns is for a name. */
export function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => namePattern(pattern)(name));
}
