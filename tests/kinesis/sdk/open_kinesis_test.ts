import { deepEqual } from "node:assert/strict";
import { startTestProxy } from "../../support/test_proxy.ts";

Deno.test("openKinesis() uses the endpoint that the environment chooses, unless one is set by its URL", async () => {
  const nowhere = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = nowhere.addr;
  nowhere.close();
  await using proxy = startTestProxy({ plainPort: port, tlsPort: port });
  const code = `
    import { openKinesis } from "${new URL("../../../src/kinesis/mod.ts", import.meta.url)}";
    const credentials = { accessKeyId: "a", secretAccessKey: "b" };
    const ask = async (env, options) => {
      for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
      await using kinesis = await openKinesis({ region: "us-east-2", credentials, ...options });
      await Array.fromAsync(kinesis.listStreams()).catch(() => {});
      for (const name of Object.keys(env)) Deno.env.delete(name);
    };
    await ask({}, {});
    await ask({ AWS_USE_FIPS_ENDPOINT: "true" }, {});
    await ask({ AWS_USE_DUALSTACK_ENDPOINT: "true" }, {});
    const both = { AWS_USE_FIPS_ENDPOINT: "true", AWS_USE_DUALSTACK_ENDPOINT: "true" };
    await ask(both, { endpoint: "https://one.example" });
    await ask({ ...both, AWS_ENDPOINT_URL_KINESIS: "https://two.example" }, {});
  `;
  await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--config", new URL("../../../deno.json", import.meta.url).pathname, code],
    clearEnv: true,
    env: {
      HOME: "/nowhere",
      DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
      HTTPS_PROXY: proxy.url,
    },
    stderr: "inherit",
  }).output();
  deepEqual(
    [...new Set(proxy.asked)],
    [
      "CONNECT kinesis.us-east-2.amazonaws.com:443",
      "CONNECT kinesis-fips.us-east-2.amazonaws.com:443",
      "CONNECT kinesis.us-east-2.api.aws:443",
      "CONNECT one.example:443",
      "CONNECT two.example:443",
    ],
  );
});
