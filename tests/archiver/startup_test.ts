import { deepStrictEqual } from "node:assert/strict";
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
