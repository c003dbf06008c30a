import type { Scheduler } from "./scheduler.ts";

/** A service each of whose calls is over in one moment of virtual time, however long it really takes. */
export function held<T extends object>(
  service: T,
  scheduler: Scheduler,
  generators: readonly string[] = [],
): T {
  return new Proxy(service, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function" || typeof name !== "string") return value;
      if (!generators.includes(name)) {
        return (...args: unknown[]) => scheduler.hold(() => value.apply(target, args));
      }
      return async function* (...args: unknown[]) {
        yield* await scheduler.hold(() => Array.fromAsync(value.apply(target, args)));
      };
    },
  });
}
