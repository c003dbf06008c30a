import type { Fate, FaultPlan, ServiceCall, ServiceName, ServiceOperation } from "./faults.ts";
import { PASSING_CODES, serviceError, THROTTLED_CODES } from "./service_errors.ts";

/** Calls of one operation, counted from 1, across restarts. */
export interface CallRange {
  /** The first call. */
  readonly from: number;
  /** The last call. Default: no end. */
  readonly to?: number;
}

/** What happens to a call. */
export type ScriptedFault =
  /** Rejected because of too many requests, with the service's code for that. */
  | { readonly fault: "throttled" }
  /** `refused`: fails without effect. `lost`: takes effect, but fails. Default: `retryable`. */
  | { readonly fault: "refused" | "lost"; readonly code?: string; readonly retryable?: boolean }
  /** The caller gets an error immediately, and the call takes effect after `ms` milliseconds. */
  | { readonly fault: "late"; readonly ms: number }
  /** The call takes effect and succeeds after `ms` milliseconds. */
  | { readonly fault: "slow"; readonly ms: number }
  /** The process dies before the call takes effect, or after it but before the response. */
  | { readonly fault: "crash" | "crash after" };

/** One rule of a script. */
export type FaultRule = ScriptedFault & {
  /** The operation, such as `"getRecords"` or `"put"`. */
  readonly on: ServiceOperation;
  /** Which calls of it, counted from 1. Default: the first. */
  readonly nth?: number | CallRange;
  /** The service, if several have an operation with that name (`list`). Default: any. */
  readonly service?: ServiceName;
};

/**
 * A fault plan that follows a script. Calls that are not in the script succeed immediately.
 *
 * The script counts the calls of each operation, also across services that share the script and
 * processes that are restarted.
 *
 * @example Usage
 * ```ts
 * import { FaultScript, MemoryObjectStore, VirtualClock, withFaults } from "@triton/triton/testing";
 * import { deepEqual, rejects } from "node:assert/strict";
 *
 * const script = new FaultScript([{ on: "put", nth: 2, fault: "lost", code: "ECONNRESET" }]);
 * const store = withFaults(new MemoryObjectStore(), script, new VirtualClock());
 * await store.put("a", new Uint8Array(1));
 * await rejects(store.put("b", new Uint8Array(1)), { code: "ECONNRESET" });
 * await store.head("b"); // it was stored
 * deepEqual(script.pending, []); // every rule was applied
 * ```
 */
export class FaultScript implements FaultPlan {
  readonly #rules: readonly FaultRule[];
  readonly #used = new Set<FaultRule>();
  readonly #counts = new Map<string, number>();

  /**
   * Creates a plan.
   *
   * @param rules The faults; if two rules match the same call, the first one applies.
   */
  constructor(rules: readonly FaultRule[]) {
    this.#rules = rules;
  }

  /** The rules that have not been applied yet; a test should check that none is left. */
  get pending(): readonly FaultRule[] {
    return this.#rules.filter((rule) => !this.#used.has(rule));
  }

  /** Decides what happens to a call. */
  decide(call: ServiceCall): Fate {
    const name = `${call.service}.${call.operation}`;
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    const rule = this.#rules.find((rule) => names(rule, call, count));
    if (rule === undefined) return { kind: "answered" };
    this.#used.add(rule);
    return fateOf(rule, call);
  }
}

function names(rule: FaultRule, call: ServiceCall, count: number): boolean {
  if (rule.on !== call.operation) return false;
  if (rule.service !== undefined && rule.service !== call.service) return false;
  const { nth = 1 } = rule;
  if (typeof nth === "number") return count === nth;
  return count >= nth.from && count <= (nth.to ?? Infinity);
}

function fateOf(rule: FaultRule, call: ServiceCall): Fate {
  switch (rule.fault) {
    case "throttled":
      return {
        kind: "refused",
        error: () => serviceError(call, THROTTLED_CODES[call.service]),
      };
    case "refused":
    case "lost": {
      const { code = PASSING_CODES[call.service].at(-1)!, retryable } = rule;
      return { kind: rule.fault, error: () => serviceError(call, code, retryable) };
    }
    case "late":
      return { kind: "late", landsIn: rule.ms };
    case "slow":
      return { kind: "answered", before: rule.ms };
    case "crash":
    case "crash after":
      return { kind: rule.fault };
  }
}
