/** What a recorded gap excuses: what it says, and nothing else. */

import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import {
  type ArchiveReport,
  type KnownCheckpoint,
  MemoryObjectStore,
  type RecordedGap,
  verifyArchive,
  type VerifyArchiveOptions,
} from "../../../src/archive/mod.ts";
import { VirtualClock } from "../../../src/base/clock.ts";
import type { SequenceNumber } from "../../../src/base/record.ts";
import { type FileSpec, keyOf, putFiles, shardId, START } from "../chain_archives.ts";

/** A gap of shard 0. */
function gapOf(after: number | undefined, until: number | undefined, reason: string): RecordedGap {
  const position = (n: number | undefined) =>
    n === undefined ? undefined : String(n) as SequenceNumber;
  return {
    ...{ client: "store", shardId: shardId(0), reason, recordedAt: new Date(START) },
    ...{ after: position(after), until: position(until) },
  };
}

async function verify(
  specs: readonly FileSpec[],
  gaps: readonly RecordedGap[],
  checkpoint?: number,
  options: Partial<VerifyArchiveOptions> = {},
): Promise<ArchiveReport> {
  const store = new MemoryObjectStore();
  await putFiles(store, ...specs);
  const sequenceNumber = String(checkpoint) as SequenceNumber;
  const known: KnownCheckpoint[] = checkpoint === undefined
    ? []
    : [{ client: "store", shardId: shardId(0), sequenceNumber, isArchivers: true }];
  return await verifyArchive(store, {
    stream: "clicks",
    clock: new VirtualClock({ now: START + 2 * 86_400_000 }),
    allowEmpty: true,
    knowledge: {
      gaps: () => Promise.resolve(gaps),
      checkpoints: () => Promise.resolve(known),
    },
    ...options,
  });
}

function messagesOf({ problems }: ArchiveReport): string[] {
  return problems.map(({ type, message }) => `${type}: ${message}`);
}

Deno.test("a gap of the retention excuses no file that is missing after it, or before", async () => {
  const files: FileSpec[] = [
    { shards: { 0: [undefined, 1, 10] }, at: 0 },
    { shards: { 0: [10, 50, 60] }, at: 1 },
    { shards: { 0: [60, 61, 70] }, at: 2 },
  ];
  const [first, second, third] = files as [FileSpec, FileSpec, FileSpec];
  const gap = gapOf(10, 50, "retention");
  deepStrictEqual((await verify(files, [gap])).problems, []);
  deepStrictEqual(messagesOf(await verify([first, third], [gap])), [
    "gap: no file holds what lies between 10 and 60",
  ]);
  deepStrictEqual(messagesOf(await verify([second, third], [gap])), [
    "gap: no file ends with 10, after which this one begins",
  ]);
});

Deno.test("a file that is missing right before skipped records is found by the gap", async () => {
  const files: FileSpec[] = [
    { shards: { 0: [undefined, 1, 10] }, at: 0 },
    { shards: { 0: [undefined, 50, 60] }, at: 1 },
    { shards: { 0: [undefined, 90, 95] }, at: 2 },
  ];
  const [first, second, third] = files as [FileSpec, FileSpec, FileSpec];
  const gaps = [gapOf(10, undefined, "skipped"), gapOf(60, undefined, "skipped")];
  deepStrictEqual((await verify(files, gaps)).problems, []);
  const [problem, ...others] = (await verify([first, third], gaps)).problems;
  deepStrictEqual(others, []);
  deepStrictEqual(problem, {
    ...{ type: "gap", keys: [keyOf(first), keyOf(third)], client: "store", shardId: shardId(0) },
    ...{ after: "10", message: "no file ends with 60, after which the recorded gap begins" },
    id: "85bb8260ec0e",
  });
  deepStrictEqual(messagesOf(await verify([second, third], gaps)), [
    "gap: no file ends with 10, after which the recorded gap begins",
  ]);
  // Nothing was archived since: the database has no checkpoint, and there is no file at all.
  const [missing] = (await verify([], [gaps[0]!])).problems;
  deepStrictEqual([missing?.shardId, missing?.keys], [shardId(0), []]);
  deepStrictEqual((await verify([], [gaps[0]!], undefined, { client: "other" })).problems, []);
});

Deno.test("a gap says nothing of files outside the days that are verified", async () => {
  const files: FileSpec[] = [
    { shards: { 0: [undefined, 1, 10] }, at: "2026-01-01T12:00:00Z" },
    { shards: { 0: [undefined, 50, 60] }, at: "2026-01-02T12:00:00Z" },
  ];
  const gaps = [gapOf(10, undefined, "skipped"), gapOf(60, undefined, "skipped")];
  for (const range of [{ from: "20260102" }, { to: "20260101" }, { from: "20260103" }]) {
    deepStrictEqual((await verify(files, gaps, undefined, range)).problems, []);
  }
  const cut = [files[0]!, { shards: { 0: [undefined, 90, 95] as const }, at: 2 * 86_400 }];
  equal((await verify(cut, gaps, undefined, { from: "20260101" })).problems.length, 1);
});

Deno.test("a gap that is recorded while files are listed names none that must be there", async () => {
  let asked = 0;
  const gaps = () => Promise.resolve(asked++ === 0 ? [] : [gapOf(10, undefined, "skipped")]);
  const knowledge = { gaps, checkpoints: () => Promise.resolve([]) };
  deepStrictEqual((await verify([], [], undefined, { knowledge })).problems, []);
  equal(asked, 2);
});

Deno.test("no gap excuses that every file of a shard is missing", async () => {
  const report = await verify([], [gapOf(undefined, undefined, "expired")], 60);
  match(messagesOf(report).join(), /archived up to 60, but no file holds any of it/);
});

/** How a file follows on the one before it. */
type Step = "follows" | "retention" | "unarchived retention" | "skipped";

/** A shard's files, the gaps that were recorded on the way, and where the archive ends. */
interface History {
  readonly files: readonly (FileSpec & { readonly first: number; readonly last: number })[];
  readonly gaps: readonly RecordedGap[];
  readonly checkpoint: number | undefined;
}

/** What an archiver leaves behind that takes these steps. */
function historyOf(steps: readonly Step[], endsSkipped: boolean): History {
  const files: (FileSpec & { first: number; last: number })[] = [];
  const gaps: RecordedGap[] = [];
  let checkpoint: number | undefined;
  steps.forEach((step, i) => {
    const [first, last] = [100 * i + 50, 100 * i + 90];
    if (step === "retention") gaps.push(gapOf(checkpoint, first, "retention"));
    if (step === "unarchived retention" && checkpoint !== undefined) {
      // Read, and lost with its worker; the next one read again from the checkpoint.
      gaps.push(gapOf(checkpoint + 5, first, "retention"), gapOf(checkpoint, first, "retention"));
    }
    if (step === "skipped") {
      gaps.push(gapOf(checkpoint, undefined, "skipped"));
      checkpoint = undefined;
    }
    files.push({ shards: { 0: [checkpoint, first, last] }, at: i, first, last });
    checkpoint = last;
  });
  if (endsSkipped) {
    gaps.push(gapOf(checkpoint, undefined, "skipped"));
    checkpoint = undefined;
  }
  return { files, gaps, checkpoint };
}

const STEP = fc.constantFrom<Step>(
  "follows",
  "follows",
  "retention",
  "unarchived retention",
  "skipped",
);

Deno.test("verifyArchive() reports every deletion that no gap covers exactly, and nothing else", async () => {
  const arbitrary = fc.record({
    steps: fc.array(STEP, { minLength: 1, maxLength: 8 }),
    endsSkipped: fc.boolean(),
    kept: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
    /** A loss that somebody recorded by hand: from one file's end to another's beginning. */
    covered: fc.option(fc.tuple(fc.nat(8), fc.nat(8)), { nil: undefined }),
  });
  let [excused, reported] = [0, 0];
  await fc.assert(
    fc.asyncProperty(arbitrary, async ({ steps, endsSkipped, kept, covered }) => {
      const { files, gaps, checkpoint } = historyOf(steps, endsSkipped);
      deepStrictEqual((await verify(files, gaps, checkpoint)).problems, []);
      const [a, b] = (covered ?? [99, 99]).toSorted((x, y) => x - y) as [number, number];
      const byHand = b < files.length && b > a
        ? [gapOf(files[a - 1]?.last, files[b]!.first, "lost")]
        : [];
      const isKept = (i: number) =>
        byHand.length > 0 && (i === a - 1 || i === b) || (i < a || i >= b) && kept[i]!;
      const rest = files.filter((_, i) => isKept(i));
      const report = await verify(rest, [...gaps, ...byHand], checkpoint);
      const lastOf = new Map(files.map((file) => [keyOf(file), file.last]));
      const shown = new Set(report.problems.map(({ keys, after }) => {
        const isAfter = after !== undefined && Number(after) >= (lastOf.get(keys[0]!) ?? Infinity);
        return `${isAfter ? "after" : "before"} ${keys}`;
      }));
      equal(report.problems.every(({ type }) => type === "gap"), true);
      for (let i = 0; i < files.length; i++) {
        if (isKept(i)) continue;
        const start = i;
        while (i < files.length && !isKept(i)) i++;
        const around = [files[start - 1], files[i]].flatMap((file) => file ? [keyOf(file)] : []);
        const names = gaps.some(({ after, reason }) =>
          reason === "skipped" && files.slice(start, i).some(({ last }) => String(last) === after)
        );
        const isCovered = byHand.length > 0 && start === a && i === b && !names;
        const place = `${start > 0 ? "after" : "before"} ${around}`;
        equal(shown.has(place), !isCovered, `files ${start} to ${i - 1}`);
        shown.delete(place);
        if (isCovered) excused++;
        else reported++;
      }
      deepStrictEqual([...shown], [], "and nothing else");
    }),
    { numRuns: 400 },
  );
  ok(excused > 20 && reported > 100, `${excused} excused, ${reported} reported`);
});
