import { deepEqual, equal, throws } from "node:assert/strict";
import { MUTANTS } from "./catalogue/mod.ts";
import { type Mutant, mutate, sample } from "./mutant.ts";
import { tryMutants } from "./try_mutants.ts";

const ROOT = new URL("../../", import.meta.url);
const SAMPLE = 10;

const HARMLESS: Mutant = {
  breaks: "nothing: only a comment changes",
  file: "src/base/version.ts",
  find: "export",
  replace: "/* a mutant was here */ export",
  tests: ["tests/base/values_test.ts"],
};

Deno.test("every mutant applies to the code as it is", async () => {
  for (const mutant of MUTANTS) {
    mutate(await Deno.readTextFile(new URL(mutant.file, ROOT)), mutant);
    for (const test of mutant.tests) await Deno.stat(new URL(test, ROOT));
    equal(mutant.tests.length > 0 || mutant.seeds !== undefined, true, mutant.breaks);
  }
  equal(new Set(MUTANTS.map(({ breaks }) => breaks)).size, MUTANTS.length, "names are distinct");
});

Deno.test("mutate() rejects a text that is missing, duplicated, or unchanged", () => {
  const mutant = { ...HARMLESS, find: "a", replace: "b" };
  equal(mutate("cab", mutant), "cbb");
  throws(() => mutate("cob", mutant), /occurs 0 times in src\/base\/version.ts/);
  throws(() => mutate("abba", mutant), /occurs 2 times/);
  throws(() => mutate("cab", { ...mutant, replace: "a" }), RangeError);
});

Deno.test("sample() covers all mutants, and other seeds pick other ones", () => {
  const mutants = Array.from({ length: 45 }, (_, n) => ({ ...HARMLESS, breaks: String(n) }));
  const picked = new Set<string>();
  for (let seed = 0; seed < 45; seed++) {
    const some = sample(mutants, { count: SAMPLE, seed });
    equal(new Set(some).size, SAMPLE);
    for (const { breaks } of some) picked.add(breaks);
  }
  equal(picked.size, mutants.length);
  deepEqual(sample(mutants, { count: 99, seed: 3 }), mutants);
});

Deno.test("tryMutants() reports which mutants survive and which do not compile", async () => {
  const broken = { ...HARMLESS, breaks: "the syntax", replace: "export export" };
  deepEqual(
    new Set(await tryMutants([HARMLESS, broken], { isSound: true })),
    new Set([
      "survived: nothing: only a comment changes (src/base/version.ts)",
      "does not compile: the syntax (src/base/version.ts)",
    ]),
  );
});

Deno.test("tests detect a sample of the mutants", async () => {
  const some = sample(MUTANTS, { count: SAMPLE, seed: await seedOfSources() });
  deepEqual(await tryMutants(some, { isSound: true }), []);
});

/** Which mutants are tried depends on what they change: the same code gives the same sample. */
async function seedOfSources(): Promise<number> {
  const texts = MUTANTS.map(({ file }) => Deno.readTextFile(new URL(file, ROOT)));
  const bytes = new TextEncoder().encode((await Promise.all(texts)).join(""));
  return new DataView(await crypto.subtle.digest("SHA-256", bytes)).getUint32(0);
}
