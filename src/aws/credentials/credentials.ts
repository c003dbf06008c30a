import process from "node:process";
import { getLogger } from "@logtape/logtape";
import { keepSecrets } from "../../base/secrets.ts";
import type { SdkError } from "../sdk_error.ts";
import { checkProfile } from "./check_profile.ts";
import { type Environment, readVariable } from "./profile.ts";

const log = getLogger(["triton", "aws"]);

/** Keys to sign with, as the SDK has them. */
export interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** When temporary keys expire, if known. */
  readonly expiration?: Date | undefined;
  /** Where the SDK found them. */
  readonly $source?: object | undefined;
}

/** Finds credentials where the AWS CLI does; reads everything again on each call, files included. */
export type FindCredentials = (settings: object, caller: object | undefined) => Promise<Identity>;

/** Keys without an expiration are read again after this time, in milliseconds. */
const REREAD_MS = 10_000;
/** Keys that expire soon are not read more often than this, in milliseconds. */
const LEAST_MS = 1_000;
/** Keys are replaced so long before they end. */
const HEADROOM_MS = 5 * 60_000;

/** Codes of services for keys that have expired, were replaced or deleted. */
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
  /** The environment; the SDK itself uses that of the process. */
  readonly env?: Environment;
}

/** An SDK client's credentials: found, renewed, and masked in what is printed. */
export class RenewedCredentials {
  readonly #find: FindCredentials;
  #current: Identity | undefined;
  #readAt = -Infinity;
  #hasWorked = false;
  /** The errors of finding them. */
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
   * Gives the current credentials to an SDK client, which asks before each request: they are marked
   * as expired, so that the client does not keep them.
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
   * Notes a failed request, so that refused credentials are read again.
   *
   * @returns Whether a retry may succeed: credentials that have worked may be replaced by new ones at
   * the same place. The environment of a process cannot change.
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

/** Whether a program provided the keys: it may ask for a code each time. */
function isOfProgram({ $source = {} }: Identity): boolean {
  return "CREDENTIALS_PROCESS" in $source || "CREDENTIALS_PROFILE_PROCESS" in $source;
}

function isRefusal(error: unknown): boolean {
  const { name = "", Code = "", $metadata } = (error ?? {}) as Partial<SdkError> & {
    Code?: string;
  };
  // The response to a HEAD has no body with a code.
  return REFUSALS.has(name) || REFUSALS.has(Code) ||
    name === "Unknown" && $metadata?.httpStatusCode === 400;
}

/** Whether the keys are those of `AWS_ACCESS_KEY_ID`; the SDK prefers a named profile. */
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

/** The SDK would print nine lines. */
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

/** Keys without the newline at the end of many files and Kubernetes secrets. */
function trimmed(identity: Identity): Identity {
  const { accessKeyId, secretAccessKey, sessionToken } = identity;
  return {
    ...identity,
    accessKeyId: accessKeyId.trim(),
    secretAccessKey: secretAccessKey.trim(),
    ...sessionToken === undefined ? {} : { sessionToken: sessionToken.trim() },
  };
}
