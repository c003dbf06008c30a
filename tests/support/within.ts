/**
 * Waiting with a limit, so that a broken test fails and does not hang.
 *
 * @module
 */

/** How long a test waits for something that must happen, in milliseconds. It never should. */
const LIMIT_MS = 120_000;

/**
 * Waits for what must happen, and fails a test that would otherwise wait forever.
 *
 * @param promise What is waited for.
 * @param what Its name, for the error.
 * @param explain What else the error should say.
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
 * Polls until a condition holds, where nothing signals the change.
 *
 * @param condition What must come true.
 * @param what Its name, for the error.
 * @param explain What else the error should say.
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
