import { deepStrictEqual, equal, notEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  type ArchiveReport,
  MemoryObjectStore,
  type RecordedGap,
  verifyArchive,
  type VerifyArchiveOptions,
} from "../../../src/archive/mod.ts";
import { VirtualClock } from "../../../src/base/clock.ts";
import type { SequenceNumber } from "../../../src/base/record.ts";
import { chainOf, type FileSpec, putFiles, shardId, START } from "../chain_archives.ts";

async function verify(
  files: readonly FileSpec[],
  options: Partial<VerifyArchiveOptions> = {},
): Promise<ArchiveReport> {
  const store = new MemoryObjectStore();
  await putFiles(store, ...files);
  const clock = new VirtualClock({ now: START + 2 * 86_400_000 });
  return await verifyArchive(store, { stream: "clicks", clock, ...options });
}

function idsOf({ problems, gaps }: ArchiveReport): (string | undefined)[] {
  return [...problems, ...gaps].map(({ id }) => id);
}

function gapOf(after: number, more: Partial<RecordedGap> = {}): RecordedGap {
  return {
    ...{ client: "store", shardId: shardId(0), after: String(after) as SequenceNumber },
    ...{ until: undefined, reason: "skipped", recordedAt: new Date(START), ...more },
  };
}

/** What a database knows: gaps, and up to where shard 0 is archived. */
function knowing(gaps: readonly RecordedGap[], checkpoint?: number) {
  const sequenceNumber = String(checkpoint) as SequenceNumber;
  const known = { client: "store", shardId: shardId(0), sequenceNumber, isArchivers: true };
  return {
    gaps: () => Promise.resolve(gaps),
    checkpoints: () => Promise.resolve(checkpoint === undefined ? [] : [known]),
  };
}

Deno.test("a gap keeps its ID whatever else is missing, and has another one once it grew", async () => {
  const chain = chainOf(8);
  const cut = fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(cut, async (missing) => {
      const report = await verify(chain.filter((_, at) => !missing.includes(at)));
      for (const { id, after } of report.problems) {
        const begin = Number(after) / 2; // each file of the chain holds two records
        let end = begin;
        while (missing.includes(end + 1)) end++;
        const alone = await verify(chain.filter((_, at) => at < begin || at > end));
        deepStrictEqual(idsOf(alone), [id]);
        if (end >= 6) continue;
        const grown = await verify(chain.filter((_, at) => at < begin || at > end + 1));
        notEqual(grown.problems[0]!.id, id);
      }
      equal(new Set(idsOf(report)).size, report.problems.length);
    }),
    { numRuns: 50 },
  );
});

Deno.test("a missing last file keeps its ID when archiving continues after it", async () => {
  const [first, second, , fourth] = chainOf(4);
  const before = await verify([first!, second!], { knowledge: knowing([], 6) });
  deepStrictEqual(before.problems.map(({ after }) => after), ["4"]);
  deepStrictEqual(idsOf(await verify([first!, second!, fourth!])), idsOf(before));
  const none = await verify([], { knowledge: knowing([], 6), allowEmpty: true });
  deepStrictEqual(idsOf(await verify([fourth!])), idsOf(none));
  notEqual(idsOf(none)[0], idsOf(before)[0]);
});

Deno.test("a recorded gap has another ID once its end or its time changes", async () => {
  const files: FileSpec[] = [
    { shards: { 0: [undefined, 1, 2] }, at: 0 },
    { shards: { 0: [undefined, 9] }, at: 1 },
  ];
  const idOf = async (gap: RecordedGap) =>
    idsOf(await verify(files, { knowledge: knowing([gap]) }));
  const until = (n: number) => ({ until: String(n) as SequenceNumber });
  const ids = await Promise.all([
    idOf(gapOf(2)),
    idOf(gapOf(2, { recordedAt: new Date(START + 1) })),
    idOf(gapOf(2, until(9))),
  ]);
  equal(new Set(ids.flat()).size, 3);
  deepStrictEqual(await idOf(gapOf(2, { ...until(9), recordedAt: new Date(START + 1) })), ids[2]);
  deepStrictEqual(idsOf(await verify(files)), ids[2]); // without the database, too
});

Deno.test("verifyArchive() reports accepted gaps, and the archive is acceptable, not whole", async () => {
  const files = chainOf(6).filter((_, at) => at !== 1 && at !== 3);
  const verdict = ({ whole, acceptable }: ArchiveReport) => [whole, acceptable];
  const report = await verify(files);
  const [one, other] = idsOf(report) as [string, string];
  deepStrictEqual(verdict(report), [false, false]);
  const half = await verify(files, { acceptGaps: [one] });
  deepStrictEqual(half.problems.map(({ accepted }) => accepted), [{}, undefined]);
  deepStrictEqual(verdict(half), [false, false]);
  const all = await verify(files, { acceptGaps: [other, one] });
  deepStrictEqual([idsOf(all), ...verdict(all)], [[one, other], false, true]);

  const at = new Date(START);
  const kept = (client: string) => ({
    ...knowing([gapOf(12)]),
    accepted: () => Promise.resolve([{ id: one, client, by: "ada", at, reason: "no backup" }]),
  });
  const [first] = (await verify(files, { knowledge: kept("store") })).problems;
  deepStrictEqual(first!.accepted, { by: "ada", at, reason: "no backup" });
  const others = await verify(files, { knowledge: kept("other") });
  equal(others.problems[0]!.accepted, undefined);
  const recorded = others.gaps[0]!.id;
  const three = { knowledge: kept("store"), acceptGaps: [other, recorded] };
  deepStrictEqual(verdict(await verify(files, three)), [false, true]);
  deepStrictEqual(verdict(await verify(chainOf(2))), [true, true]);
  deepStrictEqual(verdict(await verify([], { acceptGaps: [one] })), [false, false]);
});

Deno.test("no other problem than a gap can be accepted", async () => {
  const [first] = chainOf(1);
  const report = await verify([first!, { ...first!, at: 9 }], { acceptGaps: ["000000000000"] });
  deepStrictEqual(report.problems.map(({ type, id }) => [type, id]), [["duplicate", undefined]]);
  equal(report.acceptable, false);
});
