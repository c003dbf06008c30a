import { deepStrictEqual } from "node:assert";
import { Fixture } from "./archiver_fixture.ts";

Deno.test("Archiver archives nothing twice that arrived within the second before it passed over the rest", async () => {
  const fixture = new Fixture(1);
  await fixture.put(10);
  const worker = fixture.start();
  await fixture.clock.advance(500);
  await worker.stop(1);
  await fixture.put(3);
  const again = fixture.start({ skipToLatest: true });
  await fixture.clock.advance(5_000);
  await fixture.put(2);
  await fixture.clock.advance(5_000);
  await again.stop();
  deepStrictEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver archives nothing twice if it starts again after the rest was passed over", async () => {
  const fixture = new Fixture(1);
  await fixture.put(10);
  const worker = fixture.start();
  await fixture.clock.advance(500);
  await worker.stop(1);
  const skipping = fixture.start({ skipToLatest: true });
  await fixture.clock.advance(1);
  await skipping.stop(1);
  const again = fixture.start();
  await fixture.clock.advance(5_000);
  await fixture.put(2);
  await fixture.clock.advance(5_000);
  await again.stop();
  deepStrictEqual(await fixture.archived(), fixture.expected);
});
