import type { Mutant } from "../mutant.ts";

const LISTING = "src/archive/listing";
const TESTS = {
  parts: ["tests/archive/listing/part_test.ts"],
  keys: ["tests/archive/listing/find_archives_test.ts"],
  verify: ["tests/archive/verify/verify_test.ts"],
  lines: ["tests/codec/tri/archive_lines_test.ts"],
};

/** Wrong changes to parts, lists of keys, and the keys that `cat --with-key` adds. */
export const PARTS_MUTANTS: readonly Mutant[] = [
  {
    breaks: "each archive is in exactly one part",
    file: `${LISTING}/in_part.ts`,
    find: "% part.of === part.number - 1;",
    replace: "% part.of === part.number % part.of || part.number === 1;",
    tests: TESTS.parts,
  },
  {
    breaks: "a listing of a part has no other archives",
    file: `${LISTING}/list_days.ts`,
    find: "    isInPart(entry.key, part);",
    replace: "    (part?.of !== 1 || isInPart(entry.key, part));",
    tests: TESTS.parts,
  },
  {
    breaks: "an unknown key is an error",
    file: `${LISTING}/find_archives.ts`,
    find: "if (info !== undefined) return entryOf(key, info);",
    replace: "return entryOf(key, info ?? { key: key.key, size: 0, modifiedAt: new Date(0) });",
    tests: TESTS.keys,
  },
  {
    breaks: "a key of another stream is an error",
    file: `${LISTING}/find_archives.ts`,
    find: "if (stream !== undefined && key.stream !== stream) {",
    replace: "if (stream !== undefined && key.stream === undefined) {",
    tests: TESTS.keys,
  },
  {
    breaks: "keys are read as they are needed",
    file: `${LISTING}/find_archives.ts`,
    find: "const REQUESTS_AT_ONCE = 32;",
    replace: "const REQUESTS_AT_ONCE = 100_000;",
    tests: TESTS.keys,
  },
  {
    breaks: "each problem is reported by exactly one part",
    file: "src/archive/verify/chosen_files.ts",
    find: "    return isInPart(last, this.#part) &&",
    replace: "    return keys.some((key) => isInPart(key, this.#part)) &&",
    tests: TESTS.verify,
  },
  {
    breaks: "the chains of a part are those of all files",
    file: "src/archive/verify/survey.ts",
    find: "    else this.otherFiles++;\n",
    replace: "    else return void this.otherFiles++;\n",
    tests: TESTS.verify,
  },
  {
    breaks: "an event's own _file is kept",
    file: "src/codec/json/event_keys.ts",
    find: "encodeText(`_${key}`)",
    replace: "encodeText(key)",
    tests: TESTS.lines,
  },
  {
    breaks: "events with keys are looked for in each chunk",
    file: "src/codec/json/event_keys.ts",
    find: 'return text.includes("_file") || text.includes("_index");',
    replace: 'return text.includes("_file");',
    tests: TESTS.lines,
  },
];
