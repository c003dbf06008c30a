import type { Random } from "../../src/testing/mod.ts";
import { type ConsumerPlan, planConsumers } from "./consumers.ts";
import { planProducer, type ProducerPlan } from "./producers.ts";

const SECOND = 1_000;

/** What can go wrong besides refused, slow, lost and late calls, crashes and outages. */
export const TROUBLES = [
  "clocks",
  "pauses",
  "listings",
  "false conflicts",
  "late writes",
  "failovers",
  "stolen leases",
  "redelivery",
  "consumers",
  "producers",
  "moves",
] as const;

/** Names one kind of trouble, so that it can be switched on and off for itself. */
export type Trouble = typeof TROUBLES[number];

/** The kind of trouble of a name. */
export function troubleOf(name: string): Trouble {
  const trouble = TROUBLES.find((trouble) => trouble === name);
  if (trouble !== undefined) return trouble;
  throw new RangeError(`No trouble "${name}"; there are: ${TROUBLES.join(", ")}`);
}

/** How bad it gets, of each kind of trouble; 0 is none. */
export interface TroublePlan {
  /** How far a worker's clock is off at most, in milliseconds, either way. */
  readonly clockError: number;
  /** How much too fast or slow it is at most: 0.01 is 36 seconds an hour. */
  readonly clockDrift: number;
  /** How far the database's clock is off, in milliseconds. */
  readonly ledgerClock: number;
  /** Chance that a process stands still when it has the answer of a call that decides something. */
  readonly pauses: number;
  /** How long after a put or a split a listing may not show it yet, in milliseconds. */
  readonly listingLag: number;
  /** Chance that a put is answered as if its key were taken, though nothing is there. */
  readonly falseConflicts: number;
  /** Chance that a write to the database fails, and takes effect later all the same. */
  readonly lateWrites: number;
  /** When the database fails over to a server that lags behind, in parts of the run. */
  readonly failovers: readonly number[];
  /** How much such a server does not know, in milliseconds. */
  readonly failoverLag: number;
  /** Chance that a lease is taken in the moment before an intent. */
  readonly stolenLeases: number;
  /** Chance that Kinesis delivers records again. */
  readonly redelivery: number;
  /** The programs that read, by what was archived or not. */
  readonly consumers: readonly ConsumerPlan[];
  /** The programs that write. */
  readonly producers: readonly ProducerPlan[];
  /** When somebody begins to move the archive to another bucket, as a part of the run. */
  readonly move: number | undefined;
}

/** Whether process clocks agree: keys of archives are then in the order of their making. */
export function clocksAgree({ clockError, clockDrift }: TroublePlan): boolean {
  return clockError === 0 && clockDrift === 0;
}

/** Decides how much of each trouble a run has; each is decided alike whether others are on or off. */
export function planTroubles(
  random: Random,
  enabled: ReadonlySet<Trouble>,
  start: number,
): TroublePlan {
  const of = (trouble: Trouble, chance: number): Random | undefined => {
    const own = random.fork();
    return own.chance(chance) && enabled.has(trouble) ? own : undefined;
  };
  const clocks = of("clocks", 0.4);
  const pauses = of("pauses", 0.4);
  const listings = of("listings", 0.3);
  const conflicts = of("false conflicts", 0.2);
  const late = of("late writes", 0.3);
  const failovers = of("failovers", 0.1);
  const stolen = of("stolen leases", 0.3);
  const redelivery = of("redelivery", 0.3);
  const consumers = of("consumers", 0.25);
  const producers = of("producers", 0.2);
  const moves = of("moves", 0.15);
  return {
    clockError: clocks?.pick([SECOND, 60 * SECOND, 600 * SECOND, 50 * 3_600 * SECOND]) ?? 0,
    clockDrift: clocks?.pick([0, 0.001, 0.05]) ?? 0,
    ledgerClock: clocks?.pick([0, -5, 5, 300])! * SECOND || 0,
    pauses: pauses?.pick([0.01, 0.03]) ?? 0,
    // Whoever looks for what a database has forgotten must see it: S3's listings do not lag.
    listingLag: failovers ? 0 : listings?.pick([2, 10, 30])! * SECOND || 0,
    falseConflicts: conflicts?.pick([0.1, 0.4]) ?? 0,
    lateWrites: late?.pick([0.02, 0.1]) ?? 0,
    failovers: failovers === undefined ? [] : [failovers.next(), failovers.next()],
    failoverLag: failovers?.pick([1, 5, 30])! * SECOND || 0,
    stolenLeases: stolen?.pick([0.1, 0.3]) ?? 0,
    redelivery: redelivery?.pick([0.05, 0.3]) ?? 0,
    consumers: consumers === undefined ? [] : planConsumers(consumers, start),
    // A move is made by hand, and not while a database fails over.
    move: failovers === undefined ? moves?.next() : undefined,
    producers: producers === undefined ? [] : [planProducer(producers)],
  };
}
