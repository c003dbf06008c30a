/**
 * The environment and the AWS profile, as far as Triton looks at them itself.
 *
 * @module
 */

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads a variable; undefined where the process may not read it. */
export function readVariable(env: Environment, name: string): string | undefined {
  try {
    return env[name];
  } catch {
    return undefined; // Deno's process.env throws
  }
}

/** What the files `~/.aws/config` and `~/.aws/credentials` say, as far as it is used here. */
export interface ProfileFiles {
  /** The settings of the profile in use; none if there is no such profile. */
  readonly profile: Readonly<Record<string, string | undefined>>;
  /** All sections of `~/.aws/config`, by kind and name, as in `services.local`. */
  readonly sections: Readonly<Record<string, Readonly<Record<string, string | undefined>>>>;
}

/**
 * Reads the profile in use, as the SDK does: with `AWS_PROFILE`, `AWS_CONFIG_FILE` and
 * `AWS_SHARED_CREDENTIALS_FILE`.
 *
 * @param env The environment.
 */
export async function readProfile(env: Environment): Promise<ProfileFiles> {
  const filepath = readVariable(env, "AWS_SHARED_CREDENTIALS_FILE");
  const configFilepath = readVariable(env, "AWS_CONFIG_FILE");
  const name = readVariable(env, "AWS_PROFILE") || "default";
  try {
    const { loadSharedConfigFiles } = await import("@smithy/core/config");
    const { configFile, credentialsFile } = await loadSharedConfigFiles({
      ...(filepath ? { filepath } : {}),
      ...(configFilepath ? { configFilepath } : {}),
    });
    return { profile: { ...configFile[name], ...credentialsFile[name] }, sections: configFile };
  } catch {
    return { profile: {}, sections: {} }; // may not be looked for
  }
}
