import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { join } from "node:path";
import { loadCaCertificates } from "../../../src/aws/http/ca_certificates.ts";
import { ConfigError } from "../../../src/base/errors.ts";

const ROOT = new URL("../../..", import.meta.url).pathname;
const PEM = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";

/** A home without AWS files, so that the machine's own profile says nothing here. */
const NO_PROFILE = { AWS_CONFIG_FILE: "/nonexistent/config", AWS_SHARED_CREDENTIALS_FILE: "/none" };

Deno.test("loadCaCertificates() reads the files that the environment names, and refuses what is none", async () => {
  const folder = await Deno.makeTempDir();
  const [good, bad] = [join(folder, "ca.pem"), join(folder, "bad.pem")];
  await Deno.writeTextFile(good, PEM);
  await Deno.writeTextFile(bad, "no certificate");
  deepEqual(await loadCaCertificates({ ...NO_PROFILE, AWS_CA_BUNDLE: good }), [PEM]);
  for (const name of ["AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"]) {
    for (
      const [path, why] of [[bad, /the file has no certificate/], [
        `${bad}x`,
        /no such file/,
      ]] as const
    ) {
      await rejects(loadCaCertificates({ ...NO_PROFILE, [name]: path }), (error: Error) => {
        match(error.message, why);
        return error instanceof ConfigError && error.message.includes(name);
      });
    }
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("loadCaCertificates() does without a file that the program may not read", async () => {
  const path = await Deno.makeTempFile({ suffix: ".pem" });
  await Deno.writeTextFile(path, PEM);
  const script = `
    import { configure } from "@logtape/logtape";
    import { loadCaCertificates } from "${ROOT}src/aws/http/ca_certificates.ts";
    await configure({
      sinks: { print: (record) => console.log(record.properties.event, record.properties.setting) },
      loggers: [
        { category: ["logtape", "meta"], sinks: [] },
        { category: "triton", sinks: ["print"] },
      ],
    });
    const env = ${JSON.stringify({ ...NO_PROFILE, AWS_CA_BUNDLE: path })};
    console.log((await loadCaCertificates(env)).length);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--no-prompt", `--config=${ROOT}deno.json`, "-"],
    ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
    env: { NO_COLOR: "1" },
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(script));
  await input.close();
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  equal(code, 0, text.decode(stderr));
  equal(text.decode(stdout), "certificates.unreadable AWS_CA_BUNDLE\n0\n");
  await Deno.remove(path);
});
