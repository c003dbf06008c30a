import { ServiceError, TritonError } from "../../../base/errors.ts";

/** What one check has found. */
export interface Finding {
  /** Name of the check, which stays the same. */
  readonly check: string;
  /** Whether all is well, something should be changed, or `triton store` cannot be run so. */
  readonly level: "ok" | "warn" | "fail";
  /** What was found, in a sentence. */
  readonly message: string;
  /** What to change. */
  readonly advice?: string;
  /** Why the archive is not exactly once, where that is so. */
  readonly weakens?: string;
}

/** What a finding may say beside its message. */
export type Remarks = Pick<Finding, "advice" | "weakens">;

/** Collects what checks find. */
export class Findings {
  readonly list: Finding[] = [];

  ok(check: string, message: string): void {
    this.list.push({ check, level: "ok", message });
  }

  warn(check: string, message: string, remarks: Remarks = {}): void {
    this.list.push({ check, level: "warn", message, ...remarks });
  }

  fail(check: string, message: string, remarks: Remarks = {}): void {
    this.list.push({ check, level: "fail", message, ...remarks });
  }

  /**
   * Does what is to be checked; a failure is a finding.
   *
   * @param check Name of the check.
   * @param advice What to change, by the code of the failure.
   * @param act What to do.
   * @returns What it gave; undefined if it failed.
   */
  async attempt<T>(
    check: string,
    advice: (code: string) => string | undefined,
    act: () => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof TritonError)) throw error;
      const found = advice(error instanceof ServiceError ? error.code : "");
      this.fail(check, error.message, found === undefined ? {} : { advice: found });
      return undefined;
    }
  }
}
