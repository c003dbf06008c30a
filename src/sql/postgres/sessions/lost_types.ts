/**
 * A connection that is lost while the driver asks for the types of arrays.
 *
 * npm:postgres 3.4.9 asks for them before the first statement of a session, in a promise that nobody
 * gets. If that fails, so does the statement, which is enough; but the promise would end the process.
 *
 * @module
 */

let isListening = false;

/** From now on, failures to ask for the types of arrays are those of statements only. */
export function ignoreLostTypes(): void {
  if (isListening) return;
  isListening = true;
  globalThis.addEventListener("unhandledrejection", (event) => {
    if (isOfTypes(event.reason)) event.preventDefault();
  });
}

/** Whether an error is that of the driver's own query: the driver notes the text of queries. */
function isOfTypes(error: unknown): boolean {
  const { query } = (error ?? {}) as { readonly query?: unknown };
  return typeof query === "string" && /^\s*select b\.oid, b\.typarray\s/.test(query);
}
