/**
 * A shorter way for the requests that Triton makes most: GET and HEAD of an object.
 *
 * For each object of one bucket the SDK resolves the endpoint, copies its configuration and walks
 * thirty middlewares, which takes more CPU than the request itself. So the SDK makes the first
 * request; the next ones are the same with another key, signed here and sent by the SDK's own
 * connection handler. Any answer but success is handed to the SDK as if it had asked: how errors are
 * called, where redirects lead and how far the clock is off stays its matter.
 *
 * @module
 */

import type {
  GetObjectCommand,
  GetObjectCommandInput,
  GetObjectCommandOutput,
  HeadObjectCommand,
  HeadObjectCommandOutput,
  S3Client,
} from "@aws-sdk/client-s3";
import { SignerV4 } from "./sign_v4.ts";

/** A request as the SDK's connection handler takes it, as far as it matters here. */
interface WireRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
}

/** An answer as the handler gives it. */
interface WireAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
}

type ObjectCommand = GetObjectCommand | HeadObjectCommand;
type ObjectOutput = GetObjectCommandOutput | HeadObjectCommandOutput;

interface SendOptions {
  readonly abortSignal?: AbortSignal | undefined;
}

/** What all requests for objects of a bucket have in common. */
interface Way {
  readonly bucket: string;
  /** A request as the SDK made it: protocol, host and port are taken from it. */
  readonly request: WireRequest;
  /** What stands before the key in the path. */
  readonly folder: string;
  readonly signer: SignerV4;
}

/**
 * Makes a client take the shorter way from its second request for an object on.
 *
 * The client must be Triton's own: middlewares that somebody else added are passed by.
 *
 * @param client The client; its `send` is replaced.
 * @param commands The SDK's classes, which this file does not load.
 */
export function takeShortcuts(
  client: S3Client,
  commands: Pick<typeof import("@aws-sdk/client-s3"), "GetObjectCommand" | "HeadObjectCommand">,
): void {
  const shortcut = new Shortcut(client);
  const send = client.send.bind(client) as (...args: unknown[]) => Promise<unknown>;
  client.send =
    ((command: unknown, ...rest: unknown[]) =>
      command instanceof commands.GetObjectCommand
        ? shortcut.send("GET", command, rest[0] as SendOptions)
        : command instanceof commands.HeadObjectCommand
        ? shortcut.send("HEAD", command, rest[0] as SendOptions)
        : send(command, ...rest)) as S3Client["send"];
}

class Shortcut {
  readonly #client: S3Client;
  readonly #sendLong: (command: ObjectCommand, options: SendOptions) => Promise<ObjectOutput>;
  #way: Way | undefined;

  constructor(client: S3Client) {
    this.#client = client;
    this.#sendLong = client.send.bind(client) as never;
  }

  async send(
    method: "GET" | "HEAD",
    command: ObjectCommand,
    options: SendOptions = {},
  ): Promise<ObjectOutput> {
    const way = this.#way;
    if (way === undefined || !fits(way, command.input)) {
      return await this.#sdkSend(command, options);
    }
    const answer = await this.#shortSend(way, method, command.input, options);
    return await outputOf(method, answer) ?? await this.#sdkSend(command, options, answer);
  }

  async #shortSend(
    { request, folder, signer }: Way,
    method: "GET" | "HEAD",
    { Key, Range }: GetObjectCommandInput,
    options: SendOptions,
  ): Promise<WireAnswer> {
    const { config } = this.#client;
    const path = folder + encodeKey(Key!);
    const host = request.headers.host!;
    const now = Date.now() + config.systemClockOffset;
    const headers = signer.sign({ method, path, host }, await config.credentials(), now);
    headers["user-agent"] = request.headers["user-agent"]!;
    if (Range !== undefined) headers.range = Range;
    const short = { ...request, method, path, headers, query: {} };
    return (await config.requestHandler.handle(short as never, options as never)).response as never;
  }

  /** Sends through the SDK, which shows the way; `answer` is what the first request has got. */
  async #sdkSend(
    command: ObjectCommand,
    options: SendOptions,
    answer?: WireAnswer,
  ): Promise<ObjectOutput> {
    const { middlewareStack } = command as GetObjectCommand; // either has it
    middlewareStack.add((next) => async (args) => {
      const response = answer;
      answer = undefined;
      if (response !== undefined) return { response } as never;
      const result = await next(args);
      const { statusCode } = result.response as WireAnswer;
      if (isSuccess(statusCode)) this.#way = wayOf(args.request as WireRequest, command.input);
      return result;
    }, { step: "deserialize", priority: "low", name: "tritonShortcut" });
    return await this.#sendLong(command, options);
  }
}

/** The headers of a request for an object that need no second look: the rest may mean anything. */
const KNOWN_HEADERS = new Set([
  "amz-sdk-invocation-id",
  "amz-sdk-request",
  "authorization",
  "host",
  "range",
  "user-agent",
  "x-amz-content-sha256",
  "x-amz-date",
  "x-amz-security-token",
  "x-amz-user-agent",
]);

/** Reads the way off a request that was signed; undefined if there is anything special about it. */
function wayOf(request: WireRequest, input: GetObjectCommandInput): Way | undefined {
  const { headers, path, query = {} } = request;
  const key = encodeKey(input.Key!);
  const scope = /^AWS4-HMAC-SHA256 Credential=[^,]*\/\d{8}\/([^/,]+)\/s3\/aws4_request,/
    .exec(headers.authorization ?? "");
  const plain = Object.keys(headers).every((name) => KNOWN_HEADERS.has(name)) &&
    Object.keys(query).every((name) => name === "x-id") && path.endsWith(`/${key}`);
  if (scope === null || !plain) return undefined;
  return {
    bucket: input.Bucket!,
    request,
    folder: path.slice(0, path.length - key.length),
    signer: new SignerV4({ region: scope[1]!, service: "s3" }),
  };
}

function fits(way: Way, { Bucket, Key, Range: _, ...rest }: GetObjectCommandInput): boolean {
  return Bucket === way.bucket && Key !== undefined && Object.keys(rest).length === 0;
}

function isSuccess(status: number): boolean {
  return status === 200 || status === 206;
}

/** Percent-encodes a key as S3 signs it: all but letters, digits, `-._~` and the slashes. */
function encodeKey(key: string): string {
  return encodeURIComponent(key).replaceAll("%2F", "/").replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const METADATA = "x-amz-meta-";

/** The parts of an answer that Triton looks at, named as the SDK does; undefined unless it is one. */
async function outputOf(
  method: "GET" | "HEAD",
  { statusCode, headers, body }: WireAnswer,
): Promise<ObjectOutput | undefined> {
  if (!isSuccess(statusCode)) return undefined;
  const length = headers["content-length"];
  const output = {
    $metadata: { httpStatusCode: statusCode },
    ContentLength: length === undefined ? undefined : Number(length),
  };
  if (method === "GET") {
    return { ...output, ContentRange: headers["content-range"], Body: body as never };
  }
  for await (const _ of body); // none, but the connection is not free before its end
  const metadata = Object.entries(headers).filter(([name]) => name.startsWith(METADATA))
    .map(([name, value]) => [name.slice(METADATA.length), value]);
  return {
    ...output,
    LastModified: new Date(headers["last-modified"]!),
    Metadata: Object.fromEntries(metadata),
  };
}
