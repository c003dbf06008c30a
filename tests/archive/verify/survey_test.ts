import { deepEqual, equal } from "node:assert/strict";
import type { InspectedArchive } from "../../../src/archive/verify/manifests.ts";
import { ArchiveSurvey } from "../../../src/archive/verify/survey.ts";
import { type ArchiveManifest, parseArchiveKey, readManifest } from "../../../src/codec/mod.ts";
import { fileOf, type FileSpec, keyOf } from "../chain_archives.ts";

const SPEC: FileSpec = { shards: { 0: [undefined, 1, 2, -3], 1: [undefined, 4, -5] }, at: 0 };

/** The tests' file, with a manifest that was changed. */
function inspected(change: (manifest: ArchiveManifest) => ArchiveManifest): InspectedArchive {
  const bytes = fileOf(SPEC);
  const found = readManifest(bytes, bytes.length);
  if (found.type !== "found") throw new Error("The file has no manifest");
  const key = keyOf(SPEC);
  const entry = { ...parseArchiveKey(key), key, size: bytes.length, modifiedAt: new Date(0) };
  return { type: "provable", entry, manifest: change(found.manifest) } as InspectedArchive;
}

function problemsOf(change: (manifest: ArchiveManifest) => ArchiveManifest) {
  const survey = new ArchiveSurvey();
  survey.add(inspected(change));
  const [isPart, endsEarly] = [false, false];
  return survey.problems({
    ...{ isPart, endsEarly, client: undefined, gaps: [], earlierGaps: [], checkpoints: [] },
    ...{ moves: [], here: "memory:" },
  });
}

Deno.test("ArchiveSurvey finds totals that are more or less than those of the shards", () => {
  deepEqual(problemsOf((manifest) => manifest), []);
  for (const name of ["events", "quarantined"] as const) {
    for (const wrong of [-1, 1]) {
      const [problem, ...more] = problemsOf((manifest) => ({
        ...manifest,
        [name]: manifest[name] + wrong,
      }));
      deepEqual(more, []);
      equal(problem!.type, "count");
      deepEqual(problem!.keys, [keyOf(SPEC)]);
    }
  }
});
