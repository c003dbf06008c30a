import type { ArchiveProblem } from "./chains.ts";
import { type GapAcceptance, gapId } from "./gap_id.ts";
import type { RecordedGap } from "./recorded_gaps.ts";

/** A gap that was accepted for good. */
export interface AcceptedGap extends GapAcceptance {
  /** ID of the gap. */
  readonly id: string;
  /** The client whose archive has the gap. */
  readonly client: string;
}

/** A gap that was recorded when it was noticed, in a report. */
export interface ReportedGap extends RecordedGap {
  /** ID of the gap; if the gap grows, it is another one. */
  readonly id: string;
  /** Set if the gap was accepted. */
  readonly accepted?: GapAcceptance | undefined;
}

/** Knows which gaps were accepted. */
export class Acceptances {
  readonly #kept: readonly AcceptedGap[];
  readonly #now: ReadonlySet<string>;

  /**
   * Creates it.
   *
   * @param kept Gaps that were accepted for good.
   * @param now IDs of gaps that are accepted for one run.
   */
  constructor(kept: readonly AcceptedGap[], now: Iterable<string>) {
    this.#kept = kept;
    this.#now = new Set(now);
  }

  /** Adds to a recorded gap its ID, and by whom it was accepted. */
  ofGap(gap: RecordedGap): ReportedGap {
    const id = gapId(gap);
    return { ...gap, id, ...this.#find(id, gap.client) };
  }

  /** Adds the same to a problem that is a gap; returns others as they are. */
  ofProblem(problem: ArchiveProblem): ArchiveProblem {
    const { id, client } = problem;
    return id === undefined ? problem : { ...problem, ...this.#find(id, client) };
  }

  #find(id: string, client: string | undefined): { accepted?: GapAcceptance } {
    const kept = this.#kept.find((one) => one.id === id && one.client === client);
    if (kept !== undefined) {
      const { by, at, reason } = kept;
      return { accepted: { by, at, reason } };
    }
    return this.#now.has(id) ? { accepted: {} } : {};
  }
}
