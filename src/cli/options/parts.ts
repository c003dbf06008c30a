import { InvalidArgumentError, Option } from "commander";
import { type ArchivePart, parsePart } from "../../archive/listing/part.ts";

/** `--part`, one of several parts of the archives. */
export function partOption(): Option {
  return new Option(
    "--part <i/n>",
    "only one of n parts of the archives, such as 3/64: each archive is in exactly one",
  ).argParser(parsePartOption);
}

function parsePartOption(text: string): ArchivePart {
  try {
    return parsePart(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

/** `--keys-from`, a list of archives. */
export function keysOption(): Option {
  return new Option(
    "--keys-from <file>",
    'only these archives, in this order: keys or the output of triton ls, one a line ("-" is standard ' +
      "input)",
  );
}
