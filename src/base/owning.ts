/**
 * Makes the disposal of an object also dispose of what was opened for it, even if its own fails.
 */
export function owning<T extends AsyncDisposable>(owner: T, owned: AsyncDisposable): T {
  const dispose = owner[Symbol.asyncDispose];
  return Object.assign(owner, {
    async [Symbol.asyncDispose](): Promise<void> {
      try {
        await dispose.call(owner);
      } finally {
        await owned[Symbol.asyncDispose]();
      }
    },
  });
}
