/**
 * Makes the reading side of an object store ask again.
 *
 * @module
 */

import { ObjectStoreError } from "../base/errors.ts";
import { retry, type RetryOptions } from "../base/retry.ts";
import { StreamedBody } from "./object_body.ts";
import type {
  FoldersOptions,
  GetOptions,
  ListOptions,
  ObjectBody,
  ObjectInfo,
  ObjectStore,
} from "./object_store.ts";

/**
 * Wraps a store so that reading from it asks again where that can help: a listing goes on after the
 * last key it gave, a body after the last byte. The count of tries begins anew whenever something
 * came. `put` stays as it is: whether a put whose answer was lost may be repeated, and what
 * `"exists"` then means, only the caller knows.
 *
 * @param store The store to read from.
 * @param options How often, and with which pauses; `signal` ends them.
 * @returns A store with the same objects.
 */
export function withRetries(store: ObjectStore, options: RetryOptions): ObjectStore {
  return {
    url: store.url,
    identity: store.identity,
    list: (prefix, listOptions) => listAgain(store, prefix, listOptions ?? {}, options),
    folders: (prefix, foldersOptions) => foldersAgain(store, prefix, foldersOptions ?? {}, options),
    head: (key, headOptions) =>
      retry(() => store.head(key, headOptions), forCall(options, headOptions)),
    get: (key, getOptions) => getAgain(store, key, getOptions ?? {}, options),
    put: (key, body, putOptions) => store.put(key, body, putOptions),
  };
}

async function* listAgain(
  store: ObjectStore,
  prefix: string,
  listOptions: ListOptions,
  options: RetryOptions,
): AsyncGenerator<ObjectInfo> {
  let startAfter = listOptions.startAfter;
  const open = () => {
    const from = startAfter === undefined ? {} : { startAfter };
    return Promise.resolve(store.list(prefix, { ...listOptions, ...from }));
  };
  for await (const info of reopening(open, forCall(options, listOptions))) {
    startAfter = info.key;
    yield info;
  }
}

async function* foldersAgain(
  store: ObjectStore,
  prefix: string,
  foldersOptions: FoldersOptions,
  options: RetryOptions,
): AsyncGenerator<string> {
  let last: string | undefined;
  const open = () => {
    return Promise.resolve(store.folders(prefix, { ...foldersOptions, ...last && { from: last } }));
  };
  for await (const folder of reopening(open, forCall(options, foldersOptions))) {
    if (folder === last) continue;
    last = folder;
    yield folder;
  }
}

async function getAgain(
  store: ObjectStore,
  key: string,
  getOptions: GetOptions,
  options: RetryOptions,
): Promise<ObjectBody> {
  const callOptions = forCall(options, getOptions);
  const first = await retry(() => store.get(key, getOptions), callOptions);
  const chunks = chunksAgain(store, key, { first, getOptions }, callOptions);
  return new StreamedBody(chunks, first.size, first.release?.bind(first));
}

async function* chunksAgain(
  store: ObjectStore,
  key: string,
  { first, getOptions }: { readonly first: ObjectBody; readonly getOptions: GetOptions },
  options: RetryOptions,
): AsyncGenerator<Uint8Array> {
  let { offset, length } = absoluteRange(getOptions, first.size);
  let opened: ObjectBody | undefined = first;
  const open = async (): Promise<ObjectBody> => {
    const body = opened ?? await store.get(key, { ...getOptions, range: { offset, length } });
    opened = undefined;
    if (body.size === first.size) return body;
    throw new ObjectStoreError(`Cannot get ${store.url}/${key}: it changed while it was read`, {
      code: "ObjectChanged",
      retryable: false,
    });
  };
  for await (const chunk of reopening(open, options)) {
    offset += chunk.length;
    length -= chunk.length;
    yield chunk;
  }
}

/** The part asked for, counted from the start of the object. */
function absoluteRange(
  { range }: GetOptions,
  size: number,
): { offset: number; length: number } {
  if (range === undefined) return { offset: 0, length: size };
  const offset = "suffix" in range ? Math.max(0, size - range.suffix) : range.offset;
  const wanted = "suffix" in range ? range.suffix : range.length ?? Infinity;
  return { offset, length: Math.max(0, Math.min(wanted, size - offset)) };
}

/** Yields what `open` gives; where that fails, and asking again can help, opens it anew. */
async function* reopening<T>(
  open: () => Promise<AsyncIterable<T>>,
  options: RetryOptions,
): AsyncGenerator<T> {
  let current: AsyncIterator<T> | undefined;
  const next = async (): Promise<IteratorResult<T>> => {
    try {
      current ??= (await open())[Symbol.asyncIterator]();
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
      yield result.value;
    }
  } finally {
    await current?.return?.();
  }
}

/** The signal of the call ends the pauses too; where both have one, either does. */
function forCall(
  options: RetryOptions,
  call: { readonly signal?: AbortSignal | undefined } | undefined,
): RetryOptions {
  const signals = [options.signal, call?.signal].filter((signal) => signal !== undefined);
  return signals.length === 2
    ? { ...options, signal: AbortSignal.any(signals) }
    : { ...options, signal: signals[0] };
}
