/**
 * Faults by script: which call, and what becomes of it.
 *
 * @module
 */

import type { Fate, FaultPlan, ServiceCall, ServiceName, ServiceOperation } from "./faults.ts";
import { PASSING_CODES, serviceError, THROTTLED_CODES } from "./service_errors.ts";

/** Calls of one operation, counted from 1, over all restarts. */
export interface CallRange {
  /** The first of them. */
  readonly from: number;
  /** The last of them: without end unless given. */
  readonly to?: number;
}

/** What goes wrong with a call. */
export type ScriptedFault =
  /** Refused because of too many requests, with the service's own code for it. */
  | { readonly fault: "throttled" }
  /** Refused without effect, or done without an answer; `retryable` unless that says no. */
  | { readonly fault: "refused" | "lost"; readonly code?: string; readonly retryable?: boolean }
  /** The caller gets an error at once, and the call takes effect in so many milliseconds. */
  | { readonly fault: "late"; readonly ms: number }
  /** It takes effect and answers, after so many milliseconds. */
  | { readonly fault: "slow"; readonly ms: number }
  /** The process dies before the call takes effect, or after that and before the answer. */
  | { readonly fault: "crash" | "crash after" };

/** One line of a script. */
export type FaultRule = ScriptedFault & {
  /** The operation, such as `"getRecords"` or `"put"`. */
  readonly on: ServiceOperation;
  /** Which calls of it, counted from 1: the first unless given. */
  readonly nth?: number | CallRange;
  /** The service, where two have an operation of that name (`list`): any unless given. */
  readonly service?: ServiceName;
};

/**
 * Decides by a script what becomes of each call; what the script does not name is answered at once.
 *
 * Calls are counted for each operation, by the script: services that share one script, and
 * processes that are started again, go on counting.
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
 * await store.head("b"); // it is there
 * deepEqual(script.pending, []); // all of the script has come true
 * ```
 */
export class FaultScript implements FaultPlan {
  readonly #rules: readonly FaultRule[];
  readonly #used = new Set<FaultRule>();
  readonly #counts = new Map<string, number>();

  /**
   * Creates a plan.
   *
   * @param rules What goes wrong; where two rules name the same call, the first holds.
   */
  constructor(rules: readonly FaultRule[]) {
    this.#rules = rules;
  }

  /** The rules that have not come true yet: a test does well to see that none is left. */
  get pending(): readonly FaultRule[] {
    return this.#rules.filter((rule) => !this.#used.has(rule));
  }

  /** Decides one call's fate. */
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
