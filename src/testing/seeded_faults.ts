import { KinesisError } from "../base/errors.ts";
import type { Fate, FaultPlan, ServiceCall, ServiceName } from "./faults.ts";
import type { Random } from "./random.ts";
import { PASSING_CODES, serviceError } from "./service_errors.ts";

/** Probabilities of faults per call, from 0 to 1. Default: 0. */
export interface FaultRates {
  /** Up to 0.8 seconds in each direction. */
  readonly slow?: number;
  /** 1 to 45 seconds in each direction. */
  readonly verySlow?: number;
  /** An error without effect. */
  readonly refused?: number;
  /** An error although the call took effect. */
  readonly lost?: number;
  /** For `put`: an error, and it takes effect within ten minutes or never. Others: as `lost`. */
  readonly late?: number;
  /** For writes to databases and streams: an error, with effect within ten minutes or never. */
  readonly lateWrite?: number;
  /** The process dies, at decisive calls; for all others, a hundredth of this. */
  readonly crash?: number;
}

/** Decisive calls, where most crashes should happen. */
const DECISIVE: ReadonlySet<string> = new Set([
  ...["put", "intend", "commit", "cancel", "end", "acquire", "position", "addShards"],
  ...["confirm", "reposition", "recordGap", "release", "save", "putRecords"],
  "endShard",
]);

/** Calls that write to databases and streams. */
const WRITES: ReadonlySet<string> = new Set([
  ...["renew", "acquire", "release", "leave", "intend", "commit", "cancel", "end", "addShards"],
  ...["addFirstShards", "confirm", "reposition", "recordGap", "save", "putRecords"],
  ...["endShard", "setPositions"],
]);

/**
 * A fault plan with random faults at the given rates.
 *
 * Triton's own simulation uses it. The error codes are those of the real services; sometimes
 * `getRecords` reports an expired iterator, and `put` a concurrent request.
 *
 * @example Usage
 * ```ts
 * import { collect, MemoryKinesis, putEvents, Random, runUntil } from "@triton/triton/testing";
 * import { SeededFaults, VirtualClock, withFaults } from "@triton/triton/testing";
 * import { StreamReader } from "@triton/triton";
 * import { equal } from "node:assert/strict";
 *
 * for (let seed = 1; seed <= 20; seed++) {
 *   const clock = new VirtualClock({ seed });
 *   const kinesis = new MemoryKinesis({ clock });
 *   kinesis.createStream("clicks", 2);
 *   await putEvents(kinesis, "clicks", [{ page: "/" }, { page: "/help" }, { page: "/" }]);
 *   const faults = new SeededFaults({ slow: 0.2, refused: 0.1, lost: 0.1 }, new Random(seed));
 *   await using reader = new StreamReader(withFaults(kinesis, faults, clock), "clicks", { clock });
 *   equal((await runUntil(clock, collect(reader, 3))).length, 3);
 * }
 * ```
 */
export class SeededFaults implements FaultPlan {
  /** The current rates. */
  rates: FaultRates;
  readonly #random: Random;
  /** When the outage of a service ends, in milliseconds since the Unix epoch. */
  readonly #downUntil = new Map<ServiceName, number>();

  /**
   * Creates a plan.
   *
   * @param rates The probabilities.
   * @param random The random numbers.
   */
  constructor(rates: FaultRates, random: Random) {
    this.rates = rates;
    this.#random = random;
  }

  /**
   * Starts an outage of a service: most of its calls are refused.
   *
   * @param service The service.
   * @param until When the outage ends, in milliseconds since the Unix epoch.
   */
  takeDown(service: ServiceName, until: number): void {
    this.#downUntil.set(service, until);
  }

  /**
   * Ends all faults and outages.
   *
   * @param rates Rates from now on. Default: no faults.
   */
  end(rates: FaultRates = {}): void {
    this.rates = rates;
    this.#downUntil.clear();
  }

  /** Decides what happens to a call. */
  decide(call: ServiceCall, now: number): Fate {
    const kind = this.#kind(call, now);
    return {
      kind,
      before: this.#delay(),
      after: this.#delay(),
      landsIn: kind === "late" || kind === "crash" ? this.#landing() : undefined,
      outlives: this.#random.chance(0.5),
      error: () => this.#error(call, kind !== "refused"),
    };
  }

  #kind({ service, operation }: ServiceCall, now: number): Fate["kind"] {
    const random = this.#random;
    const { refused = 0, lost = 0, late = 0, lateWrite = 0, crash = 0 } = this.rates;
    const dice = random.next();
    if (now < (this.#downUntil.get(service) ?? 0)) {
      return dice < 0.8 ? "refused" : dice < 0.9 ? "lost" : "late";
    }
    if (dice < refused) return "refused";
    if (dice < refused + lost) return "lost";
    if (dice < refused + lost + late) return operation === "put" ? "late" : "lost";
    if (dice > 1 - lateWrite && WRITES.has(operation)) return "late";
    const weight = DECISIVE.has(operation) ? 1 : 0.01;
    if (!random.chance(crash * weight)) return "answered";
    return random.chance(0.5) ? "crash" : "crash after";
  }

  #error(call: ServiceCall, answerLost: boolean): Error {
    const random = this.#random;
    if (call.operation === "getRecords" && !answerLost && random.chance(0.3)) {
      const code = "ExpiredIteratorException";
      return new KinesisError("The iterator has expired", { code });
    }
    const conflict = call.operation === "put" && !answerLost && random.chance(0.3);
    const code = conflict ? "ConditionalRequestConflict" : random.pick(PASSING_CODES[call.service]);
    return serviceError(call, code);
  }

  #delay(): number {
    const random = this.#random;
    const { slow = 0, verySlow = 0 } = this.rates;
    const dice = random.next();
    if (dice < verySlow) return random.integer(1_000, 45_000);
    return dice < verySlow + slow ? random.integer(1, 800) : 0;
  }

  #landing(): number | undefined {
    const random = this.#random;
    const dice = random.next();
    if (dice < 0.3) return undefined;
    return random.integer(0, dice < 0.6 ? 2_000 : dice < 0.9 ? 60_000 : 600_000);
  }
}
