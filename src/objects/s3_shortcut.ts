/**
 * A shorter way for the requests that Triton makes most: GET and HEAD of an object.
 *
 * For each object of one bucket the SDK resolves the endpoint, copies its configuration and walks
 * thirty middlewares, which takes more CPU than the request itself. So the SDK makes the first
 * request, be it a listing; the next ones go to the same place with another key, signed here and
 * sent by `fetch`. Any answer but success is handed to the SDK as if it had asked, and where none came
 * it asks: how errors are called, where redirects lead, whom to trust and how far the clock is off
 * stays its matter.
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
import { Readable } from "node:stream";
import { tellServerTime } from "../server_time.ts";
import { fetchObject, type ShortAnswer } from "./fetch_object.ts";
import { SignerV4 } from "./sign_v4.ts";

/** A request as the SDK's connection handler takes it, as far as it matters here. */
interface WireRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
}

/** How to treat the server. */
export interface ShortcutOptions {
  /** Gives up on a request when nothing comes for this long, in milliseconds. */
  readonly silenceTimeoutMs: number;
  /** Told the service's time, to the second, with each answer. */
  readonly onServerTime?: ((time: Date) => void) | undefined;
}

type ObjectCommand = GetObjectCommand | HeadObjectCommand;
type ObjectOutput = GetObjectCommandOutput | HeadObjectCommandOutput;

interface SendOptions {
  readonly abortSignal?: AbortSignal | undefined;
}

/** What all requests for objects of a bucket have in common. */
interface Way {
  readonly bucket: string;
  /** A request as the SDK made it: where the server is, and the headers, are taken from it. */
  readonly request: WireRequest;
  /** What stands before the key in the path. */
  readonly folder: string;
  readonly signer: SignerV4;
}

/**
 * Makes a client take the shorter way once a request of its own has shown it.
 *
 * The client must be Triton's own: middlewares that somebody else added are passed by, and so is
 * its connection handler.
 *
 * @param client The client; its `send` is replaced.
 * @param commands The SDK's classes, which this file does not load.
 * @param options How to treat the server.
 */
export function takeShortcuts(
  client: S3Client,
  commands: Pick<typeof import("@aws-sdk/client-s3"), "GetObjectCommand" | "HeadObjectCommand">,
  options: ShortcutOptions,
): void {
  const shortcut = new Shortcut(client, options);
  const send = client.send.bind(client) as (...args: unknown[]) => Promise<unknown>;
  client.send =
    ((command: unknown, ...rest: unknown[]) =>
      command instanceof commands.GetObjectCommand
        ? shortcut.send("GET", command, rest[0] as SendOptions)
        : command instanceof commands.HeadObjectCommand
        ? shortcut.send("HEAD", command, rest[0] as SendOptions)
        : send(command, ...rest)) as S3Client["send"];
}

/** After so many failures of `fetch` alone, such as at a certificate that only Node trusts, it is left. */
const MAX_FAILURES = 3;

class Shortcut {
  readonly #client: S3Client;
  readonly #options: ShortcutOptions;
  readonly #sendLong: (command: ObjectCommand, options: SendOptions) => Promise<ObjectOutput>;
  #way: Way | undefined;
  /** How often in a row the SDK got an answer where `fetch` did not. */
  #failures = 0;

  constructor(client: S3Client, options: ShortcutOptions) {
    this.#client = client;
    this.#options = options;
    this.#sendLong = client.send.bind(client) as never;
    client.middlewareStack.add((next, { commandName }) => async (args) => {
      const result = await next(args);
      const { statusCode } = result.response as { statusCode: number };
      if (SHOWING.has(commandName!) && isSuccess(statusCode)) {
        this.#way = this.#wayOf(args.request as WireRequest, args.input as GetObjectCommandInput);
      }
      return result;
    }, { step: "deserialize", priority: "low", name: "tritonShowWay" });
  }

  async send(
    method: "GET" | "HEAD",
    command: ObjectCommand,
    options: SendOptions = {},
  ): Promise<ObjectOutput> {
    const way = this.#way;
    if (way === undefined || this.#failures >= MAX_FAILURES || !fits(way, command.input)) {
      return await this.#sendLong(command, options);
    }
    const failures = this.#failures;
    const answer = await this.#shortSend(way, method, command.input, options);
    if (answer === undefined) return await this.#sendInstead(command, options, failures);
    tellServerTime(answer.headers, this.#options.onServerTime);
    if (isSuccess(answer.statusCode)) return outputOf(method, answer);
    return await this.#sendLong(answering(command, answer), options);
  }

  /** Sends where `fetch` got no answer: that may be the server's fault, or the way may be wrong. */
  async #sendInstead(
    command: ObjectCommand,
    options: SendOptions,
    failuresBefore: number,
  ): Promise<ObjectOutput> {
    const output = await this.#sendLong(command, options);
    // What fails at the same time, as when a server closes all connections, counts once.
    if (this.#failures === failuresBefore) this.#failures++;
    return output;
  }

  /** Sends past the SDK; undefined if no answer came, or none to be relied on. */
  async #shortSend(
    { request, folder, signer }: Way,
    method: "GET" | "HEAD",
    { Key, Range }: GetObjectCommandInput,
    options: SendOptions,
  ): Promise<ShortAnswer | undefined> {
    const { config } = this.#client;
    const path = folder + encodeKey(Key!);
    const host = request.headers.host!;
    const now = Date.now() + config.systemClockOffset;
    const headers = signer.sign({ method, path, host }, await config.credentials(), now);
    headers["user-agent"] = request.headers["user-agent"]!;
    if (Range !== undefined) headers.range = Range;
    const url = `${request.protocol}//${host}${path}`;
    const { silenceTimeoutMs } = this.#options;
    const signal = options.abortSignal;
    try {
      const answer = await fetchObject({ url, method, headers }, { signal, silenceTimeoutMs });
      if (!isFromS3(answer)) {
        await answer.body.cancel();
        return undefined;
      }
      this.#failures = 0;
      return answer;
    } catch {
      signal?.throwIfAborted();
      return undefined;
    }
  }

  /** Reads the way off a request that was signed; undefined if there is anything special about it. */
  #wayOf(request: WireRequest, input: GetObjectCommandInput): Way | undefined {
    const { headers, path } = request;
    const key = encodeKey(input.Key ?? ""); // a listing has none
    const scope = /^AWS4-HMAC-SHA256 Credential=[^,]*\/\d{8}\/([^/,]+)\/s3\/aws4_request,/
      .exec(headers.authorization ?? "");
    const plain = Object.keys(headers).every((name) => KNOWN_HEADERS.has(name)) &&
      path.endsWith(`/${key}`);
    if (scope === null || !plain) return undefined;
    return {
      bucket: input.Bucket!,
      request,
      folder: path.slice(0, path.length - key.length),
      signer: new SignerV4({ region: scope[1]!, service: "s3" }),
    };
  }
}

/** A command that gets an answer instead of asking, the first time that it is sent. */
function answering<T extends ObjectCommand>(command: T, answer: ShortAnswer): T {
  let response: unknown = { ...answer, body: Readable.from(answer.body) };
  const { middlewareStack } = command as GetObjectCommand; // either has it
  middlewareStack.add((next) => (args) => {
    if (response === undefined) return next(args);
    const given = { response } as never;
    response = undefined;
    return Promise.resolve(given);
  }, { step: "deserialize", priority: "low", name: "tritonAnswer" });
  return command;
}

/** The commands whose requests show the way: where the bucket is, and as whom to sign. */
const SHOWING = new Set(["GetObjectCommand", "HeadObjectCommand", "ListObjectsV2Command"]);

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

/** Parts of a key that no URL can have: `fetch` would resolve them. */
const DOTS = /(^|\/)\.\.?(\/|$)/;

function fits(way: Way, { Bucket, Key, Range: _, ...rest }: GetObjectCommandInput): boolean {
  return Bucket === way.bucket && Key !== undefined && Object.keys(rest).length === 0 &&
    !DOTS.test(Key);
}

function isSuccess(status: number): boolean {
  return status === 200 || status === 206;
}

/**
 * Whether an answer is what S3 said: `fetch` may go through a proxy, which has errors and pages of its
 * own, and in some versions it decodes a body and takes its length away.
 */
function isFromS3({ statusCode, headers }: ShortAnswer): boolean {
  return isSuccess(statusCode)
    ? headers["etag"] !== undefined && headers["content-length"] !== undefined &&
      headers["content-encoding"] === undefined
    : headers["x-amz-request-id"] !== undefined;
}

/** Percent-encodes a key as S3 signs it: all but letters, digits, `-._~` and the slashes. */
function encodeKey(key: string): string {
  return encodeURIComponent(key).replaceAll("%2F", "/").replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const METADATA = "x-amz-meta-";

/** The parts of an answer that Triton looks at, named as the SDK does. */
function outputOf(
  method: "GET" | "HEAD",
  { statusCode, headers, body }: ShortAnswer,
): ObjectOutput {
  const length = headers["content-length"];
  const modified = headers["last-modified"];
  const output = {
    $metadata: { httpStatusCode: statusCode },
    ContentLength: length === undefined ? undefined : Number(length),
    ETag: headers["etag"],
    LastModified: modified === undefined ? undefined : new Date(modified),
  };
  if (method === "GET") {
    return { ...output, ContentRange: headers["content-range"], Body: body as never };
  }
  const metadata = Object.entries(headers).filter(([name]) => name.startsWith(METADATA))
    .map(([name, value]) => [name.slice(METADATA.length), value]);
  return { ...output, Metadata: Object.fromEntries(metadata) };
}
