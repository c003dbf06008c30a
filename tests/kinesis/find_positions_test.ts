import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import fc from "fast-check";
import { VirtualClock } from "../../src/base/clock.ts";
import { findPositions, MemoryKinesis } from "../../src/kinesis/mod.ts";
import type { SequenceNumber } from "../../src/base/record.ts";
import { after, put } from "./positions.ts";
import { runUntil } from "../../src/testing/mod.ts";
import { wrongClock } from "../support/wrong_clock.ts";

const START = Date.UTC(2026, 0, 1);

Deno.test("findPositions() of a time: reading goes on with the first record that arrived then or later", () =>
  fc.assert(
    fc.asyncProperty(
      // Pauses from nothing to a day, so that the search has to go near and far.
      fc.array(fc.integer({ min: 0, max: 16 }), { maxLength: 12 }),
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: -1, max: 1 }),
      async (pauses, index, offset) => {
        const clock = new VirtualClock({ now: START });
        const kinesis = new MemoryKinesis({ clock });
        const [shardId] = kinesis.createStream("clicks");
        const times: number[] = [];
        for (const pause of pauses) {
          await clock.advance(pause === 0 ? 0 : 3 ** pause);
          await put(kinesis, `${times.length}`);
          times.push(clock.now());
        }
        await clock.advance(10);
        const time = Math.min((times[index] ?? START) + offset, clock.now());
        const found = findPositions(kinesis, "clicks", new Date(time), { clock });
        const position = (await runUntil(clock, found)).get(shardId!)!;
        const held = Math.max(time, clock.now() - 24 * 3_600_000);
        const expected = times.flatMap((at, number) => at >= held ? [`${number}`] : []);
        deepStrictEqual(await after(kinesis, shardId!, position), expected);
      },
    ),
    { numRuns: 200 },
  ));

Deno.test("findPositions() keeps a checkpoint that means the same", async () => {
  const clock = new VirtualClock({ now: START });
  const kinesis = new MemoryKinesis({ clock });
  const [shardId] = kinesis.createStream("clicks");
  const old = await put(kinesis, "old");
  await clock.advance(25 * 3_600_000);
  const young = await put(kinesis, "young");
  const find = (at: number, checkpoint: SequenceNumber) => {
    const options = { clock, checkpoints: new Map([[shardId!, checkpoint]]) };
    return runUntil(clock, findPositions(kinesis, "clicks", new Date(at), options));
  };
  const time = clock.now();
  // The old record has left the stream; nothing lies between it and the young one.
  equal((await find(time, old)).get(shardId!), old);
  equal((await find(time - 1_000, old)).get(shardId!), old);
  // A checkpoint after the young record does not.
  const [beginning] = (await findPositions(kinesis, "clicks", "trim-horizon")).values();
  equal((await find(time, young)).get(shardId!), beginning);
  const latest = await runUntil(clock, findPositions(kinesis, "clicks", "latest", { clock }));
  equal(latest.get(shardId!), young);
});

Deno.test("findPositions() asks only about the shards that it is told of, and stops when it is told", async () => {
  const kinesis = new MemoryKinesis();
  const [, second] = kinesis.createStream("clicks", 2);
  const options = { shards: new Set([second!]) };
  deepStrictEqual([...(await findPositions(kinesis, "clicks", "latest", options)).keys()], [
    second,
  ]);
  const signal = AbortSignal.abort(new Error("enough"));
  await rejects(findPositions(kinesis, "clicks", "latest", { signal }), /enough/);
});

Deno.test("findPositions() of the latest goes by the service's clock", async () => {
  for (const offset of [-48, -1, 1, 48]) {
    const clock = new VirtualClock({ now: START });
    const kinesis = new MemoryKinesis({ clock });
    const [shardId] = kinesis.createStream("clicks");
    await put(kinesis, "old");
    await clock.advance(3_600_000);
    const last = await put(kinesis, "new");
    const machine = wrongClock(clock, () => offset * 3_600_000);
    const found = findPositions(kinesis, "clicks", "latest", { clock: machine });
    equal((await runUntil(clock, found)).get(shardId!), last, `off by ${offset} h`);
  }
});
