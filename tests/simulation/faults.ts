import { CheckpointError, KinesisError, ObjectStoreError } from "../../src/errors.ts";
import type { Random } from "./random.ts";

/** The services that fail. */
export type ServiceName = "kinesis" | "store" | "ledger";

/** What is to become of one call. */
export interface Fate {
  /**
   * - `answered`: it takes effect and answers.
   * - `refused`: it fails, without effect.
   * - `lost`: it takes effect, and the caller gets an error.
   * - `late`: the caller gets an error, and it takes effect some other time, or never.
   * - `crash`: the process dies as the call goes out; it may take effect or not.
   * - `crash after`: it takes effect, and the process dies before it learns of it.
   */
  readonly kind: "answered" | "refused" | "lost" | "late" | "crash" | "crash after";
  /** Time until it takes effect, in milliseconds. */
  readonly before: number;
  /** Time from then until the answer. */
  readonly after: number;
  /** When a late call takes effect, in milliseconds; undefined if never. */
  readonly landsIn: number | undefined;
  /** Whether it takes effect even if the process dies before. */
  readonly outlives: boolean;
}

/** How bad it gets: probabilities of each call. */
export interface FaultRates {
  readonly slow: number;
  readonly verySlow: number;
  readonly refused: number;
  readonly lost: number;
  readonly late: number;
  /** Of calls that change something; a hundredth of it for those that only look. */
  readonly crash: number;
}

/** Nothing goes wrong, and every answer comes at once or soon. */
export const CALM: FaultRates = { slow: 0.1, verySlow: 0, refused: 0, lost: 0, late: 0, crash: 0 };

const RETRYABLE = {
  kinesis: [
    "ProvisionedThroughputExceededException",
    "LimitExceededException",
    "InternalFailure",
    "ServiceUnavailable",
    "TimeoutError",
    "ECONNRESET",
  ],
  store: ["SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "ECONNRESET"],
  ledger: ["ECONNRESET", "CONNECTION_CLOSED", "57P01", "57P03", "40001", "SQLITE_BUSY"],
} as const satisfies Record<ServiceName, readonly string[]>;

const ERRORS = { kinesis: KinesisError, store: ObjectStoreError, ledger: CheckpointError };

/** The calls around which the protocol turns: most crashes are to happen there. */
const DECISIVE: ReadonlySet<string> = new Set([
  ...[
    "put",
    "intend",
    "commit",
    "cancel",
    "end",
    "acquire",
    "standing",
    "addShards",
    "addFirstShards",
  ],
  ...["confirm", "reposition", "recordGap", "release"],
]);

/** Decides what becomes of each call. */
export class Faults {
  /** What may happen from now on. */
  rates: FaultRates;
  readonly #random: Random;
  /** Until when a service is down, in milliseconds since the Unix epoch. */
  readonly #downUntil = new Map<ServiceName, number>();

  constructor(rates: FaultRates, random: Random) {
    this.rates = rates;
    this.#random = random;
  }

  /** Takes a service down until a time. */
  takeDown(service: ServiceName, until: number): void {
    this.#downUntil.set(service, until);
  }

  /** Ends all trouble. */
  end(): void {
    this.rates = CALM;
    this.#downUntil.clear();
  }

  /** Decides one call's fate. */
  decide(service: ServiceName, operation: string, now: number): Fate {
    const kind = this.#kind(service, operation, now);
    return {
      kind,
      before: this.#delay(),
      after: this.#delay(),
      landsIn: kind === "late" || kind === "crash" ? this.#landing() : undefined,
      outlives: this.#random.chance(0.5),
    };
  }

  /** The error that a caller gets instead of an answer. */
  error(service: ServiceName, operation: string, answerLost: boolean): Error {
    const random = this.#random;
    if (operation === "getRecords" && !answerLost && random.chance(0.3)) {
      const code = "ExpiredIteratorException";
      return new KinesisError("The iterator has expired", { code, retryable: false });
    }
    const conflict = operation === "put" && !answerLost && random.chance(0.3);
    const code = conflict ? "ConditionalRequestConflict" : random.pick(RETRYABLE[service]);
    return new ERRORS[service](`Cannot ${operation}: ${code}`, { code, retryable: true });
  }

  #kind(service: ServiceName, operation: string, now: number): Fate["kind"] {
    const random = this.#random;
    const { refused, lost, late, crash } = this.rates;
    const dice = random.next();
    if (now < (this.#downUntil.get(service) ?? 0)) {
      return dice < 0.8 ? "refused" : dice < 0.9 ? "lost" : "late";
    }
    if (dice < refused) return "refused";
    if (dice < refused + lost) return "lost";
    if (dice < refused + lost + late) return operation === "put" ? "late" : "lost";
    const weight = DECISIVE.has(operation) ? 1 : 0.01;
    if (!random.chance(crash * weight)) return "answered";
    return random.chance(0.5) ? "crash" : "crash after";
  }

  #delay(): number {
    const random = this.#random;
    const { slow, verySlow } = this.rates;
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
