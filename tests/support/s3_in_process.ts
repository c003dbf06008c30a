import { type OpenedObjectStore, openObjectStore } from "../../src/objects/mod.ts";
import { answerS3, parseS3Request, S3Bucket, type S3Request } from "./s3_operations.ts";

/** Answers a request, or passes it to the server, optionally after its own work. */
export type S3Lie = (
  request: S3Request,
  serve: () => Promise<Response>,
) => Promise<Response>;

/** A bucket in this process, with the real S3 store on it: only `fetch` is replaced. */
export interface S3InProcess extends AsyncDisposable {
  /** The objects in the bucket. */
  readonly bucket: S3Bucket;
  /** The store for workers. */
  readonly store: OpenedObjectStore;
  /** Intercepts requests; undefined for a correct server. */
  lie: S3Lie | undefined;
}

/**
 * Opens a bucket without any networking.
 *
 * @param now The bucket's time, in milliseconds since the Unix epoch.
 */
export async function openS3InProcess(now: () => number): Promise<S3InProcess> {
  const real = globalThis.fetch;
  const bucket = new S3Bucket();
  const buckets = new Map([["bucket", bucket]]);
  const answer = async (request: Request): Promise<Response> => {
    const parsed = parseS3Request(request);
    const serve = () => answerS3(buckets, parsed, now);
    return await asReceived(await (opened.lie?.(parsed, serve) ?? serve()));
  };
  globalThis.fetch = (input, init) => {
    const { method, headers, body } = init ?? {};
    const request = new Request(input as string, {
      ...(method && { method }),
      ...(headers && { headers }),
      ...(body != null && { body }),
    });
    return answer(request);
  };
  const store = await openObjectStore("s3://bucket", {
    endpoint: "http://s3.invalid",
    env: {},
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
  });
  const opened: S3InProcess = {
    bucket,
    store,
    lie: undefined,
    async [Symbol.asyncDispose]() {
      globalThis.fetch = real;
      await store[Symbol.asyncDispose]();
    },
  };
  return opened;
}

/** A response with a byte stream: Deno cannot read other bodies into buffers. */
async function asReceived(answer: Response): Promise<Response> {
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const body = new ReadableStream({
    type: "bytes",
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
  return new Response(answer.body === null ? null : body, answer);
}
