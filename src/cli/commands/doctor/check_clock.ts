import type { Clock } from "../../../base/clock.ts";
import type { Findings } from "./findings.ts";

/** A service tells its time to the second. */
const RESOLUTION_MS = 1_000;
const MAX_SKEW_MS = 2_000;
/** AWS refuses requests that are signed by a clock as wrong as this. */
const REFUSED_MS = 300_000;

/** Compares this machine's clock with what services say the time is. */
export class ServerClocks {
  readonly #clock: Clock;
  readonly #skews = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes what a service says; the answer that was least delayed tells most. */
  tell(service: string, time: Date): void {
    const skew = this.#clock.now() - time.getTime();
    this.#skews.set(service, Math.min(skew, this.#skews.get(service) ?? Infinity));
  }

  /** Tells of each service whose clock is another one than ours. */
  check(findings: Findings): void {
    for (const [service, late] of this.#skews) {
      const skew = late < 0 ? late : Math.max(0, late - RESOLUTION_MS);
      if (Math.abs(skew) <= MAX_SKEW_MS) {
        findings.ok("clock", `agrees with that of ${service}`);
        continue;
      }
      const message = `this machine's clock is ${Math.round(Math.abs(skew) / 1000)} s ` +
        `${skew > 0 ? "ahead of" : "behind"} that of ${service}`;
      const advice =
        "keep it by NTP: keys of archives, --from latest and alarms go by it, and AWS " +
        "refuses requests that are signed at a wrong time";
      if (Math.abs(skew) > REFUSED_MS) findings.fail("clock", message, { advice });
      else findings.warn("clock", message, { advice });
    }
  }
}
