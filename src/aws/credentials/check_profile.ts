/**
 * Checks of the AWS profile, with clearer messages than those of the SDK.
 *
 * @module
 */

import { type Environment, readVariable } from "./profile.ts";

/** The settings of profiles, by name. */
type Profiles = Readonly<Record<string, Readonly<Record<string, string | undefined>> | undefined>>;

/**
 * Checks that the profile in use exists, and that its credentials can be loaded.
 *
 * @throws {Error} A `CredentialsProviderError`, as the SDK's are, if it cannot be used.
 */
export async function checkProfile(env: Environment): Promise<void> {
  const named = readVariable(env, "AWS_PROFILE");
  const profiles = await readProfiles();
  if (profiles === undefined) return; // no permission to look
  const name = named || "default";
  if (named && profiles[name] === undefined) {
    throw refusal(
      `there is no AWS profile ${
        JSON.stringify(named)
      }, which AWS_PROFILE names, in ~/.aws/config ` +
        "or ~/.aws/credentials",
    );
  }
  const program = profileWithProgram(profiles, name);
  if (program !== undefined && !mayRunPrograms()) {
    throw refusal(
      `the AWS profile ${
        JSON.stringify(program)
      } gets its credentials from credential_process, and ` +
        "triton runs no programs: run it with the output of aws configure export-credentials " +
        `--profile ${name} --format env`,
    );
  }
}

async function readProfiles(): Promise<Profiles | undefined> {
  try {
    const { parseKnownFiles } = await import("@smithy/core/config");
    return await parseKnownFiles({ ignoreCache: true });
  } catch {
    return undefined;
  }
}

/** The profile that needs a program, among those that this one gets its credentials from. */
function profileWithProgram(profiles: Profiles, name: string): string | undefined {
  for (const seen = new Set<string>(); !seen.has(name);) {
    seen.add(name);
    const profile = profiles[name] ?? {};
    // The order of the SDK: a role before keys, keys before a program.
    const source = profile.role_arn === undefined ? undefined : profile.source_profile;
    if (source === undefined) {
      const { aws_access_key_id, web_identity_token_file, credential_process } = profile;
      if (aws_access_key_id !== undefined || web_identity_token_file !== undefined) {
        return undefined;
      }
      return credential_process === undefined ? undefined : name;
    }
    name = source;
  }
  return undefined;
}

/** Whether programs can be run: not by the executable; as a library, it depends. */
function mayRunPrograms(): boolean {
  if (globalThis.Deno?.permissions === undefined) return true;
  return Deno.permissions.querySync({ name: "run" }).state === "granted";
}

function refusal(message: string): Error {
  return Object.assign(new Error(message), { name: "CredentialsProviderError" });
}
