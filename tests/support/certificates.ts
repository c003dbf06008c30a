/**
 * Creates certificates for tests with the `openssl` of the machine.
 *
 * @module
 */

import { join } from "node:path";

/** A certificate with its key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority. */
export interface Authority extends Certificate {
  /**
   * Signs a certificate.
   *
   * @param name Its common name.
   * @param names Its subject alternative names, such as `DNS:db.example` or `IP:127.0.0.1`.
   */
  sign(name: string, names?: readonly string[]): Promise<Certificate>;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** Creates an authority in a directory that the caller removes. */
export async function makeAuthority(directory: string, name = "Test CA"): Promise<Authority> {
  const path = (file: string) => join(directory, `${name.replaceAll(" ", "-")}-${file}`);
  const [ca, caKey] = [path("ca.crt"), path("ca.key")];
  await openssl(
    "req",
    "-x509",
    ...NEW_KEY,
    "-keyout",
    caKey,
    "-out",
    ca,
    "-subj",
    `/CN=${name}`,
    "-days",
    "2",
  );
  let count = 0;
  return {
    ...await read(ca, caKey),
    async sign(subject, names = [`DNS:${subject}`]) {
      const files = ["crt", "key", "csr", "ext"].map((kind) => path(`${count}.${kind}`));
      const [cert, key, request, extensions] = files as [string, string, string, string];
      count++;
      await Deno.writeTextFile(extensions, `subjectAltName=${names.join(",")}\n`);
      await openssl("req", ...NEW_KEY, "-keyout", key, "-out", request, "-subj", `/CN=${subject}`);
      await openssl(
        ...["x509", "-req", "-in", request, "-CA", ca, "-CAkey", caKey, "-CAcreateserial"],
        ...["-out", cert, "-days", "2", "-extfile", extensions],
      );
      return await read(cert, key);
    },
  };
}

async function read(cert: string, key: string): Promise<Certificate> {
  return { cert: await Deno.readTextFile(cert), key: await Deno.readTextFile(key) };
}

/** Runs `openssl`. */
export async function openssl(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args, stdin: "null" }).output();
  if (!success) throw new Error(`openssl ${args[0]}: ${new TextDecoder().decode(stderr)}`);
}
