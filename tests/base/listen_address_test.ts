import { deepStrictEqual, equal } from "node:assert/strict";
import { isLoopback, parseListenAddress } from "../../src/base/listen_address.ts";

Deno.test("parseListenAddress() reads hosts, addresses and ports; a port alone is loopback", () => {
  const addresses = {
    "127.0.0.1:9464": { hostname: "127.0.0.1", port: 9464 },
    ":9464": { hostname: "127.0.0.1", port: 9464 },
    "[::1]:0": { hostname: "::1", port: 0 },
    "0.0.0.0:65535": { hostname: "0.0.0.0", port: 65_535 },
    "store-1.internal:80": { hostname: "store-1.internal", port: 80 },
  };
  for (const [text, address] of Object.entries(addresses)) {
    deepStrictEqual(parseListenAddress(text), address, text);
  }
});

Deno.test("parseListenAddress() refuses everything else", () => {
  for (
    const text of [
      "",
      "9464",
      "localhost",
      "localhost:",
      ":65536",
      "::1:80",
      "http://a:80",
      "a b:1",
    ]
  ) {
    equal(parseListenAddress(text), undefined, text);
  }
});

Deno.test("isLoopback() knows what only this machine reaches", () => {
  for (const name of ["127.0.0.1", "127.8.9.10", "::1", "localhost"]) equal(isLoopback(name), true);
  for (const name of ["0.0.0.0", "::", "10.0.0.1", "127.example.com", "localhost.evil.com"]) {
    equal(isLoopback(name), false, name);
  }
});
