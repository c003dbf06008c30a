import { deepStrictEqual, ok, rejects } from "node:assert/strict";
import { MemoryLedger } from "../../src/exports/checkpoint.ts";
import { ArchiveEnds } from "../../src/archiver/archive_ends.ts";
import { VirtualClock } from "../../src/base/clock.ts";
import { MemoryKinesis, ServiceTime } from "../../src/kinesis/mod.ts";
import { ObjectStoreError } from "../../src/base/errors.ts";
import { MemoryObjectStore } from "../../src/objects/mod.ts";
import type { GetOptions } from "../../src/objects/object_store.ts";
import type { SequenceNumber } from "../../src/base/record.ts";
import { chainOf, keyOf, putFiles, shardId, START } from "../archive/chain_archives.ts";

const STREAM = "clicks";
const HOUR = 3_600_000;
const CHAIN = chainOf(24 * 4);

/** A stream that is four days old, and an archive with a file for each hour. */
async function fourDays() {
  let gets = 0;
  const store = new MemoryObjectStore({
    intercept(request, proceed) {
      if (request.operation === "get") gets++;
      return proceed();
    },
  });
  await putFiles(store, ...CHAIN);
  const clock = new VirtualClock({ now: START });
  const kinesis = new MemoryKinesis({ clock });
  kinesis.createStream(STREAM, 2);
  await clock.advance(24 * 4 * HOUR);
  const ledger = new MemoryLedger(STREAM, { clock });
  const services = { store, kinesis, ledger, clock, time: new ServiceTime(clock) };
  const begin = async (changed: Partial<typeof services> = {}) => {
    const ends = new ArchiveEnds({ ...services, ...changed });
    await ends.begin(await kinesis.describeStream(STREAM));
    return ends;
  };
  return {
    ...services,
    services,
    begin,
    /** How many files were read since this was last called. */
    reads(): number {
      const count = gets;
      gets = 0;
      return count;
    },
    /** The last records by shard, and how many files were asked. */
    async find() {
      gets = 0;
      const ends = await begin();
      const found = await Promise.all([shardId(0), shardId(1)].map((id) => ends.of(id)));
      return { ends: found.map((end) => end && [end.key, end.last]), gets };
    },
  };
}

/** An object of which some methods are others. */
function instead<T extends object>(target: T, methods: Record<string, unknown>): T {
  return new Proxy(target, {
    get(_, name) {
      const member = methods[name as string] ?? target[name as keyof T];
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

const END = [[keyOf(CHAIN.at(-1)!), String(2 * CHAIN.length)], undefined];

Deno.test("ArchiveEnds looks back as far as the stream holds records if nothing is known", async () => {
  const { find, kinesis } = await fourDays();
  const { ends, gets } = await find();
  deepStrictEqual(ends, END);
  ok(gets >= 47 && gets <= 49, `retention and a day, not ${gets}`);
  kinesis.setRetention(STREAM, 24 * 7);
  deepStrictEqual((await find()).gets, CHAIN.length, "and to the beginning of the stream");
});

Deno.test("ArchiveEnds looks back no further than the database can be behind", async () => {
  const { find, kinesis, ledger, clock } = await fourDays();
  kinesis.setRetention(STREAM, 24 * 7);
  const knownAt = new Date(clock.now() - 2 * HOUR);
  const start = { type: "trim-horizon" } as const;
  await ledger.adopt(new Map([[shardId(0), { checkpoint: "100" as SequenceNumber, knownAt }]]));
  await ledger.addShards([{ shardId: shardId(0), parents: [], start }]);
  const { ends, gets } = await find();
  deepStrictEqual(ends, END);
  ok(gets >= 25 && gets <= 27, `a day and two hours, not ${gets}`);
});

Deno.test("ArchiveEnds looks all the way back for a shard that was just added", async () => {
  const { find, kinesis, ledger } = await fourDays();
  kinesis.setRetention(STREAM, 24 * 7);
  await ledger.addShards([
    { shardId: shardId(0), parents: [], start: { type: "trim-horizon" } },
  ]);
  deepStrictEqual((await find()).gets, CHAIN.length);
});

Deno.test("ArchiveEnds passes over the archives of an earlier stream of the same name", async () => {
  const { find, kinesis } = await fourDays();
  kinesis.deleteStream(STREAM);
  kinesis.createStream(STREAM, 1);
  deepStrictEqual(await find(), { ends: [undefined, undefined], gets: 0 });
});

Deno.test("ArchiveEnds finds what came since, and reads only that", async () => {
  const { services, begin, reads } = await fourDays();
  const ends = await begin();
  await ends.look();
  reads();
  const more = chainOf(CHAIN.length + 2);
  await putFiles(services.store, ...more.slice(-2));
  await services.clock.advance(2 * HOUR);
  const [one, other] = await Promise.all([ends.of(shardId(0)), ends.of(shardId(0))]);
  deepStrictEqual([one?.key, other?.key], [keyOf(more.at(-1)!), keyOf(more.at(-1)!)]);
  deepStrictEqual(reads(), 2);
});

Deno.test("ArchiveEnds looks again for who comes while it looks", async () => {
  const { services, begin } = await fourDays();
  const more = chainOf(CHAIN.length + 1);
  const ends = await begin();
  const [list, begun] = [services.store.list.bind(services.store), Promise.withResolvers<void>()];
  const held = Promise.withResolvers<void>();
  services.store.list = async function* (...args) {
    begun.resolve();
    const found = await Array.fromAsync(list(...args));
    await held.promise;
    yield* found;
  };
  const early = ends.look();
  await begun.promise;
  await putFiles(services.store, more.at(-1)!);
  const end = ends.of(shardId(0));
  held.resolve();
  await early;
  deepStrictEqual((await end)?.key, keyOf(more.at(-1)!));
});

Deno.test("ArchiveEnds takes what the ledger knows of a file in cold storage, or says how to restore it", async () => {
  const { services, begin } = await fourDays();
  const cold = keyOf(CHAIN.at(-1)!);
  const store = instead(services.store, {
    get(key: string, options: GetOptions) {
      if (key !== cold) return services.store.get(key, options);
      const message = `Cannot get ${key}: it is in cold storage (Glacier)`;
      throw new ObjectStoreError(message, { code: "InvalidObjectState", retryable: false });
    },
  });
  const ledger = instead(services.ledger, {
    isCommitted: (key: string) => Promise.resolve(key === known),
  });
  let known = "";
  const ends = async () => await (await begin({ store, ledger })).of(shardId(0));
  await rejects(ends(), { code: "InvalidObjectState" });
  known = cold;
  deepStrictEqual((await ends())?.key, keyOf(CHAIN.at(-2)!));
});

Deno.test("ArchiveEnds.has() asks the store only about files that the last look did not find", async () => {
  const { services, begin } = await fourDays();
  const asked: string[] = [];
  const store = instead(services.store, {
    head(key: string) {
      asked.push(key);
      return services.store.head(key);
    },
  });
  const ends = await begin({ store });
  await ends.look();
  const [old, gone, newest] = [
    keyOf(CHAIN[0]!),
    keyOf({ shards: {}, at: 1 }),
    keyOf(CHAIN.at(-1)!),
  ];
  deepStrictEqual(await Promise.all([old, gone, newest].map((key) => ends.has(key))), [
    ...[true, false, true],
  ]);
  deepStrictEqual(asked, [old, gone]);
});
