import { deepStrictEqual, rejects } from "node:assert/strict";
import { KinesisError } from "../../src/base/errors.ts";
import { Fixture } from "./archiver_fixture.ts";

Deno.test("Archiver describes the stream once at startup, and looks up no file that was listed", async () => {
  const fixture = new Fixture(2);
  await fixture.put(20);
  const first = fixture.start();
  await fixture.clock.advance(5_000);
  await first.stop();
  const requests: string[] = [];
  const { kinesis, store } = fixture;
  const [describe, head] = [kinesis.describeStream.bind(kinesis), store.head.bind(store)];
  kinesis.describeStream = (...args) => {
    requests.push("describe");
    return describe(...args);
  };
  store.head = (...args) => {
    requests.push("head");
    return head(...args);
  };
  const second = fixture.start();
  await fixture.clock.advance(5_000);
  await second.stop();
  deepStrictEqual(requests, ["describe"]);
});

Deno.test("Archiver joins the other workers once its checks have passed, not before", async () => {
  const fixture = new Fixture(2);
  const running = fixture.start();
  await fixture.clock.advance(5_000);
  const { ledger, kinesis } = fixture;
  const workers = () => running.status().workers;
  deepStrictEqual(workers().length, 1);
  await ledger.useStore(fixture.store.identity);
  const renewed: string[] = [];
  const renew = ledger.renew.bind(ledger);
  ledger.renew = (worker, ttlMs) => {
    renewed.push(worker);
    return renew(worker, ttlMs);
  };
  const describe = kinesis.describeStream.bind(kinesis);
  kinesis.describeStream = () => {
    const refused = new KinesisError("denied", { code: "AccessDeniedException", retryable: false });
    return Promise.reject(refused);
  };
  for (let attempt = 0; attempt < 3; attempt++) {
    const refused = fixture.start();
    await fixture.clock.advance(10_000);
    await rejects(refused.done, { code: "AccessDeniedException" });
  }
  deepStrictEqual([new Set(renewed).size, workers().length], [1, 1]);
  kinesis.describeStream = describe;
  const second = fixture.start();
  await fixture.clock.advance(10_000);
  deepStrictEqual([new Set(renewed).size, workers().length], [2, 2]);
  await second.stop();
  await running.stop();
});
