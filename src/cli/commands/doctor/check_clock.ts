import type { Clock } from "../../../base/clock.ts";
import type { Findings } from "./findings.ts";

/** Services report their time in whole seconds. */
const RESOLUTION_MS = 1_000;
const MAX_SKEW_MS = 2_000;
/** AWS rejects requests whose signature is off by more than this. */
const REFUSED_MS = 300_000;

/** Compares this machine's clock with those of services. */
export class ServerClocks {
  readonly #clock: Clock;
  readonly #skews = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes the time of a service; the response with the shortest delay counts. */
  record(service: string, time: Date): void {
    const skew = this.#clock.now() - time.getTime();
    this.#skews.set(service, Math.min(skew, this.#skews.get(service) ?? Infinity));
  }

  /** Reports for each service whether its clock agrees with ours. */
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
        "synchronize it with NTP: keys of archives, --from latest and alarms use it, and AWS " +
        "rejects requests that are signed with a wrong time";
      if (Math.abs(skew) > REFUSED_MS) findings.fail("clock", message, { advice });
      else findings.warn("clock", message, { advice });
    }
  }
}
