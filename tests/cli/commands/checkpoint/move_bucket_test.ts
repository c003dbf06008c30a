import { deepStrictEqual, equal, match } from "node:assert/strict";
import { verifyArchive } from "../../../../src/archive/mod.ts";
import { Archiver } from "../../../../src/archiver/mod.ts";
import { openLedger, readLedger } from "../../../../src/exports/checkpoint.ts";
import { VirtualClock } from "../../../../src/base/clock.ts";
import { MemoryKinesis } from "../../../../src/kinesis/mod.ts";
import { DirectoryObjectStore } from "../../../../src/objects/mod.ts";
import { putEvents, runUntil } from "../../../../src/testing/mod.ts";
import { START } from "../../../archive/chain_archives.ts";
import { type ArchivePlace, withArchive } from "../../archive_place.ts";

const STREAM = "clicks";

/** A stream that is archived into the directory and database of a place, in virtual time. */
class Scene {
  readonly clock = new VirtualClock({ now: START });
  readonly kinesis = new MemoryKinesis({ clock: this.clock });
  readonly old: DirectoryObjectStore;
  readonly next: DirectoryObjectStore;
  readonly #place: ArchivePlace;
  #count = 0;

  constructor(place: ArchivePlace) {
    this.#place = place;
    this.old = place.store;
    this.next = new DirectoryObjectStore(`${place.bucket}-next`);
    this.kinesis.createStream(STREAM, 2);
  }

  /** Puts events, and archives them. */
  async archive(store: DirectoryObjectStore, count = 20): Promise<void> {
    const events = Array.from({ length: count }, () => ({ n: this.#count++ }));
    await putEvents(this.kinesis, STREAM, events);
    const { kinesis, clock } = this;
    await using ledger = await openLedger(this.#place.database, {
      ...{ client: "store", stream: STREAM, clock },
    });
    const stop = new AbortController();
    const archiver = new Archiver({ kinesis, store, ledger, clock });
    const run = archiver.run(stop.signal);
    let isOver = false;
    run.catch(() => {}).finally(() => isOver = true);
    // The disk takes real time.
    while (!isOver && (archiver.status().openFile?.events ?? 0) < count) {
      await clock.advance(1_000);
      await new Promise((resolve) => setTimeout(resolve));
    }
    stop.abort();
    await runUntil(clock, run);
  }

  /** The output of `triton verify` with the database. */
  async verify(store: DirectoryObjectStore) {
    const url = store === this.old ? this.#place.bucket : `${this.#place.bucket}-next`;
    return await this.#place.run("verify", [
      ...["--bucket", `file://${url}`, "--checkpoint-db", this.#place.database],
    ]);
  }

  async events(store: DirectoryObjectStore): Promise<number> {
    return (await verifyArchive(store, { stream: STREAM })).events;
  }
}

function move(place: ArchivePlace, ...args: readonly string[]) {
  return place.run("checkpoint move-bucket", [
    ...["--checkpoint-db", place.database, "--bucket", `file://${place.bucket}-next`, ...args],
  ]);
}

Deno.test("triton checkpoint move-bucket: store continues in the new bucket, and both verify", () =>
  withArchive(async (place) => {
    const scene = new Scene(place);
    await scene.archive(scene.old);
    const path = place.database.replace("sqlite://", "");
    const before = await Deno.readFile(path);
    const dry = await move(place, "--dry-run");
    deepStrictEqual(await Deno.readFile(path), before);
    deepStrictEqual([dry.code, dry.stderr], [0, ""]);
    match(
      dry.stdout,
      /^shardId-000000000000 {2}ends at {2}\d+\nshardId-000000000001 {2}ends at {2}\d+\n/,
    );
    match(dry.stdout, /The archive of file:\S+ would continue in file:\S+-next, after 2 shards\n$/);
    await scene.archive(scene.old);
    const done = await move(place);
    deepStrictEqual([done.code, done.stderr], [0, ""]);
    match(done.stdout, /The archive of file:\S+ continues in file:\S+-next, after 2 shards\n$/);
    equal((await move(place)).stdout, `The archive is already in ${scene.next.identity}\n`);
    await scene.archive(scene.next);
    deepStrictEqual([await scene.events(scene.old), await scene.events(scene.next)], [40, 20]);
    for (const store of [scene.old, scene.next]) {
      const verified = await scene.verify(store);
      deepStrictEqual([verified.code, verified.stderr], [0, ""], verified.stdout);
    }
    // And back: what was archived in between is in the other bucket.
    equal((await move(place, "--bucket", `file://${place.bucket}`)).code, 0);
    await scene.archive(scene.old);
    deepStrictEqual([await scene.events(scene.old), await scene.events(scene.next)], [60, 20]);
    for (const store of [scene.old, scene.next]) {
      const verified = await scene.verify(store);
      deepStrictEqual([verified.code, verified.stderr], [0, ""], verified.stdout);
    }
  }));

Deno.test("triton verify excuses exactly what a move explains", () =>
  withArchive(async (place) => {
    const scene = new Scene(place);
    await scene.archive(scene.old);
    await scene.archive(scene.old);
    equal((await move(place)).code, 0);
    await scene.archive(scene.next);
    await scene.archive(scene.next);
    const files = async (store: DirectoryObjectStore) =>
      (await Array.fromAsync(store.list("2"), ({ key }) => key)).sort();
    const [first] = await files(scene.next);
    const path = `${place.bucket}-next/${first}`;
    const bytes = await Deno.readFile(path);
    await Deno.remove(path);
    equal((await scene.verify(scene.next)).code, 1, "the first file after the move is missing");
    await Deno.writeFile(path, bytes);
    equal((await scene.verify(scene.next)).code, 0);
    await Deno.remove(`${place.bucket}/${(await files(scene.old)).at(-1)}`);
    equal((await scene.verify(scene.old)).code, 1, "the last file before the move is missing");
  }));

Deno.test("triton checkpoint move-bucket is refused while a worker is alive or a file is open", () =>
  withArchive(async (place) => {
    const scene = new Scene(place);
    await scene.archive(scene.old);
    {
      await using ledger = await openLedger(place.database, { client: "store", stream: STREAM });
      const [shard] = await ledger.shards("open");
      const { shardId, checkpoint: previous } = shard!;
      const epoch = (await ledger.acquire(shardId, "w", 3_600_000))!;
      match((await move(place)).stderr, /worker w is alive; stop triton store/);
      const store = scene.old.identity;
      const ranges = [{ shardId, epoch, previous, last: previous! }];
      await ledger.intend({ id: "i", key: "20260101/clicks-store-1.tri", store, ranges });
      await ledger.leave("w");
      match((await move(place)).stderr, /intent i\) was begun.*--old-store-is-gone/);
    }
    equal((await move(place, "--old-store-is-gone")).code, 0);
    await scene.archive(scene.next);
    deepStrictEqual([await scene.events(scene.old), await scene.events(scene.next)], [20, 20]);
  }));

Deno.test("triton checkpoint move-bucket reads the old bucket, unless it is gone", () =>
  withArchive(async (place) => {
    const scene = new Scene(place);
    await scene.archive(scene.old);
    const backup = await Deno.readFile(new URL(place.database.replace("sqlite://", "file://")));
    await scene.archive(scene.old);
    await Deno.writeFile(place.database.replace("sqlite://", ""), backup);
    const behind = await move(place);
    equal(behind.code, 1);
    match(behind.stderr, /the database is behind the archive in file:\S+, in shardId-000000000000/);
    await Deno.rename(place.bucket, `${place.bucket}-gone`);
    equal((await move(place)).code, 1);
    equal((await move(place, "--old-store-is-gone")).code, 0);
    deepStrictEqual((await readLedger(place.database)).moves.map(({ to }) => to), [
      ...[scene.next.identity, scene.next.identity],
    ]);
  }));

Deno.test("triton checkpoint move-bucket and recover do not guess where an archive is", () =>
  withArchive(async (place) => {
    const missing = await move(place);
    equal(missing.code, 1);
    match(missing.stderr, /there is no such file/);
    const scene = new Scene(place);
    await scene.archive(scene.old);
    await scene.archive(scene.next).then(
      () => Promise.reject(new Error("another bucket was taken")),
      ({ code }) => equal(code, "OtherStore"),
    );
    await scene.next.put("20260101/other", new Uint8Array(1));
    const recovered = await place.run("checkpoint recover", [
      ...["--checkpoint-db", place.database, "--bucket", `file://${place.bucket}-next`],
    ]);
    match(recovered.stderr, /the archive of client "store" is in file:/);
    const diagnosis = await place.run("verify", ["--checkpoint-db", place.database]);
    equal(diagnosis.code, 0);
  }));
