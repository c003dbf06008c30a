/**
 * Waits with a time limit, so that a broken test fails instead of hanging.
 *
 * @module
 */

/** Time limit for something that must happen, in milliseconds; never reached in a passing test. */
const LIMIT_MS = 120_000;

/**
 * Waits for a promise, and fails a test that would otherwise wait forever.
 *
 * @param promise The promise.
 * @param what Its name, for the error.
 * @param explain Returns more text for the error.
 */
export async function within<T>(
  promise: Promise<T>,
  what: string,
  explain: () => string = () => "",
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`Waited ${LIMIT_MS / 1000} s for ${what}\n${explain()}`));
    }, LIMIT_MS);
  });
  return await Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

/**
 * Polls until a condition holds, if nothing signals the change.
 *
 * @param condition The condition.
 * @param what Its name, for the error.
 * @param explain Returns more text for the error.
 */
export async function untilTrue(
  condition: () => boolean | Promise<boolean>,
  what: string,
  explain?: () => string,
): Promise<void> {
  let given = true;
  const asking = (async () => {
    while (given && !await condition()) await new Promise((resolve) => setTimeout(resolve, 20));
  })();
  await within(asking, what, explain).finally(() => given = false);
}
