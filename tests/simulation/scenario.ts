import type { ArchiverOptions } from "../../src/archiver/mod.ts";
import type { FaultRates, Random, ServiceName } from "../../src/testing/mod.ts";

import { planTroubles, type Trouble, type TroublePlan } from "./troubles.ts";

const SECOND = 1_000;
const HOUR = 3_600_000;

/** Nothing goes wrong, and every answer comes at once or soon. */
export const CALM: FaultRates = { slow: 0.1 };

/** Something that happens to the world at a time, in milliseconds from the start. */
export type Happening =
  | { readonly at: number; readonly type: "put"; readonly key: string; readonly isEvent: boolean }
  | { readonly at: number; readonly type: "split" | "merge" }
  | { readonly at: number; readonly type: "shrink retention"; readonly hours: number }
  | {
    readonly at: number;
    readonly type: "outage";
    readonly service: ServiceName;
    readonly ms: number;
  }
  | { readonly at: number; readonly type: "start worker" | "stop worker" | "crash worker" }
  | { readonly at: number; readonly type: "night falls" }
  | { readonly at: number; readonly type: "fail over" | "start programs" | "crash program" }
  | { readonly at: number; readonly type: "move bucket" };

/** All that a seed decides beforehand. */
export interface Scenario {
  readonly shards: number;
  readonly retentionHours: number;
  /** Whether checkpoints of an older Triton are there, and no other rows. */
  readonly oldTriton: boolean;
  /** Chance that a stranger takes the key of an intent before its file is put. */
  readonly strangers: number;
  /** Chance that a worker which starts passes over what was saved. */
  readonly skips: number;
  readonly rates: FaultRates;
  readonly troubles: TroublePlan;
  readonly options: ArchiverOptions;
  readonly happenings: readonly Happening[];
  /** From when on nothing goes wrong any more, in milliseconds from the start. */
  readonly calmAt: number;
  /** Most workers that run at once while things go wrong, and how many afterwards. */
  readonly workers: number;
  readonly lastWorkers: number;
}

/** Decides what a run is to be like. */
export function planScenario(random: Random, enabled: ReadonlySet<Trouble>): Scenario {
  const planned = planTroubles(random.fork(), enabled, START);
  const oldTriton = random.chance(0.1);
  // An older Triton leaves no times, and keeps positions of shards that left the stream long ago: what
  // was lost in shards that came and went before the first worker came at all cannot be told.
  const days = planDays(random, oldTriton ? 0 : 0.2);
  const workers = random.integer(1, 3);
  const strangers = random.chance(0.3) && planned.move === undefined ? 0.2 : 0;
  const skips = random.chance(0.05) ? 0.3 : 0;
  // A history reads what there is: not what an older Triton archived, nor around what strangers put.
  const hasHistory = !oldTriton && strangers === 0 && skips === 0 && planned.move === undefined;
  const consumers = planned.consumers.filter(({ type }) => type === "stream" || hasHistory);
  const troubles = { ...planned, consumers };
  return {
    shards: random.pick([1, 1, 2, 2, 3]),
    retentionHours: random.pick([24, 24, 48]),
    oldTriton,
    strangers,
    skips,
    rates: {
      ...planRates(random, { calm: 0.1, crash: [0, 0.02, 0.04] }),
      lateWrite: troubles.lateWrites,
    },
    troubles,
    options: { ...planOptions(random, oldTriton), recover: troubles.failovers.length > 0 },
    happenings: planHappenings(random, days, workers, troubles),
    calmAt: days.at(-1)!.to,
    workers,
    lastWorkers: random.integer(1, 2),
  };
}

/** A stretch of time in which things happen. */
interface Day {
  readonly from: number;
  readonly to: number;
}

/** One stretch of a minute or so; sometimes a second one after a day or two without workers. */
function planDays(random: Random, twoDays: number): Day[] {
  const first = { from: 0, to: random.integer(20, 90) * SECOND };
  if (!random.chance(twoDays)) return [first];
  const retention = random.pick([24, 24, 24, 48]) * HOUR;
  // The horizon is to fall into what was put before, or shortly after it.
  const from = retention + random.integer(0, first.to + 20 * SECOND);
  return [first, { from, to: from + random.integer(10, 60) * SECOND }];
}

/** How often what goes wrong; `calm` is the chance that hardly anything does. */
export function planRates(
  random: Random,
  { calm, crash }: { readonly calm: number; readonly crash: readonly number[] },
): FaultRates {
  if (random.chance(calm)) return CALM;
  const bad = random.pick([0.3, 1, 1, 2]);
  return {
    slow: 0.15 * bad,
    verySlow: random.pick([0, 0.003, 0.01]) * bad,
    refused: random.pick([0, 0.02, 0.05]) * bad,
    lost: random.pick([0, 0.02, 0.05]) * bad,
    late: random.pick([0, 0.02, 0.1]) * bad,
    crash: random.pick(crash) * bad,
  };
}

function planOptions(random: Random, oldTriton: boolean): ArchiverOptions {
  const from = oldTriton || random.chance(0.85)
    ? "trim-horizon"
    : random.pick(["latest", "at-timestamp"] as const);
  return {
    from: from === "at-timestamp"
      ? { type: from, timestamp: new Date(START + FROM_MS) }
      : { type: from },
    rotateMs: random.pick([10, 20, 30, 60]) * SECOND,
    maxSize: random.pick([150, 400, 1_500, 2 ** 26]),
    maxMemory: random.pick([300, 2_000, 2 ** 27]),
    leaseMs: random.pick([10, 20, 30]) * SECOND,
    pollIntervalMs: random.pick([1, 2, 5]) * SECOND,
    limit: random.pick([1, 3, 10, 10_000]),
  };
}

/** Where reading begins if it is to begin at a time, which may not lie in the future then. */
const FROM_MS = 3 * SECOND;

/** When a run begins, in milliseconds since the Unix epoch. */
export const START: number = Date.UTC(2026, 0, 1);

function planHappenings(
  random: Random,
  days: readonly Day[],
  workers: number,
  { failovers, move }: TroublePlan,
): Happening[] {
  const last = days.at(-1)!;
  const happenings: Happening[] = [];
  const sometime = (): number => {
    const day = random.pick(days);
    return random.integer(day.from, day.to);
  };
  /** Also in the night. */
  const anytime = () => random.chance(0.8) ? sometime() : random.integer(0, last.to);
  for (let count = random.integer(15, 50); count > 0; count--) {
    const key = `key${random.integer(0, 5)}`;
    happenings.push({ at: anytime(), type: "put", key, isEvent: !random.chance(0.05) });
  }
  for (let count = random.pick([0, 0, 1, 1, 2, 4]); count > 0; count--) {
    const at = anytime();
    happenings.push({ at, type: random.chance(0.6) ? "split" : "merge" });
    // Twice in a row, so that a shard may be closed before anybody has read it.
    if (random.chance(0.3)) happenings.push({ at: at + random.integer(0, 500), type: "split" });
  }
  if (random.chance(0.3)) happenings.push({ at: anytime(), type: "shrink retention", hours: 24 });
  for (let count = random.pick([0, 0, 1, 2]); count > 0; count--) {
    const service = random.pick(["kinesis", "store", "ledger"] as const);
    happenings.push({
      at: sometime(),
      type: "outage",
      service,
      ms: random.integer(1, 60) * SECOND,
    });
  }
  happenings.push(...planWorkers(random, days, workers));
  if (move !== undefined) {
    happenings.push({ at: last.from + move * (last.to - last.from) / 2, type: "move bucket" });
  }
  for (const part of failovers) {
    happenings.push({ at: last.from + part * (last.to - last.from), type: "fail over" });
  }
  return happenings.sort((a, b) => a.at - b.at);
}

function planWorkers(random: Random, days: readonly Day[], workers: number): Happening[] {
  const happenings: Happening[] = [];
  for (const { from, to } of days) {
    const sometime = () => random.integer(from, to);
    for (let worker = 0; worker < workers; worker++) {
      happenings.push({ at: from + random.integer(FROM_MS, 8 * SECOND), type: "start worker" });
    }
    // Whoever is missing is started again, now and then one more than was planned.
    for (let at = from + FROM_MS; at < to; at += random.integer(5, 20) * SECOND) {
      happenings.push({ at, type: "start worker" });
    }
    for (let count = random.integer(0, 2); count > 0; count--) {
      happenings.push({ at: sometime(), type: "stop worker" });
    }
    for (let count = random.integer(0, 2); count > 0; count--) {
      happenings.push({ at: sometime(), type: "crash worker" });
    }
    happenings.push({ at: from + random.integer(0, 10) * SECOND, type: "start programs" });
    for (let count = random.integer(0, 3); count > 0; count--) {
      happenings.push({ at: sometime(), type: "crash program" });
    }
    if (to < days.at(-1)!.from) happenings.push({ at: to, type: "night falls" });
  }
  return happenings;
}
