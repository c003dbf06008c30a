/**
 * Credentials that are read again while a program runs.
 *
 * @module
 */

import process from "node:process";
import { getLogger } from "@logtape/logtape";
import { keepSecrets } from "../../base/secrets.ts";
import { checkProfile } from "./check_profile.ts";
import { type Environment, readVariable } from "./profile.ts";

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
  /** Where the SDK has found them. */
  readonly $source?: object | undefined;
}

/** Finds credentials where the AWS command line does; asked each time anew, files included. */
export type FindCredentials = (settings: object, caller: object | undefined) => Promise<Identity>;

/** Keys that do not say when they end are looked for again after so long, in milliseconds. */
const REREAD_MS = 10_000;
/** Keys that end soon are looked for no more often. */
const LEAST_MS = 1_000;
/** Keys are replaced so long before they end. */
const HEADROOM_MS = 5 * 60_000;

/** What services say of keys that have ended, were replaced or deleted. */
const REFUSALS: ReadonlySet<string> = new Set([
  "ExpiredToken",
  "ExpiredTokenException",
  "InvalidAccessKeyId",
  "InvalidClientTokenId",
  "InvalidToken",
  "TokenRefreshRequired",
  "UnrecognizedClientException",
]);

/** Options of {@linkcode RenewedCredentials}. */
export interface RenewedCredentialsOptions {
  /** Finds credentials. Default: the SDK's own way. */
  readonly find?: FindCredentials;
  /** The time, in milliseconds since the Unix epoch, as the keys' end has it. */
  readonly now?: () => number;
  /** The environment, which the SDK's own way takes from the process. */
  readonly env?: Environment;
}

/** An SDK client's credentials: found, renewed, and kept out of what is printed. */
export class RenewedCredentials {
  readonly #find: FindCredentials;
  #current: Identity | undefined;
  #readAt = -Infinity;
  #hasWorked = false;
  /** What finding them failed with. */
  readonly #failures = new WeakSet<object>();

  readonly #now: () => number;
  readonly #env: Environment;

  /** Creates credentials that are found when they are needed. */
  constructor({ find, now = Date.now, env = process.env }: RenewedCredentialsOptions = {}) {
    this.#env = env;
    this.#find = find ?? ((settings, caller) => findCredentials(env, settings, caller));
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

  /** Notes that a request with this `authorization` header succeeded. */
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
    const isOurs = typeof error === "object" && error !== null && this.#failures.has(error);
    if (!isOurs && !isRefusal(error)) return false;
    this.#readAt = -Infinity;
    return this.#hasWorked && !isFromEnvironment(this.#env);
  }

  async #get(settings: object, caller: object | undefined): Promise<Identity> {
    const current = this.#current;
    if (current !== undefined && !this.#isDue(current)) return current;
    const isRefused = this.#readAt === -Infinity;
    try {
      const found = trimmed(await this.#find(settings, caller));
      keepSecrets("AWS", [found.secretAccessKey, found.sessionToken]);
      this.#current = found;
    } catch (error) {
      // Where new ones cannot be had just now, the ones that still hold will do.
      if (current === undefined || isRefused || this.#hasEnded(current)) throw this.#failure(error);
    }
    this.#readAt = this.#now();
    return this.#current!;
  }

  #failure(error: unknown): unknown {
    if (typeof error === "object" && error !== null) this.#failures.add(error);
    return error;
  }

  #isDue(identity: Identity): boolean {
    const age = this.#now() - this.#readAt;
    if (age === Infinity) return true; // they were refused
    if (identity.expiration === undefined) return age >= REREAD_MS && !isOfProgram(identity);
    return identity.expiration.getTime() - this.#now() < HEADROOM_MS && age >= LEAST_MS;
  }

  #hasEnded({ expiration }: Identity): boolean {
    return expiration !== undefined && expiration.getTime() <= this.#now();
  }
}

/** Whether a program gave the keys, which may ask somebody for a code each time. */
function isOfProgram({ $source = {} }: Identity): boolean {
  return "CREDENTIALS_PROCESS" in $source || "CREDENTIALS_PROFILE_PROCESS" in $source;
}

/** What the SDK's errors have in common. */
interface SdkError {
  readonly name?: string;
  readonly Code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

function isRefusal(error: unknown): boolean {
  const { name = "", Code = "", $metadata } = (error ?? {}) as SdkError;
  // A HEAD has no body to say more in.
  return REFUSALS.has(name) || REFUSALS.has(Code) ||
    name === "Unknown" && $metadata?.httpStatusCode === 400;
}

/** Whether the keys are those of `AWS_ACCESS_KEY_ID`; the SDK prefers a profile that is named. */
function isFromEnvironment(env: Environment): boolean {
  const isSet = (name: string) => !!readVariable(env, name);
  return isSet("AWS_ACCESS_KEY_ID") && isSet("AWS_SECRET_ACCESS_KEY") && !isSet("AWS_PROFILE");
}

let isWarned = false;

async function findCredentials(
  env: Environment,
  settings: object,
  caller: object | undefined,
): Promise<Identity> {
  if (!isFromEnvironment(env)) await checkProfile(env);
  if (!isWarned && readVariable(env, "AWS_PROFILE")) warnOfKeys(env);
  const { defaultProvider } = await import("@aws-sdk/credential-provider-node");
  return await defaultProvider({ ...settings, ignoreCache: true, logger: SILENT })(caller);
}

/** The SDK would print nine lines of its own. */
function warnOfKeys(env: Environment): void {
  if (!readVariable(env, "AWS_ACCESS_KEY_ID")) return;
  isWarned = true;
  const profile = readVariable(env, "AWS_PROFILE");
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
