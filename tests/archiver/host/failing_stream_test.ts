import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { ObjectStoreError } from "../../../src/base/errors.ts";
import type { MemoryObjectStore } from "../../../src/objects/memory/memory_object_store.ts";
import { readLog } from "../../support/read_log.ts";
import { HostFixture, MINUTE, SECOND } from "./host_fixture.ts";

/** The store of the fixture, which refuses every put while it is told to. */
function refusing(fixture: HostFixture): { store: MemoryObjectStore; refuses: boolean } {
  const { store } = fixture;
  const control = {
    refuses: false,
    store: new Proxy(store, {
      get(_, name) {
        const value = Reflect.get(store, name, store);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          if (control.refuses && name === "put") {
            throw new ObjectStoreError("Cannot put: denied", { code: "AccessDenied" });
          }
          return value.apply(store, args);
        };
      },
    }),
  };
  return control;
}

Deno.test("ArchiverHost retries a stream with growing pauses, and reports each attempt once", async () => {
  const fixture = new HostFixture("clicks");
  const startedAt = fixture.clock.now();
  const attempts: number[] = [];
  const { kinesis } = fixture;
  const describe = kinesis.describeStream.bind(kinesis);
  kinesis.describeStream = (stream, ...rest) => {
    if (stream === "missing") attempts.push(fixture.clock.now());
    return describe(stream, ...rest);
  };
  const log = await readLog(async () => {
    const running = fixture.run(fixture.host(["missing", "clicks"]));
    await fixture.clock.advance(60 * MINUTE);
    const { state, failure, archiver } = running.stream("missing");
    equal(state, "failing");
    equal(archiver, undefined);
    equal(failure!.attempts, attempts.length);
    equal(failure!.since.getTime(), startedAt);
    ok(failure!.nextAttemptAt!.getTime() > fixture.clock.now());
    match(failure!.error, /missing/);
    await rejects(running.stop());
  });
  const failed = log.filter(({ event, stream }) =>
    stream === "missing" && event !== "archiver.started"
  );
  deepEqual([...new Set(failed.map(({ event }) => event))], ["archiver.failed"]);
  equal(failed.length, attempts.length);
  deepEqual(failed.map(({ attempt }) => attempt), attempts.map((_, index) => index + 1));
  for (const [index, at] of attempts.slice(1).entries()) {
    const limit = Math.min(1_000 * 2 ** index, 300_000);
    const pause = at - attempts[index]!;
    ok(pause >= limit / 2 && pause <= limit, `pause ${index} is ${pause} ms`);
    equal(failed[index]!.delayMs, pause);
  }
  ok(attempts.at(-1)! - attempts.at(-2)! > 150_000);
});

Deno.test("ArchiverHost archives a stream that failed once it is there, and forgets the failure", async () => {
  const fixture = new HostFixture("clicks");
  const log = await readLog(async () => {
    const running = fixture.run(fixture.host(["late", "clicks"]));
    await fixture.clock.advance(10 * SECOND);
    fixture.kinesis.createStream("late", 2);
    await fixture.put("late");
    await fixture.clock.advance(20 * SECOND);
    equal(running.stream("late").state, "running");
    equal(running.stream("late").failure!.nextAttemptAt, undefined);
    await fixture.clock.advance(MINUTE);
    equal(running.stream("late").failure, undefined);
    deepEqual(await fixture.archived("late"), fixture.expected("late"));
    await running.stop();
  });
  const recovered = log.filter(({ event }) => event === "archiver.recovered");
  const failed = log.filter(({ event }) => event === "archiver.failed").length;
  deepEqual(recovered.map(({ stream, attempts }) => [stream, attempts]), [["late", failed]]);
});

Deno.test("ArchiverHost counts on where a stream fails again soon, and begins anew after a good minute", async () => {
  const fixture = new HostFixture("clicks");
  const bucket = refusing(fixture);
  const host = fixture.host([]);
  host.add("clicks", fixture.options({ store: bucket.store, rotateMs: SECOND }));
  const running = fixture.run(host);
  const fail = async () => {
    bucket.refuses = true;
    await fixture.put("clicks", 1);
    await fixture.clock.advance(5 * SECOND);
    bucket.refuses = false;
    return running.stream("clicks").failure!.attempts;
  };
  await fixture.clock.advance(5 * SECOND);
  const first = await fail();
  await fixture.clock.advance(30 * SECOND);
  equal(running.stream("clicks").state, "running");
  const second = await fail();
  ok(second > first, `${second} attempts after ${first}`);
  await fixture.clock.advance(3 * MINUTE);
  equal(running.stream("clicks").failure, undefined);
  ok(await fail() <= first);
  await fixture.clock.advance(3 * MINUTE);
  await running.stop();
  deepEqual(await fixture.archived("clicks"), fixture.expected("clicks"));
});

Deno.test("A stream that fails holds neither memory nor leases, and loses and doubles nothing", async () => {
  const fixture = new HostFixture("clicks", "orders");
  const bucket = refusing(fixture);
  const host = fixture.host(["orders"]);
  host.add("clicks", fixture.options({ store: bucket.store }));
  const running = fixture.run(host);
  await fixture.put("clicks");
  await fixture.clock.advance(5 * SECOND);
  ok(running.stream("clicks").archiver!.memory.buffered > 0);
  bucket.refuses = true;
  for (let minute = 0; minute < 10; minute++) {
    await fixture.put("clicks");
    await fixture.put("orders");
    await fixture.clock.advance(MINUTE);
  }
  equal(running.stream("clicks").state, "failing");
  deepEqual(await fixture.owners("clicks"), [undefined, undefined]);
  equal(host.unarchived.events, 0);
  equal(running.stream("clicks").archiver, undefined);
  equal(running.stream("orders").failure, undefined);
  deepEqual(await fixture.archived("orders"), fixture.expected("orders"));
  bucket.refuses = false;
  await fixture.clock.advance(6 * MINUTE);
  await running.stop();
  deepEqual(await fixture.archived("clicks"), fixture.expected("clicks"));
});

Deno.test("ArchiverHost.remove() of a stream that fails does not throw its failure", async () => {
  const fixture = new HostFixture("clicks");
  const running = fixture.run(fixture.host(["missing", "clicks"]));
  await fixture.clock.advance(30 * SECOND);
  const before = fixture.clock.now();
  await fixture.until(running.host.remove("missing"));
  ok(fixture.clock.now() - before <= SECOND, "it waited for the next attempt");
  await running.stop();
});

Deno.test("ArchiverHost.remove() throws why what was read is not archived, and removes the stream", async () => {
  const fixture = new HostFixture("clicks", "orders");
  const bucket = refusing(fixture);
  const host = fixture.host(["orders"]);
  host.add("clicks", fixture.options({ store: bucket.store }));
  const running = fixture.run(host);
  await fixture.put("clicks");
  await fixture.clock.advance(5 * SECOND);
  bucket.refuses = true;
  await rejects(fixture.until(host.remove("clicks")), { code: "AccessDenied" });
  deepEqual(host.status().streams.map(({ stream }) => stream), ["orders"]);
  await running.stop();
});

Deno.test("ArchiverHost skips records at the first attempt that reads, and not at a retry", async () => {
  const fixture = new HostFixture();
  const host = fixture.host([]);
  const bucket = refusing(fixture);
  host.add("clicks", fixture.options({ store: bucket.store, skipToLatest: true }));
  const running = fixture.run(host);
  // Attempts that fail skip nothing. What arrived within a second before one that reads is not skipped.
  const nextAttempt = () => running.stream("clicks").failure?.nextAttemptAt?.getTime() ?? 0;
  while (nextAttempt() < fixture.clock.now() + 2 * SECOND) await fixture.clock.advance(SECOND);
  fixture.kinesis.createStream("clicks", 2);
  await fixture.put("clicks", 4);
  await fixture.clock.advance(30 * SECOND);
  await fixture.put("clicks", 4);
  bucket.refuses = true;
  await fixture.clock.advance(MINUTE);
  await fixture.put("clicks", 4);
  await fixture.clock.advance(MINUTE);
  bucket.refuses = false;
  await fixture.clock.advance(6 * MINUTE);
  await running.stop();
  deepEqual(await fixture.archived("clicks"), [4, 5, 6, 7, 8, 9, 10, 11]);
});

Deno.test("ArchiverHost lets the others run when a stream is created again or its archive is ahead", async () => {
  const fixture = new HostFixture("again", "ahead", "clicks");
  const first = fixture.run(fixture.host(["again", "ahead", "clicks"]));
  for (const stream of ["again", "ahead", "clicks"]) await fixture.put(stream);
  await fixture.clock.advance(30 * SECOND);
  await first.stop();
  fixture.kinesis.deleteStream("again");
  fixture.kinesis.createStream("again", 1);
  await fixture.forget("ahead");
  const second = fixture.run(fixture.host(["again", "ahead", "clicks"]));
  await fixture.put("clicks");
  await fixture.clock.advance(5 * MINUTE);
  deepEqual(await fixture.archived("clicks"), fixture.expected("clicks"));
  equal(second.stream("clicks").failure, undefined);
  await rejects(second.stop(), {
    name: "StreamsDownError",
    message: /^Cannot archive 2 of 3 streams: "again": .*created.*"ahead": .*archive/,
  });
  deepEqual(await fixture.archived("again"), fixture.expected("again"));
});
