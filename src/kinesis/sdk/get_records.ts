/**
 * Sends GetRecords, without the SDK's parser and, after the first request, without the SDK.
 *
 * The SDK walks its schema for every field of every record, which takes 5 µs a record, and it holds
 * the body, its text and all of its parts at once, 30 MB for each shard that is far behind. Here the
 * body is left to be read by `response_reader.ts`.
 *
 * @module
 */

import type { Kinesis } from "@aws-sdk/client-kinesis";
import {
  FetchHandler,
  type WireRequest,
  type WireResponse as HttpResponse,
} from "../../aws/http/fetch_handler.ts";
import { RequestSigner } from "../../aws/request_signer.ts";
import { EMPTY_RESPONSE, type WireResponse } from "./response_reader.ts";

/** The input of GetRecords. */
export interface GetRecordsInput {
  readonly ShardIterator: string;
  readonly Limit: number;
  /** The stream, if it is named by its ARN. */
  readonly StreamARN?: string;
}

/** The SDK's options of a request. */
interface Settings {
  readonly abortSignal?: AbortSignal;
}

/** What all requests have in common. */
interface Route {
  /** A request of the SDK. */
  readonly request: WireRequest;
  readonly signer: RequestSigner;
}

/**
 * Sends GetRecords.
 *
 * A request takes the SDK ten middlewares and an endpoint by rules, a third of the CPU time of a
 * reader of idle shards. So the SDK makes only the first request; the next ones go to the same place
 * with another body. A response that is not a success is passed to the SDK as if it had sent the
 * request, and it makes the next request again: errors, a wrong clock and expired credentials stay
 * its concern.
 */
export class RecordsGetter {
  readonly #client: Kinesis;
  #route: Route | undefined;

  /** Creates a getter; if the client's request handler is not ours, the SDK makes every request. */
  constructor(client: Kinesis) {
    this.#client = client;
  }

  /**
   * Sends a request.
   *
   * @param settings The SDK's options, such as `abortSignal`.
   * @returns The response, whose body must be read or cancelled.
   */
  async get(input: GetRecordsInput, settings: Settings): Promise<WireResponse> {
    const { requestHandler } = this.#client.config;
    const route = this.#route;
    if (route === undefined || !(requestHandler instanceof FetchHandler)) {
      return await this.#sendBySdk(input, settings);
    }
    const request = await this.#requestFor(input, route);
    const { response } = await requestHandler.handle(request, { ...settings, streamsBody: true });
    if (isSuccess(response)) return response as WireResponse;
    this.#route = undefined;
    return await this.#sendBySdk(input, settings, response);
  }

  /** @param received The response to the request, which is then not sent. */
  async #sendBySdk(
    input: GetRecordsInput,
    settings: Settings,
    received?: HttpResponse,
  ): Promise<WireResponse> {
    const { GetRecordsCommand } = await import("@aws-sdk/client-kinesis");
    const command = new GetRecordsCommand(input);
    let response: WireResponse | undefined;
    command.middlewareStack.add((next) => async (args) => {
      const result = received === undefined ? await next(args) : { response: received } as never;
      received = undefined;
      const wire = result.response as WireResponse;
      if (isSuccess(wire)) {
        this.#route ??= routeOf(args.request as WireRequest);
        response = { ...wire };
        wire.body = EMPTY_RESPONSE; // for the SDK to read
      }
      return result;
    }, { step: "deserialize", priority: "low", name: "tritonGetRecords" });
    const options = { ...settings, streamsBody: true };
    await this.#client.send(command, options);
    return response ?? { statusCode: 200, headers: {}, body: EMPTY_RESPONSE };
  }

  async #requestFor(
    input: GetRecordsInput,
    { request, signer }: Route,
  ): Promise<WireRequest> {
    const { credentials, systemClockOffset } = this.#client.config;
    const { method, path, headers: { host } } = request;
    const body = JSON.stringify(input);
    const now = Date.now() + systemClockOffset;
    const signable = { method, host: host!, path, now, body, headers: pick(request, SIGNED) };
    const headers = { ...signer.sign(signable, await credentials()), ...pick(request, UNSIGNED) };
    return { ...request, headers, body };
  }
}

/** The headers of the SDK's request that are repeated. */
const [SIGNED, UNSIGNED] = [["content-type", "x-amz-target"], ["user-agent"]];

/** All of its headers, unless there is anything special about it. */
const KNOWN_HEADERS: ReadonlySet<string> = new Set([
  ...SIGNED,
  ...UNSIGNED,
  "amz-sdk-invocation-id",
  "amz-sdk-request",
  "authorization",
  "content-length",
  "host",
  "x-amz-content-sha256",
  "x-amz-date",
  "x-amz-security-token",
  "x-amz-user-agent",
]);

/** Reads the route off a signed request; undefined if there is anything special about it. */
function routeOf(request: WireRequest): Route | undefined {
  const { headers, path, query = {} } = request;
  const signer = RequestSigner.like(headers.authorization, "kinesis");
  const isKnown = path === "/" && Object.keys(query).length === 0 &&
    Object.keys(headers).every((name) => KNOWN_HEADERS.has(name)) &&
    [...SIGNED, ...UNSIGNED, "host"].every((name) => headers[name] !== undefined);
  return signer !== undefined && isKnown ? { request, signer } : undefined;
}

function pick({ headers }: WireRequest, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, headers[name]!]));
}

/** As in the SDK. */
function isSuccess({ statusCode }: Pick<WireResponse, "statusCode">): boolean {
  return statusCode < 300;
}
