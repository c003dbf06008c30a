import process from "node:process";
import { loadCaCertificates } from "./http/ca_certificates.ts";
import { type Identity, RenewedCredentials } from "./credentials/credentials.ts";
import {
  FetchHandler,
  type FetchHandlerOptions,
  type WireOptions,
  type WireRequest,
  type WireResponse,
} from "./http/fetch_handler.ts";
import type { Environment } from "./credentials/profile.ts";

/** Sends requests, and notes whether their credentials have worked. */
export class SigningHandler extends FetchHandler {
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
export interface ClientSettingsOptions extends Omit<FetchHandlerOptions, "caCertificates"> {
  /** The environment. Default: the process's own. */
  readonly env?: Environment | undefined;
}

/** Settings for the constructor of an SDK client. */
export interface ClientSettings {
  /** Triton retries itself: it counts, logs and obeys the signal. */
  readonly maxAttempts: 1;
  /** Sends the client's requests, and those to STS and SSO that get its credentials. */
  readonly requestHandler: FetchHandler;
  /** What the client passes on to the clients that get its credentials. */
  readonly clientConfig: { readonly requestHandler: FetchHandler };
  /** Finds the credentials, unless they are given. */
  readonly credentialDefaultProvider: (settings: object) => () => Promise<Identity>;
}

/**
 * Makes the settings of an SDK client: its request handler, with the private CAs of the environment.
 *
 * The SDK itself requests the credentials of instances and of containers, over plain HTTP from an
 * address of the machine, without a proxy.
 *
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

/** Makes a client find its user agent once: the SDK asks the machine before each request. */
export function knowingItself<T extends KnowsItself>(client: T): T {
  const { config } = client;
  const find = config.defaultUserAgentProvider;
  let found: ReturnType<typeof find> | undefined;
  config.defaultUserAgentProvider = (...args) => found ??= find(...args);
  return client;
}

/** The part of an SDK client that is used here. */
interface KnowsItself {
  readonly config: {
    defaultUserAgentProvider: (...args: never[]) => Promise<unknown>;
  };
}
