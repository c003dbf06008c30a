import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { Protocol } from "./protocol.ts";
import { ALL_RULES, type Rules, without, type World } from "./rules.ts";
import { type Counterexample, search } from "./search.ts";

const QUIET: World = {
  records: 2,
  intents: 3,
  leases: 4,
  lies: 0,
  strangers: 0,
  moves: 0,
  lapses: 0,
};

/** What goes wrong in each world besides crashes, stolen leases and late puts. */
const WORLDS = {
  "crashes, stolen leases and late puts": QUIET,
  "a bucket that says stored of what it does not store": { ...QUIET, intents: 2, lies: 2 },
  "strangers that take the next key": { ...QUIET, leases: 3, strangers: 1 },
  "a move to another bucket": { ...QUIET, intents: 2, leases: 3, moves: 1 },
  "a ledger that forgets a commit": { ...QUIET, leases: 3, lapses: 1 },
} satisfies Record<string, World>;

type WorldName = keyof typeof WORLDS;

/** Without the one rule that is there for the ledger alone: it makes up for others. */
function rulesIn(name: WorldName, ...leftOut: readonly (keyof Rules)[]): Rules {
  if (name === "a ledger that forgets a commit") return without(...leftOut);
  return without("lookWhereArchiveEnds", ...leftOut);
}

for (const name of Object.keys(WORLDS) as WorldName[]) {
  Deno.test(`the protocol neither loses nor duplicates anything under ${name}`, () => {
    const world = WORLDS[name];
    const isDone = ({ checkpoint }: { readonly checkpoint: number }) =>
      checkpoint === world.records;
    const { states, counterexample, reached } = search(new Protocol(rulesIn(name), world), isDone);
    deepStrictEqual(counterexample, undefined, told(counterexample));
    ok(states > 10_000, `${states} states are all there is`);
    ok(reached.length > 0, "everything can be archived");
  });
}

/** Where leaving out a rule, alone or with the other that makes up for it, does harm. */
const NEEDED: readonly (readonly [WorldName, ...(keyof Rules)[]])[] = [
  ["crashes, stolen leases and late puts", "epochAtIntent"],
  ["crashes, stolen leases and late puts", "putIfAbsent"],
  ["crashes, stolen leases and late puts", "lookAtTakenKey"],
  ["crashes, stolen leases and late puts", "recovery"],
  ["crashes, stolen leases and late puts", "emptyArchive"],
  ["crashes, stolen leases and late puts", "commitOnlyOpen"],
  ["crashes, stolen leases and late puts", "oneTransaction", "checkpointAtIntent"],
  ["a bucket that says stored of what it does not store", "storedWhenSaid"],
  ["strangers that take the next key", "lookAtTakenKey"],
  ["a move to another bucket", "bucketAtIntent"],
  ["a move to another bucket", "settleInItsBucket"],
  ["a move to another bucket", "moveWithoutOpenIntent"],
  ["a ledger that forgets a commit", "checkpointAtIntent"],
  ["a ledger that forgets a commit", "lookWhereArchiveEnds"],
];

for (const [name, ...rules] of NEEDED) {
  Deno.test(`the protocol fails under ${name} without ${rules.join(" and ")}`, () => {
    const { counterexample } = search(new Protocol(rulesIn(name, ...rules), WORLDS[name]));
    ok(counterexample !== undefined, "no record is lost or doubled");
    ok(counterexample.trace.length > 3, told(counterexample));
  });
}

Deno.test("every rule of the model is left out in some test", () => {
  const leftOut = new Set(NEEDED.flatMap(([, ...rules]) => rules));
  deepStrictEqual([...leftOut].sort(), Object.keys(ALL_RULES).sort());
});

Deno.test("search() returns the shortest path to a problem", () => {
  const { counterexample } = search({
    first: 0,
    nameOf: String,
    problem: (state: number) => state === 6 ? "six" : undefined,
    *steps(state) {
      if (state > 20) return;
      yield { what: "plus one", next: state + 1 };
      yield { what: "times two", next: state * 2 };
    },
  });
  deepStrictEqual(counterexample, {
    problem: "six",
    trace: ["plus one", "plus one", "plus one", "times two"],
  });
  equal(told(undefined), "");
});

function told(counterexample: Counterexample | undefined): string {
  if (counterexample === undefined) return "";
  return [...counterexample.trace, counterexample.problem].join("\n");
}
