import { readFile } from "node:fs/promises";
import { ConfigError } from "../base/errors.ts";

/**
 * Reads the text of a configuration file.
 *
 * @param path Path of the file, which is UTF-8 text.
 * @throws {ConfigError} If the file cannot be read, or is not UTF-8.
 */
export async function readConfigFile(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new ConfigError(`Cannot read the configuration: ${readFailure(cause)}`, { path, cause });
  }
  return decodeConfig(bytes, path);
}

function readFailure(cause: unknown): string {
  const code = (cause as { code?: unknown }).code;
  if (code === "ENOENT") return "no such file";
  if (code === "EISDIR") return "it is a directory";
  if (code === "EACCES") return "permission denied";
  return cause instanceof Error ? cause.message : String(cause);
}

/**
 * Decodes the text of a configuration.
 *
 * @param path Path of its file, for the error.
 * @throws {ConfigError} If it is not UTF-8.
 */
export function decodeConfig(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ConfigError("Cannot read the configuration: it is not UTF-8 text", { path, cause });
  }
}
