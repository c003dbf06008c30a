/** An S3 server of the test's own, and what tests do with it. */

import { ok } from "node:assert/strict";
import { ObjectStoreError } from "../../../src/base/errors.ts";
import { type OpenedObjectStore, openObjectStore } from "../../../src/objects/mod.ts";
import { type S3Server, startS3Server } from "../../support/s3_server.ts";

/** A server with one bucket, and a store in it. */
export interface RunningS3 extends AsyncDisposable {
  readonly server: S3Server;
  readonly store: OpenedObjectStore;
}

/** Starts a server that may answer otherwise, and opens a store in it. */
export async function startS3(options: { readonly region?: string } = {}): Promise<RunningS3> {
  const server = await startS3Server({ buckets: ["bucket"] });
  const store = await openObjectStore("s3://bucket", {
    endpoint: server.url,
    env: {},
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    ...options,
  });
  return {
    server,
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Does each thing that a store can do, with object "a". */
export const OPERATIONS: Readonly<
  Record<"list" | "head" | "get" | "put", (store: OpenedObjectStore) => Promise<unknown>>
> = {
  list: (store) => Array.fromAsync(store.list("")),
  head: (store) => store.head("a"),
  get: async (store) => (await store.get("a")).bytes(),
  put: (store) => store.put("a", new Uint8Array(9), { ifAbsent: true }),
};

/** The error that something must fail with. */
export async function errorOf(promise: Promise<unknown>): Promise<ObjectStoreError> {
  const error = await promise.then(() => undefined, (error) => error);
  ok(error instanceof ObjectStoreError, `${error}`);
  return error;
}
