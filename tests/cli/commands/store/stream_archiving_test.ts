import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import { ArchiverHost, ArchiverMonitor } from "../../../../src/archiver/mod.ts";
import { VirtualClock } from "../../../../src/base/clock.ts";
import { TritonError } from "../../../../src/base/errors.ts";
import { AccountSource } from "../../../../src/cli/commands/store/account_source.ts";
import { StreamArchiving } from "../../../../src/cli/commands/store/stream_archiving.ts";
import {
  fixedStreams,
  type StreamSource,
} from "../../../../src/cli/commands/store/stream_source.ts";
import { accountStreams, jobsOf } from "../../../../src/cli/options/stream_jobs.ts";
import { SharedServices } from "../../../../src/cli/shared_services.ts";
import { encodeEvent } from "../../../../src/codec/mod.ts";
import { parseConfig } from "../../../../src/config/mod.ts";
import { MemoryKinesis } from "../../../../src/kinesis/mod.ts";
import { MemoryLedgers } from "../../../../src/ledger/mod.ts";
import { MemoryObjectStore } from "../../../../src/objects/mod.ts";
import { runUntil } from "../../../../src/testing/mod.ts";

const FLAGS = { clientName: "store", bucket: "b" };

/** A process that archives what a source says, with services in memory. */
function startProcess(sourceOf: (clock: VirtualClock, kinesis: MemoryKinesis) => StreamSource) {
  const clock = new VirtualClock();
  const [kinesis, store] = [new MemoryKinesis({ clock }), new MemoryObjectStore()];
  const [stop, opened] = [new AbortController(), new Set<string>()];
  const host = new ArchiverHost({ ledgers: new MemoryLedgers({ clock }), clock });
  const kept = <T extends object>(service: T, name: string) => {
    opened.add(name);
    return Promise.resolve(
      Object.assign(service, { [Symbol.asyncDispose]: () => Promise.resolve() }),
    );
  };
  const archiving = new StreamArchiving({
    source: sourceOf(clock, kinesis),
    services: new SharedServices({
      kinesis: ({ region }) => kept(kinesis, `kinesis ${region}`),
      store: (bucket, { region }) => kept(store, `${bucket} ${region}`),
    }),
    host,
    watch: {
      add: (stream) => new ArchiverMonitor({ ...stream, clock }),
      remove() {},
      host: undefined,
    },
    flags: { rotateMs: 600_000, maxSize: 2 ** 20 },
  }, { signal: stop.signal });
  const put = (stream: string, id: string) =>
    kinesis.putRecords(stream, [{ partitionKey: id, data: encodeEvent({ id }) }]);
  const names = () => host.status().streams.map(({ stream }) => stream);
  return { archiving, clock, kinesis, store, host, stop, opened, put, names };
}

/** Streams of the account. */
function accountOf(clock: VirtualClock, kinesis: MemoryKinesis): StreamSource {
  return new AccountSource({
    selection: { type: "account", like: ["prod-*"], except: [], tags: new Map() },
    clock,
    kinesis: () => Promise.resolve(kinesis),
    jobsOf: (names) => jobsOf(accountStreams(names, undefined, {}), FLAGS),
  });
}

Deno.test("StreamArchiving takes a stream that is created, and archives what it read of one that is deleted", async () => {
  const { archiving, clock, kinesis, store, host, stop, put, names } = startProcess(accountOf);
  for (const name of ["prod-a", "prod-b"]) kinesis.createStream(name);
  const running = archiving.run();
  await clock.advance(30_000);
  await put("prod-a", "1");
  await put("prod-b", "2");
  await clock.advance(5_000);
  equal(host.unarchived.events, 2);
  kinesis.deleteStream("prod-a");
  kinesis.createStream("prod-c");
  await put("prod-c", "3");
  await clock.advance(120_000);
  deepStrictEqual(names(), ["prod-b", "prod-c"]);
  stop.abort();
  await runUntil(clock, running); // without an error of the stream that is gone
  const archived = [];
  for await (const { key } of store.list("")) archived.push(/\/(prod-.)-/.exec(key)?.[1]);
  deepStrictEqual(archived.filter((name) => name !== undefined).sort(), [
    ...["prod-a", "prod-b", "prod-c"],
  ]);
});

Deno.test("StreamArchiving opens one Kinesis for each region, and one store for each bucket and region", async () => {
  const { archiving, clock, kinesis, stop, opened, names } = startProcess(() =>
    fixedStreams(jobsOf(
      parseConfig(`
a: { name: a, region: us-east-1 }
b: { name: b, region: us-east-1 }
c: { name: c, region: eu-west-1 }
d: { name: d, region: eu-west-1, archive: { bucket: other } }
`).streams,
      FLAGS,
    ))
  );
  for (const name of ["a", "b", "c", "d"]) kinesis.createStream(name);
  const running = archiving.run();
  await clock.advance(5_000);
  deepStrictEqual(names(), ["a", "b", "c", "d"]);
  deepStrictEqual([...opened].sort(), [
    ...["b eu-west-1", "b us-east-1", "kinesis eu-west-1", "kinesis us-east-1", "other eu-west-1"],
  ]);
  stop.abort();
  await runUntil(clock, running);
});

Deno.test("StreamArchiving ends without an error if it is stopped before the streams are known", async () => {
  const { archiving, stop } = startProcess(() => ({
    ...fixedStreams([]),
    first: (signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  }));
  const running = archiving.run();
  stop.abort();
  await running;
});

Deno.test("StreamArchiving throws what a source throws at the start, and what is a bug later", async () => {
  const failing = (error: Error): StreamSource => ({
    ...fixedStreams([]),
    first: () => Promise.reject(error),
  });
  await rejects(startProcess(() => failing(new TritonError("why"))).archiving.run(), /why/);
  const { archiving, clock } = startProcess(() => ({
    ...fixedStreams([]),
    // deno-lint-ignore require-yield
    async *later() {
      await Promise.resolve();
      throw new TypeError("bug");
    },
  }));
  await rejects(runUntil(clock, archiving.run()), { message: "bug" });
});
