import { readFile } from "node:fs/promises";
import { getLogger } from "@logtape/logtape";
import { ConfigError } from "../../base/errors.ts";
import { type Environment, readProfile, readVariable } from "../credentials/profile.ts";

const log = getLogger(["triton", "aws"]);

/**
 * Loads the certificates that are trusted besides the usual ones: from the files that `AWS_CA_BUNDLE`
 * or the profile's `ca_bundle`, `NODE_EXTRA_CA_CERTS` and `SSL_CERT_FILE` name.
 *
 * Settings of the program, such as `--cert` of Deno, still apply. A file that the program has no
 * permission to read is skipped, with a warning in the log: the services may not need it.
 *
 * @returns The text of each file, in PEM.
 * @throws {ConfigError} If a file cannot be read. One that only `SSL_CERT_FILE` names is skipped,
 * as OpenSSL does.
 */
export async function loadCaCertificates(env: Environment): Promise<string[]> {
  const files: string[] = [];
  const bundle = readVariable(env, "AWS_CA_BUNDLE");
  const profileBundle = bundle ? undefined : (await readProfile(env)).profile.ca_bundle;
  if (bundle) files.push(await read("AWS_CA_BUNDLE", bundle));
  if (profileBundle) files.push(await read("ca_bundle of the AWS profile", profileBundle));
  const extra = readVariable(env, "NODE_EXTRA_CA_CERTS");
  if (extra) files.push(await read("NODE_EXTRA_CA_CERTS", extra));
  const openSsl = readVariable(env, "SSL_CERT_FILE");
  if (openSsl) files.push(await readFile(openSsl, "utf8").catch(() => ""));
  // Many systems name one file in all variables, and each copy takes milliseconds to parse.
  return [...new Set(files)].filter((text) => text.includes("-----BEGIN CERTIFICATE-----"));
}

async function read(setting: string, path: string): Promise<string> {
  const what = `Cannot read the certificates of ${setting}, ${JSON.stringify(path)}`;
  const text = await readFile(path, "utf8").catch((cause) => {
    if (cause.name === "NotCapable") return warnOfUnreadable(setting, path);
    throw new ConfigError(`${what}: ${cause.code === "ENOENT" ? "no such file" : cause.message}`, {
      cause,
    });
  });
  if (text === undefined) return "";
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new ConfigError(`${what}: the file has no certificate in PEM format`);
}

function warnOfUnreadable(setting: string, path: string): undefined {
  log.warn("Did not read the certificates of {setting}, {path}: it needs --allow-read={path}", {
    event: "certificates.unreadable",
    setting,
    path,
  });
}
