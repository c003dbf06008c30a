/** An object that does as another does, but for some methods. */
export function changed<T extends object>(original: T, changes: (original: T) => Partial<T>): T {
  const changed = changes(original) as Record<PropertyKey, unknown>;
  return new Proxy(original, {
    get(target, name) {
      if (Object.hasOwn(changed, name)) return changed[name];
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
