import { ObjectStoreError } from "../base/errors.ts";
import { retry, type RetryOptions } from "../base/retry.ts";
import { resolveRange } from "./byte_range.ts";
import { StreamedBody } from "./object_body.ts";
import type { GetOptions, HeadOptions, ObjectBody, ObjectStore } from "./object_store.ts";

/**
 * Wraps a store so that reads are retried: a listing resumes after the last key it returned, a body
 * after the last byte. The count of attempts restarts whenever something arrived. `put` stays as it
 * is: only the caller knows whether a put whose response was lost may be repeated, and what
 * `"exists"` then means.
 *
 * @param options Limit and pauses; `signal` ends them.
 * @returns A store with the same objects.
 */
export function withRetries(store: ObjectStore, options: RetryOptions): ObjectStore {
  return {
    url: store.url,
    identity: store.identity,
    list: (prefix, listOptions = {}) =>
      resuming((last) => {
        const startAfter = last?.key ?? listOptions.startAfter;
        return store.list(prefix, { ...listOptions, ...startAfter && { startAfter } });
      }, forCall(options, listOptions)),
    folders: (prefix, foldersOptions = {}) =>
      withoutRepeats(resuming(
        (last) => store.folders(prefix, { ...foldersOptions, ...last && { from: last } }),
        forCall(options, foldersOptions),
      )),
    head: (key, headOptions = {}) =>
      retry(() => store.head(key, headOptions), forCall(options, headOptions)),
    get: (key, getOptions = {}) => get(store, key, getOptions, forCall(options, getOptions)),
    put: (key, body, putOptions) => store.put(key, body, putOptions),
  };
}

async function get(
  store: ObjectStore,
  key: string,
  getOptions: GetOptions,
  options: RetryOptions,
): Promise<ObjectBody> {
  const first = await retry(() => store.get(key, getOptions), options);
  const chunks = chunksOf(store, key, { first, getOptions }, options);
  return new StreamedBody(chunks, first.size, first.release?.bind(first));
}

async function* chunksOf(
  store: ObjectStore,
  key: string,
  { first, getOptions }: { readonly first: ObjectBody; readonly getOptions: GetOptions },
  options: RetryOptions,
): AsyncGenerator<Uint8Array> {
  let { start, end } = resolveRange(getOptions.range, first.size);
  let opened: ObjectBody | undefined = first;
  const open = async (): Promise<ObjectBody> => {
    const range = { offset: start, length: end - start };
    const body = opened ?? await store.get(key, { ...getOptions, range });
    opened = undefined;
    if (body.size === first.size) return body;
    throw new ObjectStoreError(`Cannot get ${store.url}/${key}: it changed while it was read`, {
      code: "ObjectChanged",
    });
  };
  for await (const chunk of resuming(open, options)) {
    start += chunk.length;
    yield chunk;
  }
}

/** A listing of folders that resumes begins with the last one again. */
async function* withoutRepeats(folders: AsyncIterable<string>): AsyncGenerator<string> {
  let last: string | undefined;
  for await (const folder of folders) {
    if (folder !== last) yield folder;
    last = folder;
  }
}

/** Yields what `open` returns; after a failure that may be retried, opens it after the last item. */
async function* resuming<T>(
  open: (last: T | undefined) => AsyncIterable<T> | Promise<AsyncIterable<T>>,
  options: RetryOptions,
): AsyncGenerator<T> {
  let current: AsyncIterator<T> | undefined;
  let last: T | undefined;
  const next = async (): Promise<IteratorResult<T>> => {
    try {
      current ??= (await open(last))[Symbol.asyncIterator]();
      return await current.next();
    } catch (error) {
      current = undefined;
      throw error;
    }
  };
  try {
    for (;;) {
      const result = await retry(next, options);
      if (result.done) return;
      yield last = result.value;
    }
  } finally {
    await current?.return?.();
  }
}

/** Options with the signal of a call, which ends the pauses too; if both have one, either does. */
function forCall(options: RetryOptions, call: HeadOptions): RetryOptions {
  const signals = [options.signal, call.signal].filter((signal) => signal !== undefined);
  return { ...options, signal: signals.length === 2 ? AbortSignal.any(signals) : signals[0] };
}
