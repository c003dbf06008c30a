/**
 * Faults by chance, the same for the same seed.
 *
 * @module
 */

import { KinesisError } from "../base/errors.ts";
import type { Fate, FaultPlan, ServiceCall, ServiceName } from "./faults.ts";
import type { Random } from "./random.ts";
import { PASSING_CODES, serviceError } from "./service_errors.ts";

/** How bad it gets: probabilities of each call, from 0 to 1; 0 unless given. */
export interface FaultRates {
  /** Up to 0.8 seconds each way. */
  readonly slow?: number;
  /** One to 45 seconds each way. */
  readonly verySlow?: number;
  /** An error, without effect. */
  readonly refused?: number;
  /** An error, although it took effect. */
  readonly lost?: number;
  /** An error; a `put` takes effect within ten minutes, or never; of other calls the answer is lost. */
  readonly late?: number;
  /** An error; a write to a database, or into a stream, takes effect within ten minutes, or never. */
  readonly lateWrite?: number;
  /** The process dies: of calls that decide something; a hundredth of it for all others. */
  readonly crash?: number;
}

/** The calls around which the work turns: most crashes are to happen there. */
const DECISIVE: ReadonlySet<string> = new Set([
  ...["put", "intend", "commit", "cancel", "end", "acquire", "standing", "addShards"],
  ...["confirm", "reposition", "recordGap", "release", "save", "putRecords"],
]);

/** The calls of databases and streams that change something. */
const WRITES: ReadonlySet<string> = new Set([
  ...["renew", "acquire", "release", "leave", "intend", "commit", "cancel", "end", "addShards"],
  ...["addFirstShards", "confirm", "reposition", "recordGap", "save", "putRecords"],
]);

/**
 * Decides by chance what becomes of each call, at the rates given.
 *
 * Triton's own simulation runs on it. Codes are those of the real services; now and then a
 * `getRecords` finds its iterator expired, and a `put` a concurrent one.
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
  /** What may happen from now on. */
  rates: FaultRates;
  readonly #random: Random;
  /** Until when a service is down, in milliseconds since the Unix epoch. */
  readonly #downUntil = new Map<ServiceName, number>();

  /**
   * Creates a plan.
   *
   * @param rates How often what happens.
   * @param random Where chance comes from.
   */
  constructor(rates: FaultRates, random: Random) {
    this.rates = rates;
    this.#random = random;
  }

  /**
   * Takes a service down: most of its calls are refused.
   *
   * @param service Which one.
   * @param until Until when, in milliseconds since the Unix epoch.
   */
  takeDown(service: ServiceName, until: number): void {
    this.#downUntil.set(service, until);
  }

  /**
   * Ends all trouble.
   *
   * @param rates What may still happen: nothing unless given.
   */
  end(rates: FaultRates = {}): void {
    this.rates = rates;
    this.#downUntil.clear();
  }

  /** Decides one call's fate. */
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
      return new KinesisError("The iterator has expired", { code, retryable: false });
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
