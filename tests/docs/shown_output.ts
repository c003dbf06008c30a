/**
 * Comparing what a page shows with what a command prints.
 *
 * @module
 */

import { equal } from "node:assert/strict";

/** One command of a block, and what the page says that it prints. */
export interface ShownCommand {
  readonly command: string;
  readonly output: string;
}

/** The commands of a block: each is in a line that begins with `$ `. */
export function shownCommands(block: string): ShownCommand[] {
  return block.split(/^\$ /m).slice(1).map((part) => {
    const [command, ...output] = part.split("\n");
    return { command: command!, output: output.join("\n") };
  });
}

/** Checks that output is what was shown; `...` stands for anything, as long as it is on one line. */
export function checkShown(output: string, shown: string): void {
  const parts = shown.split("...").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (!new RegExp(`^${parts.join(".*")}$`).test(output)) equal(output, shown);
}
