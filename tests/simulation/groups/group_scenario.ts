import type { BatchOptions, GroupOptions, RunOptions } from "../../../src/stream/mod.ts";
import type { FaultRates, Random } from "../../../src/testing/mod.ts";
import { CALM, START } from "../scenario.ts";
import { planTroubles, type Trouble, type TroublePlan } from "../troubles.ts";

const SECOND = 1_000;

/** The ways in which a group may be consumed. */
export const MODES = ["loop", "run", "batches", "commitIn", "transact"] as const;

/** Names a way. */
export type Mode = typeof MODES[number];

/** The troubles that groups have in common with archivers. */
const COMMON: readonly Trouble[] = [
  ...["clocks", "pauses", "listings", "late writes", "failovers", "redelivery"] as const,
];

/** Something that happens to the world at a time, in milliseconds from the start. */
export type GroupHappening =
  | { readonly at: number; readonly type: "put"; readonly key: string; readonly isEvent: boolean }
  | { readonly at: number; readonly type: "split" | "merge" | "fail over" }
  | { readonly at: number; readonly type: "start member" | "stop member" | "crash member" }
  | { readonly at: number; readonly type: "rewind"; readonly back: number }
  | { readonly at: number; readonly type: "outage"; readonly service: "kinesis" | "group" }
    & { readonly ms: number }
  /** The renewals of a member do not arrive, though everything else does. */
  | { readonly at: number; readonly type: "block renewals"; readonly ms: number };

/** All that a seed decides beforehand. */
export interface GroupScenario {
  readonly mode: Mode;
  readonly shards: number;
  readonly rates: FaultRates;
  readonly troubles: TroublePlan;
  readonly options: GroupOptions;
  readonly batches: BatchOptions;
  readonly run: RunOptions;
  /** Chance that a handler throws for a record, that it takes its time, and that it hangs. */
  readonly handler: { readonly throws: number; readonly sleeps: number; readonly hangs: number };
  readonly happenings: readonly GroupHappening[];
  /** From when on nothing goes wrong any more, in milliseconds from the start. */
  readonly calmAt: number;
  /** Most members at once while things go wrong, and how many afterwards. */
  readonly members: number;
  readonly lastMembers: number;
}

/** Decides what a run is to be like. */
export function planGroup(random: Random): GroupScenario {
  const troubles = planTroubles(random.fork(), new Set(COMMON), START);
  const mode = random.pick(["loop", "run", "batches", "commitIn", "transact", "transact"] as const);
  const calmAt = random.integer(30, 120) * SECOND;
  const members = random.integer(1, 4);
  return {
    mode,
    shards: random.pick([1, 1, 2, 3]),
    rates: { ...planRates(random), lateWrite: troubles.lateWrites },
    troubles,
    options: {
      leaseMs: random.pick([10, 20, 30]) * SECOND,
      drainMs: random.pick([0, 1, 5, 20]) * SECOND,
      stallMs: random.pick([20, 60, 300]) * SECOND,
      pollIntervalMs: random.pick([1, 2, 5]) * SECOND,
      limit: random.pick([1, 3, 10, 10_000]),
      maxBufferedBytes: random.pick([200, 2_000, 8 << 20]),
      retries: random.pick([0, 2]),
    },
    batches: {
      maxRecords: random.pick([1, 3, 10, 500]),
      maxWaitMs: random.pick([0, 200, 3_000]),
      concurrency: random.pick([1, 2, 4]),
    },
    run: { concurrency: random.pick([1, 3, 8]), maxAhead: random.pick([1, 3, 1_000]) },
    handler: {
      throws: random.pick([0, 0.03, 0.1]),
      sleeps: random.pick([0.1, 0.4]),
      hangs: random.pick([0, 0, 0.01]),
    },
    happenings: planHappenings(random, calmAt, members, troubles),
    calmAt,
    members,
    lastMembers: random.integer(1, 3),
  };
}

function planRates(random: Random): FaultRates {
  if (random.chance(0.1)) return CALM;
  const bad = random.pick([0.3, 1, 1, 2]);
  return {
    slow: 0.15 * bad,
    verySlow: random.pick([0, 0.003, 0.01]) * bad,
    refused: random.pick([0, 0.02, 0.05]) * bad,
    lost: random.pick([0, 0.02, 0.05, 0.1]) * bad,
    crash: random.pick([0, 0.01, 0.03]) * bad,
  };
}

function planHappenings(
  random: Random,
  calmAt: number,
  members: number,
  { failovers }: TroublePlan,
): GroupHappening[] {
  const happenings: GroupHappening[] = [];
  const sometime = () => random.integer(0, calmAt);
  const times = (count: number, happening: () => GroupHappening) => {
    for (; count > 0; count--) happenings.push(happening());
  };
  times(random.integer(15, 80), () => (
    {
      at: sometime(),
      type: "put",
      key: `key${random.integer(0, 5)}`,
      isEvent: !random.chance(0.05),
    }
  ));
  times(random.pick([0, 0, 1, 1, 2, 4]), () => (
    { at: sometime(), type: random.chance(0.6) ? "split" : "merge" }
  ));
  times(random.pick([0, 0, 1, 2]), () => ({
    ...{ at: sometime(), type: "outage", service: random.pick(["kinesis", "group"] as const) },
    ms: random.integer(1, 60) * SECOND,
  }));
  for (let member = 0; member < members; member++) {
    happenings.push({ at: random.integer(0, 8) * SECOND, type: "start member" });
  }
  // Whoever is missing is started again.
  for (let at = 0; at < calmAt; at += random.integer(3, 15) * SECOND) {
    happenings.push({ at, type: "start member" });
  }
  times(random.integer(0, 3), () => ({ at: sometime(), type: "stop member" }));
  times(random.integer(0, 3), () => ({ at: sometime(), type: "crash member" }));
  times(random.pick([0, 0, 1, 3]), () => ({
    ...{ at: sometime(), type: "block renewals", ms: random.integer(5, 90) * SECOND },
  }));
  times(random.pick([0, 0, 0, 1, 2]), () => (
    { at: sometime(), type: "rewind", back: random.next() }
  ));
  for (const part of failovers) happenings.push({ at: part * calmAt, type: "fail over" });
  return happenings.sort((a, b) => a.at - b.at);
}
