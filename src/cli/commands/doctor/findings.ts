import { ServiceError, TritonError } from "../../../base/errors.ts";

/** The result of one check. */
export interface Finding {
  /** Name of the check, which is stable. */
  readonly check: string;
  /** `warn`: something should be changed; `fail`: `triton store` is not safe to run. */
  readonly level: "ok" | "warn" | "fail";
  readonly message: string;
  readonly advice?: string;
  /** Why the archive is not exactly once, if it is not. */
  readonly weakens?: string;
}

/** What a finding may have in addition to its message. */
export type Remarks = Pick<Finding, "advice" | "weakens">;

/** Collects findings. */
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
   * Runs a check; a `TritonError` becomes a failed finding, with the advice for its code.
   *
   * @returns The result of `act`; undefined if it failed.
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
