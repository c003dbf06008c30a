/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads a variable; undefined if the process may not read it. */
export function readVariable(env: Environment, name: string): string | undefined {
  try {
    return env[name];
  } catch {
    return undefined; // Deno's process.env throws
  }
}

/** The contents of `~/.aws/config` and `~/.aws/credentials`, as far as they are used here. */
export interface ProfileFiles {
  /** The settings of the profile in use; empty if it does not exist. */
  readonly profile: Readonly<Record<string, string | undefined>>;
  /** All sections of `~/.aws/config`, by kind and name, as in `services.local`. */
  readonly sections: Readonly<Record<string, Readonly<Record<string, string | undefined>>>>;
}

/**
 * Reads the profile in use, as the SDK does: with `AWS_PROFILE`, `AWS_CONFIG_FILE` and
 * `AWS_SHARED_CREDENTIALS_FILE`.
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
    return { profile: {}, sections: {} }; // no permission to look
  }
}
