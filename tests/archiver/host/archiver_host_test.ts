import { deepEqual, deepStrictEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { CheckpointError } from "../../../src/base/errors.ts";
import { ArchiverMonitor, StreamsDownError } from "../../../src/archiver/mod.ts";
import { HostFixture, SECOND } from "./host_fixture.ts";

Deno.test("ArchiverHost.run() archives all streams, and what it has read when it is time to stop", async () => {
  const fixture = new HostFixture("clicks", "orders", "views");
  const running = fixture.run(fixture.host(["clicks", "orders", "views"]));
  for (const stream of ["clicks", "orders", "views"]) await fixture.put(stream);
  await fixture.clock.advance(5 * SECOND);
  const status = running.host.status();
  equal(status.state, "running");
  deepEqual(status.streams.map(({ state }) => state), ["running", "running", "running"]);
  equal(running.host.unarchived.events, 30);
  equal(
    status.memory.buffered,
    status.streams.reduce((sum, { archiver }) => sum + archiver!.memory.buffered, 0),
  );
  await running.stop();
  for (const stream of ["clicks", "orders", "views"]) {
    deepEqual(await fixture.archived(stream), fixture.expected(stream));
  }
  deepEqual(running.host.unarchived, { files: 0, events: 0, quarantined: 0 });
});

Deno.test("ArchiverHost.add() starts a stream at once if the host runs", async () => {
  const fixture = new HostFixture("clicks", "orders");
  const running = fixture.run(fixture.host(["clicks"]));
  await fixture.clock.advance(5 * SECOND);
  await fixture.put("orders");
  running.host.add("orders", fixture.options());
  await fixture.clock.advance(30 * SECOND);
  deepEqual(await fixture.archived("orders"), fixture.expected("orders"));
  await running.stop();
});

Deno.test("ArchiverHost.add() refuses a second stream of the same name and client, and no other", async () => {
  const fixture = new HostFixture("clicks");
  const host = fixture.host(["clicks"]);
  throws(() => host.add("clicks", fixture.options()), {
    name: "TritonError",
    message:
      'Cannot add stream "clicks": it is there already with client "store"; give one of them ' +
      "another client",
  });
  host.add("clicks", fixture.options({ client: "copy" }));
  throws(() => host.add("clicks", fixture.options({ client: "a-b" })), TypeError);
  await fixture.put("clicks");
  const running = fixture.run(host);
  await fixture.clock.advance(5 * SECOND);
  await rejects(host.remove("clicks"), { name: "RangeError", message: /one of "store", "copy"/ });
  await running.stop();
  deepEqual(
    await fixture.archived("clicks"),
    [...fixture.expected("clicks"), ...fixture.expected("clicks")].sort((a, b) => a - b),
  );
  throws(
    () => host.add("orders", fixture.options()),
    /Cannot add stream "orders": the host has stopped/,
  );
  await rejects(host.run(new AbortController().signal), TypeError);
});

Deno.test("ArchiverHost.remove() archives what was read, frees the leases, and lets the others run", async () => {
  const fixture = new HostFixture("clicks", "orders");
  const { host, stop } = fixture.run(fixture.host(["clicks", "orders"]));
  await fixture.put("clicks");
  await fixture.clock.advance(5 * SECOND);
  const removed = host.remove("clicks");
  throws(() => host.add("clicks", fixture.options()), /it is being removed/);
  equal(host.status().streams[0]!.state, "stopping");
  await fixture.until(removed);
  deepEqual(await fixture.archived("clicks"), fixture.expected("clicks"));
  deepEqual(await fixture.owners("clicks"), [undefined, undefined]);
  deepEqual(host.status().streams.map(({ stream }) => stream), ["orders"]);
  await rejects(host.remove("clicks"), RangeError);

  await fixture.put("clicks");
  host.add("clicks", fixture.options());
  await fixture.put("orders");
  await fixture.clock.advance(5 * SECOND);
  await stop();
  for (const stream of ["clicks", "orders"]) {
    deepEqual(await fixture.archived(stream), fixture.expected(stream));
  }
});

Deno.test("ArchiverHost.remove() takes a stream away before the host runs", async () => {
  const fixture = new HostFixture("clicks");
  const host = fixture.host(["clicks", "missing"]);
  await host.remove("missing");
  const running = fixture.run(host);
  await fixture.clock.advance(5 * SECOND);
  await running.stop();
});

Deno.test("ArchiverHost waits for a database that does not respond, which is no failure of a stream", async () => {
  const fixture = new HostFixture("clicks", "orders");
  let isDown = true;
  let closed = 0;
  const open = () => {
    const code = "08006";
    if (isDown) throw new CheckpointError("Cannot connect", { code, retryable: true });
    const close = () => Promise.resolve(void closed++);
    return Promise.resolve(Object.assign(fixture.ledgers, { [Symbol.asyncDispose]: close }));
  };
  const stopped = fixture.run(fixture.host(["clicks"], {}, open));
  const running = fixture.run(fixture.host(["clicks"], {}, open));
  await fixture.clock.advance(300 * SECOND);
  running.host.add("orders", fixture.options());
  await fixture.clock.advance(300 * SECOND);
  for (const stream of ["clicks", "orders"]) {
    equal(running.stream(stream).state, "starting");
    equal(running.stream(stream).failure, undefined);
  }
  await stopped.stop();
  equal(closed, 0);
  isDown = false;
  await fixture.put("clicks");
  await fixture.put("orders");
  await fixture.clock.advance(60 * SECOND);
  equal(running.stream("clicks").state, "running");
  await running.stop();
  equal(closed, 1);
  deepEqual(await fixture.archived("clicks"), fixture.expected("clicks"));
  deepEqual(await fixture.archived("orders"), fixture.expected("orders"));
});

Deno.test("ArchiverHost shows with each stream that the database does not respond", async () => {
  const fixture = new HostFixture("clicks");
  const { clock } = fixture;
  const monitor = new ArchiverMonitor({ stream: "clicks", client: "store", clock });
  const host = fixture.host([], {}, () => {
    throw new CheckpointError("Cannot connect", { code: "08006", retryable: true });
  });
  host.add("clicks", fixture.options({ monitor }));
  const running = fixture.run(host);
  await clock.advance(SECOND);
  equal(monitor.services.ledger?.error, "Cannot connect");
  await running.stop();
  equal(monitor.services.ledger?.error, undefined);
});

Deno.test("ArchiverHost.run() throws why the database cannot be used", async () => {
  const fixture = new HostFixture("clicks");
  const error = new CheckpointError("It is too new", { code: "SchemaTooNew" });
  const { host, done } = fixture.run(fixture.host(["clicks"], {}, () => Promise.reject(error)));
  await rejects(done, error);
  equal(host.status().state, "stopping");
});

Deno.test("ArchiverHost.run() throws the error of its only stream, and names several that are down", async () => {
  const fixture = new HostFixture("clicks");
  const one = fixture.run(fixture.host(["missing"]));
  const three = fixture.run(fixture.host(["gone", "clicks", "missing"]));
  await fixture.put("clicks");
  await fixture.clock.advance(60 * SECOND);
  await rejects(one.stop(), { name: "KinesisError", code: "ResourceNotFoundException" });
  await rejects(three.stop(), (error) => {
    ok(error instanceof StreamsDownError);
    match(error.message, /^Cannot archive 2 of 3 streams: "gone": .*gone.*; "missing": .*missing/);
    deepStrictEqual(error.streams.map(({ stream, client }) => [stream, client]), [
      ["gone", "store"],
      ["missing", "store"],
    ]);
    return true;
  });
  deepEqual(await fixture.archived("clicks"), fixture.expected("clicks"));
});

Deno.test("ArchiverHost with endsOnFailure stops all streams when one fails, and archives what they read", async () => {
  const fixture = new HostFixture("clicks", "orders");
  const { host, done } = fixture.run(fixture.host(["clicks", "orders"], { endsOnFailure: true }));
  await fixture.put("clicks");
  await fixture.clock.advance(5 * SECOND);
  host.add("missing", fixture.options());
  await rejects(fixture.until(done), {
    name: "StreamsDownError",
    message: /1 of 3 streams: "missing"/,
  });
  deepEqual(await fixture.archived("clicks"), fixture.expected("clicks"));
});

Deno.test("The streams of a host share its memory and its uploads", async () => {
  const streams = ["clicks", "orders", "views"];
  const fixture = new HostFixture(...streams);
  const { store, clock } = fixture;
  let [running, most] = [0, 0];
  const put = store.put.bind(store);
  store.put = async (key, ...rest) => {
    if (!key.endsWith(".tri")) return await put(key, ...rest);
    most = Math.max(most, ++running);
    await clock.sleep(100);
    running--;
    return await put(key, ...rest);
  };
  const host = fixture.host(streams, { maxMemory: 2 ** 20, uploads: 2 });
  const { stop } = fixture.run(host);
  for (const stream of streams) await fixture.put(stream);
  await clock.advance(5 * SECOND);
  const { memory, streams: hosted } = host.status();
  equal(memory.limit, 2 ** 20);
  deepEqual(hosted.map(({ archiver }) => archiver!.memory.limit), Array(3).fill(2 ** 20));
  await stop();
  equal(most, 2);
  for (const stream of streams) {
    deepEqual(await fixture.archived(stream), fixture.expected(stream));
  }
});
