import { type OpenedObjectStore, openObjectStore } from "../../src/objects/mod.ts";
import { answerS3, parseS3Request, S3Bucket, type S3Request } from "./s3_operations.ts";

/** Answers a request, or leaves it to the server, at once or after what it does itself. */
export type S3Lie = (
  request: S3Request,
  serve: () => Promise<Response>,
) => Promise<Response>;

/** A bucket in this process, and the real S3 store on it: only `fetch` is another one. */
export interface S3InProcess extends AsyncDisposable {
  /** The objects that are there. */
  readonly bucket: S3Bucket;
  /** The store, as workers have it. */
  readonly store: OpenedObjectStore;
  /** What happens to requests; undefined as long as the server is an honest one. */
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

/** An answer with a body as the network has it: Deno cannot read those of other answers into buffers. */
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
