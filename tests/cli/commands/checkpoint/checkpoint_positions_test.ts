import { deepStrictEqual, equal, match } from "node:assert/strict";
import { openCheckpointer, openLedger } from "../../../../src/exports/checkpoint.ts";
import type { SequenceNumber, ShardId } from "../../../../src/base/record.ts";
import { type Pipeline, startPipeline, STREAM } from "../../../e2e/pipeline.ts";
import { shardId } from "../../../archive/chain_archives.ts";
import { withArchive } from "../../archive_place.ts";

const ONE = shardId(0);

async function withPipeline(test: (pipeline: Pipeline) => Promise<void>): Promise<void> {
  await using pipeline = await startPipeline({ shards: 1 });
  await test(pipeline);
}

/** Puts one event for each letter of a text, with the letter as its ID. */
async function put({ run }: Pipeline, ids: string): Promise<void> {
  const lines = [...ids].map((id) => `${JSON.stringify({ id })}\n`).join("");
  equal((await run(["put", "--stream", "clicks"], lines)).code, 0);
}

/** The sequence numbers of all records. */
async function numbersIn({ kinesis }: Pipeline): Promise<SequenceNumber[]> {
  const position = { type: "trim-horizon" } as const;
  const iterator = await kinesis.kinesis.getShardIterator(
    { stream: STREAM, shardId: ONE },
    position,
  );
  const { records } = await kinesis.kinesis.getRecords(iterator);
  return records.map(({ sequenceNumber }) => sequenceNumber);
}

/** Runs `store` until it has closed a file. */
async function archiveSome(pipeline: Pipeline): Promise<void> {
  await using store = pipeline.store();
  await store.until(/Archived .*closed by time/);
  equal((await store.stop("SIGTERM")).code, 0);
}

Deno.test("triton checkpoint list prints positions, owners and leases, as a table and as JSON", () =>
  withArchive(async ({ database, run }) => {
    const args = ["--checkpoint-db", database];
    {
      await using consumer = await openCheckpointer(database, { client: "billing" });
      await consumer.save("clicks", new Map([[ONE, "42" as SequenceNumber]]));
      await consumer.save("views", new Map([[ONE, "1" as SequenceNumber]]));
    }
    const list = (...more: string[]) => run("checkpoint list", [...args, ...more]);
    const billing = await list("--client-name", "billing");
    deepStrictEqual([billing.code, billing.stderr], [0, ""]);
    match(
      billing.stdout,
      /^shard +position +saved +state +owner\nshardId-0{12} +42 +20\S+Z +read\n$/,
    );
    await using ledger = await openLedger(database, { client: "store", stream: "clicks" });
    await ledger.addShards([{ shardId: ONE, parents: [], start: { type: "trim-horizon" } }]);
    await ledger.acquire(ONE, "worker-1", 60_000);
    const leasedUntil = (await ledger.shards())[0]!.leasedUntil!;
    const store = await list("--client-name", "store");
    const worker = `worker-1 until ${leasedUntil.toISOString().slice(0, 19)}Z`;
    match(store.stdout, new RegExp(`\\nshardId-0{12}  no position +open +${worker}\\n$`));
    const json = await list("--client-name", "store", "--json");
    deepStrictEqual(JSON.parse(json.stdout), {
      ...{ client: "store", stream: "clicks", shardId: ONE, state: "open" },
      ...{ owner: "worker-1", leasedUntil: leasedUntil.toISOString() },
    });
    const none = await list("--client-name", "nobody");
    deepStrictEqual([none.code, none.stdout], [0, ""]);
    equal(none.stderr, 'triton: Client "nobody" has no positions in "clicks"\n');
  }));

Deno.test("triton checkpoint set moves a consumer, and refuses to move what a worker archives", () =>
  withArchive(async ({ database, run }) => {
    {
      await using consumer = await openCheckpointer(database, { client: "billing" });
      await consumer.save("clicks", new Map([[ONE, "42" as SequenceNumber]]));
    }
    const set = (client: string, to: string, ...more: string[]) =>
      run("checkpoint set", [
        ...["--checkpoint-db", database, "--client-name", client],
        ...["--shard", ONE, "--to", to, ...more],
      ]);
    const line = `${ONE}  42  ->  7\n`;
    equal((await set("billing", "7", "--dry-run")).stdout, `${line}1 position would be moved\n`);
    equal((await set("billing", "7")).stdout, `${line}1 position moved\n`);
    equal((await set("billing", "7")).stdout, "All positions are already there\n");
    equal((await set("billing", "LATEST")).code, 2);
    await using ledger = await openLedger(database, { client: "store", stream: "clicks" });
    await ledger.addShards([{ shardId: ONE, parents: [], start: { type: "trim-horizon" } }]);
    await ledger.acquire(ONE, "worker-1", 60_000);
    const busy = await set("store", "7");
    deepStrictEqual([busy.code, busy.stdout], [1, ""]);
    match(
      busy.stderr,
      /worker worker-1 holds the lease of shardId-0{12} until 20[^ ]+Z; stop triton/,
    );
    await ledger.leave("worker-1");
    match(
      (await set("store", "7")).stdout,
      /no position {2}-> {2}7\n1 position moved; the records in between are recorded as a gap\n$/,
    );
    const unknown = await run("checkpoint set", [
      ...["--checkpoint-db", database, "--client-name", "store"],
      ...["--shard", "shardId-000000000009", "--to", "7"],
    ]);
    match(unknown.stderr, /does not know that shard of "clicks" yet/);
  }));

Deno.test("triton checkpoint rewind moves a consumer to a time, to both ends, and to a record", () =>
  withPipeline(async (pipeline) => {
    await put(pipeline, "abc");
    const numbers = await numbersIn(pipeline);
    {
      await using consumer = await openCheckpointer(pipeline.database, { client: "billing" });
      await consumer.save(STREAM, new Map([[ONE, numbers[1]!]]));
    }
    const rewind = (to: string, ...more: string[]) =>
      pipeline.run([
        ...["checkpoint", "rewind", "--stream", "clicks", "--client-name", "billing"],
        ...["--to", to, ...more],
      ]);
    const position = async () => {
      await using consumer = await openCheckpointer(pipeline.database, { client: "billing" });
      return await consumer.load(STREAM, ONE);
    };
    const dry = await rewind("latest", "--dry-run");
    deepStrictEqual([dry.code, dry.stderr], [0, ""]);
    equal(dry.stdout, `${ONE}  ${numbers[1]}  ->  ${numbers[2]}\n1 position would be moved\n`);
    equal(await position(), numbers[1]);
    equal((await rewind("latest")).code, 0);
    equal(await position(), numbers[2]);
    // Before all that the stream holds: what is read next is its first record.
    equal((await rewind("2020-01-01T00:00:00Z")).code, 0);
    const [listed] = await Array.fromAsync(pipeline.kinesis.kinesis.listShards(STREAM));
    equal(await position(), listed!.startingSequenceNumber);
    equal((await rewind("trim-horizon")).stdout, "All positions are already there\n");
    equal((await rewind(numbers[0]!)).code, 2);
    equal((await rewind(numbers[0]!, "--shard", ONE)).code, 0);
    equal(await position(), numbers[0]);
    const wrong = await rewind("123", "--shard", ONE);
    deepStrictEqual([wrong.code, await position()], [1, numbers[0]]);
    match(wrong.stderr, /^triton: Cannot open shard "shardId-0{12}" of stream "clicks_prod": /);
    const nowhere = await rewind("latest", "--shard", "shardId-000000000007" as ShardId);
    match(nowhere.stderr, /has no shard shardId-0{11}7/);
    equal((await rewind("tomorrow")).code, 2);
  }));

Deno.test("triton checkpoint rewind moves an archiver only forward, with a gap that verify knows", () =>
  withPipeline(async (pipeline) => {
    await put(pipeline, "abc");
    await archiveSome(pipeline);
    await put(pipeline, "def");
    const rewind = (to: string) =>
      pipeline.run([
        ...["checkpoint", "rewind", "--stream", "clicks", "--client-name", "store", "--to", to],
      ]);
    const back = await rewind("2020-01-01");
    equal(back.code, 1);
    match(
      back.stderr,
      /^triton: Cannot move shardId-0{12} of "clicks_prod" back: client "store" has archived it /,
    );
    const forward = await rewind("latest");
    match(forward.stdout, /1 position moved; the records in between are recorded as a gap\n$/);
    await put(pipeline, "ghi");
    await archiveSome(pipeline);
    deepStrictEqual(
      (await pipeline.cat()).stdout.trimEnd().split("\n").map((line) => JSON.parse(line).id).join(
        "",
      ),
      "abcghi",
    );
    const verified = await pipeline.verify("--checkpoint-db", pipeline.database);
    equal(verified.stderr, "triton: The archive is not whole: 1 recorded gap\n");
    match(verified.stdout, /recorded gap [0-9a-f]{12}: store shardId-0{12} after \d+: skipped/);
  }));
