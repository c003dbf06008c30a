import { printable } from "../../base/safe_text.ts";
import type { CliContext } from "../cli_context.ts";
import { redact } from "./redact.ts";

/** Writes a message to standard error: one line, without secrets, safe for a terminal. */
export async function say(
  context: Pick<CliContext, "stderr" | "env">,
  message: string,
): Promise<void> {
  await context.stderr.write(`triton: ${printable(redact(message, context.env))}\n`);
}

/** Lines as one text, each with its newline. */
export function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

/** A line of JSON, newline included. */
export function jsonLine(value: unknown): string {
  return `${printable(JSON.stringify(value))}\n`;
}

/** A tab-separated line, newline included; tabs in cells are escaped. */
export function tabLine(cells: readonly (string | number)[]): string {
  return `${cells.map((cell) => printable(String(cell))).join("\t")}\n`;
}
