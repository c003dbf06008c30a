import { deepEqual, equal, rejects } from "node:assert/strict";
import { Archiver } from "../../src/archiver/mod.ts";
import { verifyArchive } from "../../src/archive/mod.ts";
import { Random, runUntil } from "../../src/testing/mod.ts";
import { openS3InProcess, type S3InProcess, type S3Lie } from "../support/s3_in_process.ts";
import { s3Error } from "../support/s3_operations.ts";
import { Fixture, STREAM } from "./archiver_fixture.ts";

const SEEDS = 25;
const ROTATE_MS = 10_000;

/** What a store may say of a PUT: mostly what is not so. */
const LIES: Readonly<Record<string, S3Lie>> = {
  "an empty 200": () => Promise.resolve(new Response(null, { status: 200 })),
  "a page under 200": () => page(200),
  "a page under 403": () => page(403),
  "202": () => Promise.resolve(new Response(null, { status: 202 })),
  "204 with a tag": () =>
    Promise.resolve(new Response(null, { status: 204, headers: { etag: '"a"' } })),
  "the checksum of another object": () =>
    Promise.resolve(
      new Response(null, { headers: { etag: '"a"', "x-amz-checksum-sha256": "AAAA" } }),
    ),
  "412 of a free key": (request) => Promise.resolve(s3Error(412, "PreconditionFailed", request)),
  "503 of what is stored": async (request, serve) => {
    await serve();
    return s3Error(503, "SlowDown", request);
  },
  "an empty 200 of what is stored": async (_, serve) => {
    await serve();
    return new Response(null, { status: 200 });
  },
  "a page of what is stored": async (_, serve) => {
    await serve();
    return await page(502);
  },
};

function page(status: number): Promise<Response> {
  const headers = { "content-type": "text/html" };
  return Promise.resolve(new Response("<html>Please log in</html>", { status, headers }));
}

/** Archives what is in the stream, with a worker that rotates several times and stops. */
async function archive({ kinesis, ledger, clock }: Fixture, { store }: S3InProcess): Promise<void> {
  const stop = new AbortController();
  const archiver = new Archiver({ kinesis, store, ledger, clock }, { rotateMs: ROTATE_MS });
  const done = archiver.run(stop.signal);
  done.catch(() => {});
  for (let second = 0; second < 40; second++) await clock.advance(1_000);
  stop.abort();
  await runUntil(clock, done);
}

/** What is archived, read from the bucket itself. */
async function archived(fixture: Fixture, { bucket }: S3InProcess): Promise<number[]> {
  for (const [key, { body, metadata }] of bucket) await fixture.store.put(key, body, { metadata });
  return await fixture.archived();
}

Deno.test(`Archiver loses nothing and archives nothing twice in an S3 that lies, under ${SEEDS} seeds`, async () => {
  const told = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new Random(seed);
    const fixture = new Fixture(2);
    await using s3 = await openS3InProcess(() => fixture.clock.now());
    s3.lie = (request, serve) => {
      const isFile = request.operation === "PutObject" && request.key.endsWith(".tri");
      if (!isFile || !random.chance(0.6)) return serve();
      const lie = random.pick(Object.keys(LIES));
      told.add(lie);
      return LIES[lie]!(request, serve);
    };
    for (let round = 0; round < 2; round++) {
      await fixture.put(random.integer(5, 20));
      await archive(fixture, s3);
    }
    s3.lie = undefined;
    await archive(fixture, s3);
    deepEqual(await archived(fixture, s3), fixture.expected, `seed ${seed}`);
    const { problems } = await verifyArchive(s3.store, { stream: STREAM });
    deepEqual(problems, [], `seed ${seed}`);
  }
  deepEqual([...told].sort(), Object.keys(LIES).sort());
});

/** Archives three files with one worker; of one the bucket answers as if it were stored. */
async function forge(fixture: Fixture, s3: S3InProcess, forged: number): Promise<void> {
  const { kinesis, ledger, clock } = fixture;
  const stop = new AbortController();
  const options = { rotateMs: ROTATE_MS };
  const done = new Archiver({ kinesis, store: s3.store, ledger, clock }, options).run(stop.signal);
  done.catch(() => {});
  for (let file = 0; file < 3; file++) {
    s3.lie = async (request, serve) => {
      const answer = await serve();
      if (file === forged && request.key.endsWith(".tri")) s3.bucket.delete(request.key);
      return answer;
    };
    await fixture.put(5);
    for (let second = 0; second < 25; second++) await clock.advance(1_000);
  }
  stop.abort();
  await runUntil(clock, done);
  s3.lie = undefined;
}

/** The kinds of problems that a verification finds, given what the database knows. */
async function problemsOf({ ledger }: Fixture, { store }: S3InProcess): Promise<string[]> {
  const client = "store";
  const knowledge = {
    checkpoints: async () =>
      [...await ledger.checkpoints()].map(([shardId, sequenceNumber]) => (
        { client, shardId, sequenceNumber, isArchivers: true }
      )),
    gaps: async () => (await ledger.gaps()).map((gap) => ({ ...gap, client })),
  };
  const { problems } = await verifyArchive(store, { stream: STREAM, knowledge });
  return problems.map(({ type }) => type);
}

Deno.test("verifyArchive() misses a file whose tag and checksum S3 forged, also the newest", async () => {
  for (const forged of [1, 2]) {
    const fixture = new Fixture();
    await using s3 = await openS3InProcess(() => fixture.clock.now());
    await forge(fixture, s3, forged);
    equal((await archived(fixture, s3)).length, 10, "the forged file is not there");
    deepEqual(await problemsOf(fixture, s3), ["gap"]);
  }
});

Deno.test("Archiver refuses to continue after a newest file whose tag and checksum S3 forged", async () => {
  const fixture = new Fixture();
  await using s3 = await openS3InProcess(() => fixture.clock.now());
  await forge(fixture, s3, 2);
  await rejects(archive(fixture, s3), { name: "CheckpointError", code: "ArchiveGone" });
});
