/**
 * Credentials that are read again while a program runs.
 *
 * @module
 */

import process from "node:process";
import { getLogger } from "@logtape/logtape";
import { keepSecrets } from "../secrets.ts";
import { checkProfile } from "./check_profile.ts";
import { readVariable } from "./profile.ts";

const log = getLogger(["triton", "aws"]);

/** Keys to sign with, as the SDK has them. */
export interface Identity {
  /** The access key's identifier. */
  readonly accessKeyId: string;
  /** The secret access key. */
  readonly secretAccessKey: string;
  /** The session token of temporary keys. */
  readonly sessionToken?: string | undefined;
  /** When temporary keys end, where that is known. */
  readonly expiration?: Date | undefined;
}

/** Finds credentials where the AWS command line does; asked each time anew, files included. */
export type FindCredentials = (settings: object, caller: object | undefined) => Promise<Identity>;

/** Keys that do not say when they end are looked for again after so long, in milliseconds. */
const REREAD_MS = 10_000;
/** Keys that end soon are looked for no more often. */
const LEAST_MS = 1_000;
/** Keys are replaced so long before they end. */
const HEADROOM_MS = 5 * 60_000;

/** What services say of keys that have ended, were replaced or deleted; HEAD says no more than 400. */
const REFUSALS: ReadonlySet<string> = new Set([
  "400",
  "BadRequest",
  "CredentialsProviderError",
  "ExpiredToken",
  "ExpiredTokenException",
  "InvalidAccessKeyId",
  "InvalidClientTokenId",
  "InvalidToken",
  "TokenRefreshRequired",
  "UnrecognizedClientException",
]);

/** An SDK client's credentials: found, renewed, and kept out of what is printed. */
export class RenewedCredentials {
  readonly #find: FindCredentials;
  #current: Identity | undefined;
  #readAt = -Infinity;
  #hasWorked = false;

  readonly #now: () => number;

  /**
   * Creates credentials that are found when they are needed.
   *
   * @param find Finds credentials. Default: the SDK's own way.
   * @param now The time, in milliseconds since the Unix epoch, as the keys' end has it.
   */
  constructor(find: FindCredentials = findCredentials, now: () => number = Date.now) {
    this.#find = find;
    this.#now = now;
  }

  /**
   * Gives the credentials of this moment to an SDK client, which asks before each request: they seem
   * to have expired, so that it keeps none.
   *
   * @param settings The client's settings.
   */
  provider(settings: object): (caller?: object) => Promise<Identity> {
    return async (caller) => ({ ...await this.#get(settings, caller), expiration: new Date(0) });
  }

  /** Learns that a request with this `authorization` header was answered as it should be. */
  worked(authorization: string | undefined): void {
    const { accessKeyId } = this.#current ?? {};
    if (accessKeyId && authorization?.includes(accessKeyId)) this.#hasWorked = true;
  }

  /**
   * Learns of a failed request, so that credentials that were refused are looked for again.
   *
   * @returns Whether the refusal may pass: somebody writes new credentials where those were that have
   * worked. Nobody can do that to the environment of a process.
   */
  failed(error: unknown): boolean {
    const { name, Code } = (error ?? {}) as { readonly name?: string; readonly Code?: string };
    if (!REFUSALS.has(name ?? "") && !REFUSALS.has(Code ?? "")) return false;
    this.#readAt = -Infinity;
    return this.#hasWorked && !isFromEnvironment();
  }

  async #get(settings: object, caller: object | undefined): Promise<Identity> {
    if (this.#current !== undefined && !this.#isDue(this.#current)) return this.#current;
    const found = trimmed(await this.#find(settings, caller));
    keepSecrets("AWS", [found.secretAccessKey, found.sessionToken]);
    this.#readAt = this.#now();
    return this.#current = found;
  }

  #isDue({ expiration }: Identity): boolean {
    const age = this.#now() - this.#readAt;
    if (expiration === undefined) return age >= REREAD_MS;
    return expiration.getTime() - this.#now() < HEADROOM_MS && age >= LEAST_MS || age === Infinity;
  }
}

/** Whether the keys are those of `AWS_ACCESS_KEY_ID`; the SDK prefers a profile that is named. */
function isFromEnvironment(): boolean {
  const isSet = (name: string) => !!readVariable(process.env, name);
  return isSet("AWS_ACCESS_KEY_ID") && isSet("AWS_SECRET_ACCESS_KEY") && !isSet("AWS_PROFILE");
}

let isWarned = false;

async function findCredentials(settings: object, caller: object | undefined): Promise<Identity> {
  if (!isFromEnvironment()) await checkProfile(process.env);
  if (!isWarned && readVariable(process.env, "AWS_PROFILE")) warnOfKeys();
  const { defaultProvider } = await import("@aws-sdk/credential-provider-node");
  return await defaultProvider({ ...settings, ignoreCache: true, logger: SILENT })(caller);
}

/** The SDK would print nine lines of its own. */
function warnOfKeys(): void {
  if (!readVariable(process.env, "AWS_ACCESS_KEY_ID")) return;
  isWarned = true;
  const profile = readVariable(process.env, "AWS_PROFILE");
  log.warn("AWS_PROFILE and AWS_ACCESS_KEY_ID are both set: profile {profile} is used", {
    event: "credentials.ambiguous",
    profile,
  });
}

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** Keys without the newline that a file or a secret of Kubernetes often ends with. */
function trimmed(identity: Identity): Identity {
  const { accessKeyId, secretAccessKey, sessionToken } = identity;
  return {
    ...identity,
    accessKeyId: accessKeyId.trim(),
    secretAccessKey: secretAccessKey.trim(),
    ...sessionToken === undefined ? {} : { sessionToken: sessionToken.trim() },
  };
}
