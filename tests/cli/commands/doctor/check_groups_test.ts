import { deepStrictEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { systemClock } from "../../../../src/base/clock.ts";
import type { SequenceNumber, ShardId } from "../../../../src/base/record.ts";
import { checkGroups, type GroupsPlace } from "../../../../src/cli/commands/doctor/check_groups.ts";
import { checkHistory } from "../../../../src/cli/commands/doctor/check_history.ts";
import { Findings } from "../../../../src/cli/commands/doctor/findings.ts";
import { openCheckpointer } from "../../../../src/exports/checkpoint.ts";
import { MemoryKinesis } from "../../../../src/kinesis/mod.ts";
import { inspectDatabase } from "../../../../src/ledger/inspect_database.ts";
import { readLedger } from "../../../../src/ledger/read_ledger.ts";
import { openGroupDatabase } from "../../../../src/shards/group/open_group.ts";
import { expire } from "../../../ledger/groups/group_rows.ts";
import { query } from "../../../sql/postgres/support.ts";
import { startPostgres } from "../../../support/postgres.ts";

const GROUP = { client: "billing", stream: "clicks", leaseMs: 3_600_000 };
const TIME = { createdAt: new Date("2026-01-01T00:00:00Z") };

/** A stream of one shard, and a database whose group has processed its first record of two. */
interface Place {
  readonly url: string;
  readonly kinesis: MemoryKinesis;
  readonly shardId: ShardId;
  readonly numbers: readonly SequenceNumber[];
  /** The findings, as `level check: message`. */
  findings(changes?: Partial<GroupsPlace>): Promise<string[]>;
}

async function onPlace(url: string, test: (place: Place) => Promise<void>): Promise<void> {
  const kinesis = new MemoryKinesis();
  const [shardId] = kinesis.createStream("clicks") as [ShardId];
  const record = { partitionKey: "a", data: new Uint8Array() };
  const puts = await kinesis.putRecords("clicks", [record, record]);
  const numbers = puts.flatMap((put) => put.ok ? put.sequenceNumber : []);
  {
    await using group = await openGroupDatabase(url, GROUP);
    const { table } = group;
    await table.identify(TIME.createdAt);
    await table.addFirstShards([{ shardId, parents: [], start: { type: "trim-horizon" } }]);
    await table.renew("member-1", 3_600_000);
    const epoch = (await table.acquire(shardId, "member-1", 3_600_000))!;
    await table.save("member-1", [{ shardId, epoch, previous: undefined, last: numbers[0]! }]);
  }
  const place = { url, client: "store", kinesis, clock: systemClock, now: Date.now() };
  await test({
    ...{ url, kinesis, shardId, numbers },
    async findings(changes) {
      const findings = new Findings();
      await checkGroups(await readLedger(url), { ...place, ...changes }, findings);
      return findings.list.map(({ level, check, message }) => `${level} ${check}: ${message}`);
    },
  });
}

async function withPlace(test: (place: Place) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "triton-doctor-" });
  try {
    await onPlace(`sqlite://${join(directory, "triton.db")}`, test);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const RIGHTS = "ok group rights: everything that members of groups do there is allowed";

Deno.test("doctor counts the members of a group, and fails for an archiver of its name", () =>
  withPlace(async ({ findings }) => {
    const members = 'ok groups: group "billing": 1 member, 1 open shard';
    deepStrictEqual(await findings(), [RIGHTS, members]);
    deepStrictEqual(await findings({ client: "billing" }), [
      RIGHTS,
      'fail client: client "billing" is a consumer group that reads clicks',
      members,
    ]);
  }));

Deno.test("doctor warns of a group without members while records wait", () =>
  withPlace(async ({ url, numbers, shardId, findings }) => {
    await expire(url, "worker = 'member-1'");
    const [, idle] = await findings();
    match(
      idle!,
      /^warn groups: group "billing" has no running member, and records wait for it since \d+s$/,
    );
    equal(
      (await findings({ kinesis: new MemoryKinesis() }))[1],
      'warn groups: group "billing" has no running member, and it is unknown whether records wait ' +
        "for it",
    );
    using database = new DatabaseSync(url.slice("sqlite://".length));
    database.exec(`UPDATE triton_group_shard SET position = '${numbers[1]}'`);
    equal(
      (await findings())[1],
      'ok groups: group "billing" has no running member, and no record waits for it',
    );
    database.exec(`UPDATE triton_group_shard SET state = 'ended' WHERE shard = '${shardId}'`);
    match((await findings())[1]!, /no record waits for it$/);
  }));

Deno.test("doctor reports the last error of a member, on one line and without secrets", () =>
  withPlace(async ({ url, findings }) => {
    {
      await using group = await openGroupDatabase(url, GROUP);
      await group.table.report("member-1", "Error: password=hunter2 was refused\n    at handle");
    }
    equal(
      (await findings()).at(-1),
      'warn group errors: member member-1 of group "billing" failed last: Error: ' +
        "password=*** was refused",
    );
    await expire(url, "worker = 'member-1'");
    match((await findings()).at(-1)!, / member member-1, which is gone, of group "billing" failed/);
  }));

Deno.test("doctor warns of a reader beside a group, not of positions that the group has taken over", () =>
  withPlace(async ({ url, numbers, shardId, findings }) => {
    await using reader = await openCheckpointer(url, { client: "audit" });
    const save = (client: string, number: SequenceNumber, ago = 0) => {
      using database = new DatabaseSync(url.slice("sqlite://".length));
      const updated = Math.floor((Date.now() - ago) / 1000);
      database.exec(
        `INSERT OR REPLACE INTO triton_checkpoint VALUES
          ('${client}', 'clicks', '${shardId}', '${number}', ${updated})`,
      );
    };
    await reader.save("clicks", new Map([[shardId, numbers[1]!]]));
    save("billing", numbers[0]!);
    deepStrictEqual((await findings()).length, 2, "its position is the group's");
    save("billing", numbers[1]!, 2 * 3_600_000);
    deepStrictEqual((await findings()).length, 2, "it is old");
    save("billing", numbers[1]!);
    equal(
      (await findings()).at(-1),
      'warn group readers: a program that is not a member saved positions of group "billing" within ' +
        "the last hour",
    );
    const history = await readLedger(url);
    const facts = await inspectDatabase(url, { client: "billing", stream: "clicks" });
    const list = new Findings();
    const how = { client: "billing", now: Date.now(), retentionHours: undefined };
    checkHistory({ history, facts, accepted: [] }, how, list);
    deepStrictEqual(
      list.list.filter(({ check }) => check === "leases" || check === "consumers")
        .map(({ message }) => message),
      ["1 other client in this database: audit"],
    );
  }));

Deno.test("doctor counts a running group among the other readers", () =>
  withPlace(async ({ url }) => {
    const facts = await inspectDatabase(url, { client: "store", stream: "clicks" });
    const findings = new Findings();
    const how = { client: "store", now: Date.now(), retentionHours: undefined };
    checkHistory({ history: await readLedger(url), facts, accepted: [] }, how, findings);
    const [consumers] = findings.list.filter(({ check }) => check === "consumers");
    equal(consumers?.message, "1 other client in this database: billing");
  }));

Deno.test("doctor reports the tables of groups that are newer, unreadable, or may not be written", async () => {
  await withPlace(async ({ url, findings }) => {
    using database = new DatabaseSync(url.slice("sqlite://".length));
    database.exec("UPDATE triton_schema SET version = 99 WHERE part = 'group'");
    match((await findings())[0]!, /^warn group rights: .*a newer Triton has changed its tables/);
  });
  await using server = await startPostgres();
  const owner = await server.createDatabase();
  await onPlace(owner, async ({ findings }) => {
    await query(owner, "CREATE ROLE weak LOGIN PASSWORD 'w'");
    const url = Object.assign(new URL(owner), { username: "weak", password: "w" }).href;
    await query(owner, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO weak");
    const [rights, groups] = await findings({ url });
    match(rights!, /^warn group rights: .*permission denied for table triton_/);
    match(groups!, /^ok groups: /);
    const document = await Deno.readTextFile(
      new URL("../../../../docs/permissions.md", import.meta.url),
    );
    const grants = [...document.matchAll(/```sql\n(.*?)```/gs)].map(([, text]) => text!)
      .find((text) => text.includes("triton_group"))!;
    await query(owner, grants.replaceAll("consumer", "weak"));
    equal((await findings({ url }))[0], RIGHTS);
    const list = new Findings();
    const kinesis = new MemoryKinesis();
    const place = { url, client: "store", kinesis, clock: systemClock, now: 0 };
    await checkGroups({ ...await readLedger(owner), groups: undefined }, place, list);
    deepStrictEqual(list.list.map(({ level, check }) => `${level} ${check}`), ["warn groups"]);
  });
});
