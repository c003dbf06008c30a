import { InvalidArgumentError, Option } from "commander";
import { UsageError } from "./usage_error.ts";

/** `--accept-gap`, which may be repeated. */
export function gapIdOption(): Option {
  return new Option(
    "--accept-gap <id>",
    "do not count the gap with this ID, in this run (repeatable)",
  ).argParser((text: string, earlier: readonly string[] = []) => [...earlier, parseGapId(text)]);
}

/** Checks the form of a gap's ID. */
export function parseGapId(text: string): string {
  if (/^[0-9a-f]{12}$/.test(text)) return text;
  throw new InvalidArgumentError(
    "Use the ID of a gap as triton verify prints it: 12 hexadecimal digits.",
  );
}

/** The error about IDs of which there is no gap. */
export function unknownGapError(what: string, ids: readonly string[]): UsageError {
  const which = ids.length === 1 ? `gap ${ids[0]}` : `the gaps ${ids.join(", ")}`;
  return new UsageError(
    `Cannot ${what}: the archive does not have ${which}; a gap that has grown has another ID, ` +
      "which triton verify prints",
  );
}
