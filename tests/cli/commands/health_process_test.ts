import { deepStrictEqual } from "node:assert/strict";
import { serve, status } from "../../monitor/monitor_fixture.ts";
import { runTriton } from "../../support/triton_process.ts";

Deno.test("triton health works with the permissions of the executable, and ignores proxies", async () => {
  await using server = serve(() => status());
  const proxy = "http://127.0.0.1:1";
  const { code, stdout, stderr } = await runTriton(["health"], {
    env: { TRITON_LISTEN: new URL(server.url).host, HTTP_PROXY: proxy, http_proxy: proxy },
  });
  deepStrictEqual([code, stdout, stderr], [0, `${server.url}healthz is ok\n`, ""]);
});
