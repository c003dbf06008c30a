import { equal } from "node:assert/strict";
import { isAllowedHost } from "../../src/http/allowed_host.ts";

Deno.test("isAllowedHost() allows addresses and own names, and no name that another site could use", () => {
  const own = new Set(["store.internal"]);
  for (
    const host of [
      "127.0.0.1:9464",
      "10.1.2.3",
      "[::1]:80",
      "localhost:9464",
      "LOCALHOST",
      "store.internal:9464",
    ]
  ) equal(isAllowedHost(host, own), true, host);
  for (
    const host of [
      "evil.com",
      "evil.com:9464",
      "127.0.0.1.evil.com",
      "localhost.evil.com:9464",
      "1.2.3.4.5",
      "[evil]",
      "localhost@evil.com",
      "",
      null,
    ]
  ) equal(isAllowedHost(host, own), false, String(host));
});
