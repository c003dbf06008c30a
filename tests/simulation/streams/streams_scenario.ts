import type { ArchiverOptions, HostOptions } from "../../../src/archiver/mod.ts";
import type { FaultRates, Random, ServiceName } from "../../../src/testing/mod.ts";
import { planRates, START } from "../scenario.ts";
import { planTroubles, type Trouble, type TroublePlan } from "../troubles.ts";

const SECOND = 1_000;

/** How many streams there are, and how many processes archive all of them. */
export const [STREAMS, HOSTS] = [5, 3];

/** A stream that is not there: it fails for good, as long as the run lasts. */
export const MISSING = "missing";

/** The troubles that many streams have in common with one. */
const COMMON: readonly Trouble[] = [
  ...["clocks", "pauses", "listings", "false conflicts", "late writes", "failovers"] as const,
  ...["stolen leases", "redelivery"] as const,
];

/**
 * What is wrong with the bucket of a stream, from some time on until long after all else is well: it
 * answers nothing, or it refuses everything for good.
 */
export type BucketTrouble = "fails" | "denies";

/** One stream. */
export interface StreamPlan {
  readonly name: string;
  readonly shards: number;
  /** What becomes of its bucket, if anything does, and when, in milliseconds from the start. */
  readonly bucket?: { readonly trouble: BucketTrouble; readonly at: number } | undefined;
}

/** Something that happens at a time, in milliseconds from the start; `stream` is its index. */
export type StreamsHappening =
  & { readonly at: number }
  & (
    | { readonly type: "put"; readonly stream: number; readonly key: string }
      & { readonly isEvent: boolean }
    | { readonly type: "split" | "merge" | "remove stream"; readonly stream: number }
    | { readonly type: "outage"; readonly service: ServiceName; readonly ms: number }
    | { readonly type: "start host" | "stop host" | "crash host" | "fail over" }
  );

/** All that a seed decides beforehand. */
export interface StreamsScenario {
  readonly streams: readonly StreamPlan[];
  /** Whether {@linkcode MISSING} is to be archived, too. */
  readonly hasMissing: boolean;
  readonly rates: FaultRates;
  readonly troubles: TroublePlan;
  readonly shared: HostOptions;
  readonly options: ArchiverOptions;
  readonly happenings: readonly StreamsHappening[];
  /** What is put once nothing but the buckets is wrong any more, from then on. */
  readonly lastPuts: readonly StreamsHappening[];
  /** From when on nothing but the buckets is wrong any more. */
  readonly calmAt: number;
  readonly lastHosts: number;
}

/** Decides what a run is to be like. */
export function planStreams(random: Random): StreamsScenario {
  const troubles = planTroubles(random.fork(), new Set(COMMON), START);
  const calmAt = random.integer(20, 90) * SECOND;
  const streams = planEach(random, calmAt);
  return {
    streams,
    hasMissing: random.chance(0.3),
    rates: {
      ...planRates(random, { calm: 0.2, crash: [0, 0.01, 0.02] }),
      lateWrite: troubles.lateWrites,
    },
    troubles,
    shared: {
      // The least holds a record or two of each stream.
      maxMemory: random.pick([600, 1_500, 5_000]),
      uploads: random.pick([1, 2, 4]),
      leaseMs: random.pick([10, 20, 30]) * SECOND,
    },
    options: {
      // By the clock alone a file may be open for longer than the run lasts.
      rotateMs: random.pick([20, 60, 3_600, 3_600]) * SECOND,
      maxSize: random.pick([150, 400, 2 ** 26]),
      pollIntervalMs: random.pick([1, 2, 5]) * SECOND,
      limit: random.pick([1, 3]),
      recover: troubles.failovers.length > 0,
    },
    happenings: planHappenings(random, calmAt, troubles),
    lastPuts: planPuts(random, random.integer(50, 400), 30 * SECOND),
    calmAt,
    lastHosts: random.pick([1, 1, 2, HOSTS]),
  };
}

/** Most seeds have one bucket in trouble, and some have two: the others must not notice. */
function planEach(random: Random, calmAt: number): StreamPlan[] {
  const count = random.pick([0, 1, 1, 1, 2]);
  return Array.from({ length: STREAMS }, (_, index) => {
    const trouble = random.pick(["fails", "fails", "denies"] as const);
    // Who starts later does not get as far as reading: mostly the processes run by then.
    const at = random.chance(0.3)
      ? random.integer(0, calmAt)
      : calmAt + random.integer(-10, 20) * SECOND;
    return {
      name: `stream_${index + 1}`,
      shards: random.pick([1, 1, 2, 3]),
      bucket: index < count ? { trouble, at } : undefined,
    };
  });
}

/** Puts: most of them into the streams whose buckets may be in trouble, to fill the memory. */
function planPuts(random: Random, count: number, ms: number): StreamsHappening[] {
  return Array.from({ length: count }, () => ({
    type: "put",
    at: random.integer(0, ms),
    stream: random.chance(0.6) ? random.pick([0, 0, 0, 1]) : random.integer(0, STREAMS - 1),
    key: `key${random.integer(0, 5)}`,
    isEvent: !random.chance(0.05),
  }));
}

function planHappenings(
  random: Random,
  calmAt: number,
  { failovers }: TroublePlan,
): StreamsHappening[] {
  const happenings = planPuts(random, random.integer(30, 120), calmAt);
  const sometime = () => random.integer(0, calmAt);
  const times = (count: number, happening: () => StreamsHappening) => {
    for (; count > 0; count--) happenings.push(happening());
  };
  times(random.pick([0, 1, 2, 4]), () => {
    const type = random.chance(0.6) ? "split" : "merge";
    return { at: sometime(), type, stream: random.integer(0, STREAMS - 1) };
  });
  times(random.pick([0, 0, 1, 2]), () => ({
    ...{ at: sometime(), type: "outage", ms: random.integer(1, 60) * SECOND },
    service: random.pick(["kinesis", "store", "ledger"] as const),
  }));
  times(random.pick([0, 0, 1, 2]), () => (
    { at: sometime(), type: "remove stream", stream: random.integer(0, STREAMS - 1) }
  ));
  times(HOSTS, () => ({ at: random.integer(0, 8) * SECOND, type: "start host" }));
  // Whoever is missing is started again.
  for (let at = 0; at < calmAt; at += random.integer(5, 20) * SECOND) {
    happenings.push({ at, type: "start host" });
  }
  times(random.integer(0, 2), () => ({ at: sometime(), type: "stop host" }));
  times(random.integer(0, 2), () => ({ at: sometime(), type: "crash host" }));
  for (const part of failovers) happenings.push({ at: part * calmAt, type: "fail over" });
  return happenings.sort((a, b) => a.at - b.at);
}
