import { printable } from "../../../base/safe_text.ts";
import { fill } from "../../text/help_text.ts";
import { textOf } from "../../text/say.ts";
import { type Colors, colorsOf } from "../../text/table.ts";
import type { Finding } from "./findings.ts";

/** The conclusion from all findings. */
export interface Verdict {
  /** Whether `triton store` is safe to run. */
  readonly safe: boolean;
  /** Whether each record ends up in exactly one file. */
  readonly exactlyOnce: boolean;
  readonly guarantee: string;
}

/** Draws the conclusion from all findings. */
export function verdictOn(findings: readonly Finding[]): Verdict {
  const safe = findings.every(({ level }) => level !== "fail");
  const reasons = [...new Set(findings.flatMap(({ weakens }) => weakens ?? []))];
  if (reasons.length > 0) {
    return { safe, exactlyOnce: false, guarantee: `not exactly once: ${reasons.join("; ")}` };
  }
  if (!safe) {
    return { safe, exactlyOnce: false, guarantee: "none until the failed checks pass" };
  }
  return {
    safe,
    exactlyOnce: true,
    guarantee:
      "exactly once: every record that is read before the stream drops it ends up in exactly " +
      "one file",
  };
}

/**
 * Formats findings and verdict for people. Lines are at most `columns` wide, except advice, which
 * may be a command to copy.
 */
export function formatFindings(
  findings: readonly Finding[],
  verdict: Verdict,
  colors = colorsOf(false),
  columns = Infinity,
): string {
  const lines = findingLines(findings, colors, columns);
  return textOf([...lines, "", ...verdictLines(verdict, columns)]);
}

/** The lines of findings, in columns. */
export function findingLines(
  findings: readonly Finding[],
  { dim, red, yellow }: Colors,
  columns: number,
): string[] {
  const checks = findings.map(({ check }) => printable(check));
  const width = Math.max(...checks.map(({ length }) => length));
  const paint = { ok: dim, warn: yellow, fail: red };
  const indent = " ".repeat(width + 8);
  return findings.flatMap(({ level, message, advice }, at) => [
    `${paint[level](level.padEnd(4))}  ${checks[at]!.padEnd(width)}  ` +
    fill(printable(message), columns - indent.length).join(`\n${indent}`),
    ...advice === undefined ? [] : [`${indent}-> ${printable(advice)}`],
  ]);
}

/** The lines of a verdict. */
export function verdictLines({ guarantee }: Verdict, columns: number): string[] {
  return fill(printable(`Guarantee: ${guarantee}.`), columns);
}
