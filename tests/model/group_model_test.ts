import { deepStrictEqual, ok } from "node:assert/strict";
import { GROUP_RULES, type GroupLimits, GroupProtocol, type GroupRules } from "./group_protocol.ts";
import { search } from "./search.ts";

/** What goes wrong in each world besides crashes, stolen leases, lost answers and late commits. */
const WORLDS = {
  "crashes, stolen leases, lost answers and late commits": { leases: 4, rewinds: 0, lapses: 0 },
  "positions that are moved by hand": { leases: 3, rewinds: 1, lapses: 0 },
  "a database that forgets a commit": { leases: 3, rewinds: 0, lapses: 1 },
} satisfies Record<string, GroupLimits>;

type WorldName = keyof typeof WORLDS;

for (const name of Object.keys(WORLDS) as WorldName[]) {
  Deno.test(`a group commits each effect once and in order under ${name}`, () => {
    const protocol = new GroupProtocol(GROUP_RULES, WORLDS[name]);
    const { states, counterexample, reached } = search(protocol, GroupProtocol.isDone);
    deepStrictEqual(counterexample, undefined);
    ok(states > 1_000, `${states} states are all there is`);
    ok(reached.length > 0, "everything can be processed");
  });
}

/** Where leaving out a rule does harm. */
const NEEDED: readonly (readonly [WorldName, keyof GroupRules])[] = [
  ["crashes, stolen leases, lost answers and late commits", "effectsWithPosition"],
  ["crashes, stolen leases, lost answers and late commits", "epochAtFence"],
  ["crashes, stolen leases, lost answers and late commits", "previousAtFence"],
  ["crashes, stolen leases, lost answers and late commits", "fenceLast"],
  ["crashes, stolen leases, lost answers and late commits", "parentsFirst"],
  ["positions that are moved by hand", "endConditions"],
];

for (const [name, rule] of NEEDED) {
  Deno.test(`a group fails under ${name} without ${rule}`, () => {
    const rules = { ...GROUP_RULES, [rule]: false };
    const { counterexample } = search(new GroupProtocol(rules, WORLDS[name]));
    ok(counterexample !== undefined, "no record is lost, doubled or out of order");
    ok(counterexample.trace.length > 2, counterexample.trace.join("\n"));
  });
}

Deno.test("every rule of groups is left out in some test", () => {
  deepStrictEqual(NEEDED.map(([, rule]) => rule).sort(), Object.keys(GROUP_RULES).sort());
});
