/** Certificates are trusted as a process starts, so each client is a process of its own. */

import { createHash } from "node:crypto";
import { deepEqual, equal, match } from "node:assert/strict";

const testdata = (name: string) => new URL(`testdata/${name}`, import.meta.url).pathname;

const BIG = Uint8Array.from({ length: 10_000_000 }, (_, i) => i % 251);

/** A server that knows what it was asked for. */
function serve() {
  const asked: string[] = [];
  const server = Deno.serve({
    ...{ hostname: "127.0.0.1", port: 0, onListen() {} },
    cert: Deno.readTextFileSync(testdata("localhost.pem")),
    key: Deno.readTextFileSync(testdata("localhost.key")),
    onError: () => new Response(null, { status: 500 }),
  }, (request) => {
    asked.push(new URL(request.url).pathname);
    return new Response(request.url.endsWith("/a") ? "trusted" : BIG);
  });
  return {
    port: server.addr.port,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Prints the bodies of two requests, the SHA-256 of the larger, or what went wrong. */
const CLIENT = `
import { createHash } from "node:crypto";
const { HttpPool } = await import(${
  JSON.stringify(new URL("../../src/http/http_pool.ts", import.meta.url))
});
const [hostname, port] = Deno.args;
const limits = { maxConnections: 1, connectTimeoutMs: 10_000, silenceTimeoutMs: 10_000 };
const pool = new HttpPool({ protocol: "https:", hostname, port: Number(port), ...limits });
try {
  for (const path of ["/a", "/b"]) {
    const { body } = await pool.send({ method: "GET", path, headers: { host: hostname } });
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of body) {
      if (path === "/a") console.log(new TextDecoder().decode(chunk));
      hash.update(chunk);
      size += chunk.length;
      await new Promise((resolve) => setTimeout(resolve));
    }
    if (path === "/b") console.log(size, hash.digest("hex"));
  }
} catch (error) {
  console.log("failed:", error.name, error.code, error.message);
}
pool.close();
`;

async function ask(hostname: string, port: number, env: Record<string, string>): Promise<string> {
  const script = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(script, CLIENT);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--no-lock", "--allow-all", script, hostname, `${port}`],
    env: { NO_COLOR: "1", ...env },
  }).output();
  await Deno.remove(script);
  equal(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout);
}

Deno.test("HttpPool asks a server of HTTPS whose certificate is trusted", async () => {
  await using server = serve();
  const hash = createHash("sha256").update(BIG).digest("hex");
  const env = { SSL_CERT_FILE: testdata("ca.pem"), DENO_TLS_CA_STORE: "system" };
  for (const host of ["localhost", "127.0.0.1"]) {
    equal(await ask(host, server.port, env), `trusted\n${BIG.length} ${hash}\n`, host);
  }
});

Deno.test("HttpPool sends nothing to a server whose certificate is not trusted", async () => {
  await using server = serve();
  match(await ask("localhost", server.port, { DENO_TLS_CA_STORE: "mozilla" }), /^failed: /);
  deepEqual(server.asked, []);
});
