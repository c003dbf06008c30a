import type { Mutant } from "../mutant.ts";

const TESTS = ["tests/archive/verify/recorded_gaps_test.ts", "tests/archive/verify/verify_test.ts"];

const ACCEPTED = ["tests/archive/verify/accepted_gaps_test.ts"];

/** Wrong changes to what `verify` calls whole. */
export const VERIFY_MUTANTS: readonly Mutant[] = [
  {
    breaks: "a recorded gap excuses only a file that begins where the gap ends",
    file: "src/archive/verify/recorded_gaps.ts",
    find: "return until === undefined ? previous === undefined : until === first;",
    replace: "return until === undefined ? previous === undefined : true;",
    tests: TESTS,
  },
  {
    breaks: "a recorded gap excuses only where it begins at the archive's end",
    file: "src/archive/verify/recorded_gaps.ts",
    find: "if (after !== end) return false;",
    replace: "if (after === end && end === undefined) return true;",
    tests: TESTS,
  },
  {
    breaks: "the file that a skipped gap begins after must be there",
    file: "src/archive/verify/recorded_gaps.ts",
    find: 'return gap.after !== undefined && gap.reason === "skipped";',
    replace: "return gap.after !== undefined && gap.reason === undefined;",
    tests: TESTS,
  },
  {
    breaks: "a file follows on the one before it in its chain",
    file: "src/archive/verify/chains.ts",
    find: "  if (previous === end) return undefined;\n",
    replace: "  if (previous === end || end !== undefined) return undefined;\n",
    tests: TESTS,
  },
  {
    breaks: "the first file of a whole archive says that nothing was archived before it",
    file: "src/archive/verify/chains.ts",
    find: "if (beginsAnywhere || isExcused) return undefined;",
    replace: "if (end === undefined) return undefined;",
    tests: TESTS,
  },
  {
    breaks: "two files that claim the same records are an overlap, whatever gap was recorded",
    file: "src/archive/verify/chains.ts",
    find: "  if (overlap !== undefined) return overlap;\n",
    replace: "  if (overlap !== undefined && gaps.length === 0) return overlap;\n",
    tests: TESTS,
  },
  {
    breaks: "the chain's end is held against the database's position",
    file: "src/archive/verify/survey.ts",
    find:
      "if (known === undefined || compareSequenceNumbers(known.sequenceNumber, last) <= 0) return [];",
    replace: "if (known === undefined || known.sequenceNumber !== undefined) return [];",
    tests: TESTS,
  },
  {
    breaks: "a shard without any file is missing where the database says that it is archived",
    file: "src/archive/verify/survey.ts",
    find: "if (explained) return [];",
    replace: "if (explained || sequenceNumber !== undefined) return [];",
    tests: TESTS,
  },
  {
    breaks: "a manifest's totals are those of its shards",
    file: "src/archive/verify/survey.ts",
    find: "if (sum === manifest[name]) return [];",
    replace: "if (sum >= manifest[name]) return [];",
    tests: ["tests/archive/verify/survey_test.ts"],
  },
  {
    breaks: "a file that says that it belongs to another client is misplaced",
    file: "src/archive/verify/survey.ts",
    find: "return stream === entry.stream && client === entry.client;",
    replace: "return stream === entry.stream || client === entry.client;",
    tests: TESTS,
  },
  {
    breaks: "an accepted gap that grew is another gap",
    file: "src/archive/verify/gap_id.ts",
    find: 'after ?? "", end]',
    replace: 'after ?? ""]',
    tests: ACCEPTED,
  },
  {
    breaks: "a gap is accepted for the client whose archive has it",
    file: "src/archive/verify/accepted_gaps.ts",
    find: "one.id === id && one.client === client",
    replace: "one.id === id",
    tests: ACCEPTED,
  },
  {
    breaks: "an archive without any file is not acceptable",
    file: "src/archive/verify/verify.ts",
    find: "acceptable: isThere &&",
    replace: "acceptable: (isThere || true) &&",
    tests: ACCEPTED,
  },
];
