import { deepStrictEqual, rejects } from "node:assert/strict";
import { ArchiverMonitor } from "../../../../src/archiver/mod.ts";
import { VirtualClock } from "../../../../src/base/clock.ts";
import { TritonError } from "../../../../src/base/errors.ts";
import { HostedStreams } from "../../../../src/cli/commands/store/hosted_streams.ts";
import { jobsOf } from "../../../../src/cli/options/stream_jobs.ts";
import { parseConfig } from "../../../../src/config/mod.ts";
import { MemoryKinesis } from "../../../../src/kinesis/mod.ts";
import { MemoryObjectStore } from "../../../../src/objects/mod.ts";
import { readLog } from "../../../support/read_log.ts";

/** Streams with a host that only notes what it is to do; removals end when `left` says so. */
function hosted({ skipToLatest }: { readonly skipToLatest?: boolean } = {}) {
  const clock = new VirtualClock();
  const [kinesis, store] = [new MemoryKinesis({ clock }), new MemoryObjectStore()];
  const done: string[] = [];
  const leaving = new Map<string, PromiseWithResolvers<void>>();
  const stop = new AbortController();
  const refused = new Set<string>();
  const streams = new HostedStreams({
    host: {
      add(stream, { client, rotateMs, skipToLatest = false }) {
        done.push(`add ${stream} ${client} ${rotateMs}${skipToLatest ? " skips" : ""}`);
      },
      remove(stream) {
        done.push(`remove ${stream}`);
        const left = Promise.withResolvers<void>();
        leaving.set(stream, left);
        return left.promise;
      },
    },
    signal: stop.signal,
    services: {
      kinesis: () => Promise.resolve(kinesis),
      store: ({ bucket }) =>
        refused.has(bucket) ? Promise.reject(new TritonError("no bucket")) : Promise.resolve(
          Object.assign(store, { [Symbol.asyncDispose]: () => Promise.resolve() }),
        ),
    },
    watch: {
      add(stream) {
        done.push(`watch ${stream.stream}`);
        return new ArchiverMonitor({ ...stream, clock });
      },
      remove: ({ stream }) => void done.push(`unwatch ${stream}`),
    },
    settingsOf: ({ config }) => ({ rotateMs: config.archive?.rotateMs ?? 1, skipToLatest }),
  });
  return {
    ...{ streams, stop, refused },
    /** Sets the streams of a configuration, and returns what was done. */
    async set(text: string): Promise<string[]> {
      const config = text === "" ? [] : parseConfig(text).streams;
      await streams.set(jobsOf(config, { clientName: "store", bucket: "b" }));
      return done.splice(0);
    },
    /** Lets a removal end, and returns what was done after it. */
    async left(stream: string, error?: Error): Promise<string[]> {
      const { resolve, reject } = leaving.get(stream)!;
      if (error === undefined) resolve();
      else reject(error);
      await clock.advance(0);
      return done.splice(0);
    },
  };
}

Deno.test("HostedStreams.set() adds what is new, and leaves alone what is the same", async () => {
  const { streams, set } = hosted();
  deepStrictEqual(await set("a: {name: a}\nb: {name: b, archive: {client: c, rotate: 5m}}"), [
    ...["watch a", "add a store 1", "watch b", "add b c 300000"],
  ]);
  deepStrictEqual(streams.monitors.length, 2);
  deepStrictEqual(await set("b: {name: b, archive: {client: c, rotate: 5m}}\na: {name: a}"), []);
  deepStrictEqual(
    await set("a: {name: a}\nb: {name: b, archive: {client: c, rotate: 5m}}\nc: {name: c}"),
    [
      ...["watch c", "add c store 1"],
    ],
  );
});

Deno.test("HostedStreams.set() removes what is gone, and does not wait for it", async () => {
  const { streams, set, left } = hosted();
  await set("a: {name: a}\nb: {name: b}");
  deepStrictEqual(await set("b: {name: b}"), ["remove a"]);
  deepStrictEqual(await set("b: {name: b}\nc: {name: c}"), ["watch c", "add c store 1"]);
  deepStrictEqual(await left("a"), ["unwatch a"]);
  deepStrictEqual(streams.monitors.length, 2);
  deepStrictEqual(await set(""), ["remove b", "remove c"]);
});

Deno.test("HostedStreams.set() begins a stream again whose settings have changed, after it has left", async () => {
  const { set, left } = hosted();
  await set("a: {name: a}");
  deepStrictEqual(await set("a: {name: a, archive: {rotate: 1m}}"), ["remove a"]);
  deepStrictEqual(await set("a: {name: a, archive: {rotate: 2m}}"), []);
  deepStrictEqual(await left("a"), ["unwatch a", "watch a", "add a store 120000"]);
});

Deno.test("HostedStreams.set() skips records of a stream only when it is added for the first time", async () => {
  const { set, left } = hosted({ skipToLatest: true });
  deepStrictEqual(await set("a: {name: a}"), ["watch a", "add a store 1 skips"]);
  await set("a: {name: a, archive: {rotate: 1m}}");
  deepStrictEqual(await left("a"), ["unwatch a", "watch a", "add a store 60000"]);
  await set("");
  await left("a");
  deepStrictEqual(await set("a: {name: a}\nb: {name: b}"), [
    ...["watch a", "add a store 1", "watch b", "add b store 1 skips"],
  ]);
});

Deno.test("HostedStreams.set() adds a stream that comes back while it leaves", async () => {
  const { set, left } = hosted();
  await set("a: {name: a}");
  deepStrictEqual(await set(""), ["remove a"]);
  deepStrictEqual(await set("a: {name: a}"), []);
  deepStrictEqual(await left("a"), ["unwatch a", "watch a", "add a store 1"]);
});

Deno.test("HostedStreams.set() changes nothing if a client cannot be opened", async () => {
  const { set, refused } = hosted();
  await set("a: {name: a}");
  refused.add("s3://bad");
  await rejects(set("b: {name: b}\nc: {name: c, archive: {bucket: s3://bad}}"), /no bucket/);
  deepStrictEqual(await set("a: {name: a}"), []);
});

Deno.test("HostedStreams adds nothing after the signal, and reports what could not be archived", async () => {
  const { set, left, stop } = hosted();
  await set("a: {name: a}\nb: {name: b}");
  await set("b: {name: b}");
  const log = await readLog(async () => {
    deepStrictEqual(await left("a", new TritonError("why")), ["unwatch a"]);
  });
  deepStrictEqual(log, [
    { event: "stream.abandoned", stream: "a", client: "store", reason: "why" },
  ]);
  stop.abort();
  deepStrictEqual(await set("c: {name: c}"), []);
});
