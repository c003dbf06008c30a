import type { ObjectContent, ObjectStore, PutOptions } from "../../src/objects/object_store.ts";
import type { Random } from "../../src/testing/mod.ts";
import type { TroublePlan } from "./troubles.ts";
import { changed } from "./changed.ts";

/** What the bucket does wrong while there is trouble. */
export class WorldStore {
  /** The bucket as all processes have it. */
  readonly store: ObjectStore;
  readonly #real: ObjectStore;
  readonly #now: () => number;
  readonly #random: Random;
  /** Until when each object is not listed. */
  readonly #puts = new Map<string, number>();
  readonly #keys = new Set<string>();
  #plan: Pick<TroublePlan, "listingLag" | "falseConflicts">;

  constructor(
    real: ObjectStore,
    options: {
      readonly now: () => number;
      readonly random: Random;
      readonly plan: Pick<TroublePlan, "listingLag" | "falseConflicts">;
    },
  ) {
    this.#real = real;
    this.#now = options.now;
    this.#random = options.random;
    this.#plan = options.plan;
    this.store = changed(real, () => ({
      put: (key: string, body: ObjectContent, options?: PutOptions) =>
        this.#put(key, body, options),
      list: (prefix: string, options?: Parameters<ObjectStore["list"]>[1]) =>
        this.#list(prefix, options),
    }));
  }

  /** Whether somebody has put an object under a key. */
  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** Ends all trouble. */
  end(): void {
    this.#plan = { listingLag: 0, falseConflicts: 0 };
  }

  async #put(key: string, body: ObjectContent, options?: PutOptions) {
    const { falseConflicts, listingLag } = this.#plan;
    // Also a look-alike answers 412 to one put, and has nothing there when it is asked.
    if (falseConflicts > 0 && options?.ifAbsent && this.#random.chance(falseConflicts)) {
      return "exists";
    }
    const answer = await this.#real.put(key, body, options);
    this.#keys.add(key);
    if (listingLag > 0 && answer === "created") {
      this.#puts.set(key, this.#now() + this.#random.integer(0, listingLag));
    }
    return answer;
  }

  async *#list(prefix: string, options?: Parameters<ObjectStore["list"]>[1]) {
    for await (const object of this.#real.list(prefix, options)) {
      const isHidden = this.#plan.listingLag > 0 && this.#now() < (this.#puts.get(object.key) ?? 0);
      if (!isHidden) yield object;
    }
  }
}
