/**
 * What all of Triton's SDK clients have in common.
 *
 * @module
 */

import process from "node:process";
import { loadCaCertificates } from "./http/ca_certificates.ts";
import { type SkewedClient, watchClock } from "./clock_skew.ts";
import { type Identity, RenewedCredentials } from "./credentials/credentials.ts";
import {
  FetchHandler,
  type WireOptions,
  type WireRequest,
  type WireResponse,
} from "./http/fetch_handler.ts";
import type { Environment } from "./credentials/profile.ts";

/** Sends requests, and knows whether the credentials that they are signed with have worked. */
class SigningHandler extends FetchHandler {
  readonly credentials = new RenewedCredentials();

  override async handle(
    request: WireRequest,
    options?: WireOptions,
  ): Promise<{ response: WireResponse }> {
    const response = await super.handle(request, options);
    const { statusCode } = response.response;
    if (statusCode < 300) this.credentials.worked(request.headers.authorization);
    return response;
  }
}

/** Options of {@linkcode clientSettings}. */
export interface ClientSettingsOptions {
  /** The environment. Default: the process's own. */
  readonly env?: Environment | undefined;
  /** Longest time without a byte in either direction, in milliseconds. */
  readonly silenceTimeoutMs: number;
  /** Called with the service's time, to the second, of each response. */
  readonly onServerTime?: ((time: Date) => void) | undefined;
  /** Called with the region that a bucket is in when a request went to another one. */
  readonly onBucketRegion?: ((region: string) => void) | undefined;
}

/** Settings for the constructor of an SDK client. */
export interface ClientSettings {
  /** Retries are Triton's own: it counts, logs and obeys the signal. */
  readonly maxAttempts: 1;
  /** Sends the client's requests, and those to STS and SSO that get its credentials. */
  readonly requestHandler: FetchHandler;
  /** What the client passes on to the clients that get its credentials. */
  readonly clientConfig: { readonly requestHandler: FetchHandler };
  /** Finds the credentials, where none are given. */
  readonly credentialDefaultProvider: (settings: object) => () => Promise<Identity>;
}

/**
 * Makes the settings that each SDK client gets: one way to send requests, with the private CAs of
 * the environment.
 *
 * Two kinds of credentials are got another way, by the SDK's own requests over plain HTTP: those of
 * instances and of containers, from an address of the machine itself, where no proxy may be between.
 *
 * @param options The limits, and where the CAs are found.
 * @returns The settings; the client closes the handler when it is destroyed.
 * @throws {ConfigError} If a file of certificates cannot be read.
 */
export async function clientSettings(options: ClientSettingsOptions): Promise<ClientSettings> {
  const { env = process.env, ...others } = options;
  const caCertificates = await loadCaCertificates(env);
  const requestHandler = new SigningHandler({ ...others, caCertificates });
  const { credentials } = requestHandler;
  return {
    maxAttempts: 1,
    requestHandler,
    clientConfig: { requestHandler },
    credentialDefaultProvider: (settings) => credentials.provider(settings),
  };
}

/**
 * Makes a client find out once what it says of itself: the SDK asks the machine before each request.
 *
 * @param client The client.
 * @returns The client.
 */
export function knowingItself<T extends KnowsItself>(client: T): T {
  const { config } = client;
  const find = config.defaultUserAgentProvider;
  let found: ReturnType<typeof find> | undefined;
  config.defaultUserAgentProvider = (...args) => found ??= find(...args);
  return client;
}

/** A client of the SDK, as far as it matters here. */
interface KnowsItself {
  readonly config: {
    defaultUserAgentProvider: (...args: never[]) => Promise<unknown>;
  };
}

/**
 * Watches a client from before a request.
 *
 * @param client The client, whose settings are those of {@linkcode clientSettings} or others.
 * @returns Whether a refusal of the request may pass: the SDK has set its clock since, or the
 * credentials have ended, and others can take their place.
 */
export function watchRefusals(client: SkewedClient): (error: unknown) => boolean {
  const isClockSet = watchClock(client);
  const { requestHandler } = client.config;
  return (error) =>
    isClockSet() ||
    requestHandler instanceof SigningHandler && requestHandler.credentials.failed(error);
}
