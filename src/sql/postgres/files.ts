import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { Environment, PostgresHost, PostgresSettings } from "./settings.ts";

const PASSWORD_FILE = ".pgpass";

/** A file in the user's home directory. Undefined if there is no home directory. */
export function homeFile(env: Environment, ...path: string[]): string | undefined {
  const home = env("HOME") || env("USERPROFILE");
  return home ? join(home, ...path) : undefined;
}

/** Reads a file. Undefined if it does not exist or is not readable. */
export async function tryRead(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}

/**
 * Reads a file that must exist.
 *
 * @param what What the file is, for the error.
 */
export async function readNamed(what: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const { code, message } = cause as { code?: string; message?: string };
    throw fileError(`cannot read ${what} "${path}": ${code ?? message}`);
  }
}

export function fileError(message: string): Error {
  return Object.assign(new Error(message), { code: "InvalidFile" });
}

/**
 * Whether only the owner can read or change a file. If root owns it, its group may read it, as in
 * mounts of secrets. Not checked on Windows, as in libpq.
 */
export async function isPrivate(path: string): Promise<boolean> {
  if (process.platform === "win32") return true;
  const { mode, uid } = await stat(path);
  return (mode & (uid === 0 ? 0o037 : 0o077)) === 0;
}

/** The password of a user in a database on a host, by `passfile`, `PGPASSFILE` or `~/.pgpass`. */
export async function findPassword(
  { parameters, env, database, user }: PostgresSettings,
  { host, hostaddr, port }: PostgresHost,
): Promise<string | undefined> {
  const path = parameters.passfile ?? homeFile(env, PASSWORD_FILE);
  const text = await tryRead(path);
  if (path === undefined || text === undefined) return undefined;
  if (!await isPrivate(path)) {
    throw fileError(`"${path}" can be read by others, so it is not used: chmod 600 it`);
  }
  // The password for a socket is under "localhost", unless its directory is named.
  const name = host || hostaddr || "localhost";
  const names = name.startsWith("/") ? [name, "localhost"] : [name];
  return lookUp(text, names.map((name) => [name, String(port), database, user]));
}

/** The password of the first line that matches one of the places. */
function lookUp(text: string, places: readonly (readonly string[])[]): string | undefined {
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const fields = splitLine(line);
    if (fields.length < 5) continue;
    const fits = places.some((place) =>
      place.every((value, index) => fields[index] === "*" || unescape(fields[index]!) === value)
    );
    if (fits) return unescape(fields[4]!);
  }
  return undefined;
}

/** The fields between colons; a colon or backslash within a field is escaped by a backslash. */
function splitLine(line: string): string[] {
  return [...line.matchAll(/((?:\\.|[^:\\])*)(?::|$)/g)].map(([, field]) => field!);
}

function unescape(field: string): string {
  return field.replace(/\\(.)/g, "$1");
}
