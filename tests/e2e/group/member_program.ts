/**
 * One member of a consumer group that tests torture: writes each record into the table `effect`.
 *
 * On SIGHUP it stops itself (SIGSTOP), and on SIGUSR2 it kills itself, in or about the next
 * transaction. It says so before, with the shard and the epoch.
 *
 * @module
 */

import { configure } from "@logtape/logtape";
import { getNumber, type Group, type GroupBatch, openGroup } from "@triton/triton";
import postgres from "postgres";
import { VirtualClock } from "../../../src/base/clock.ts";
import { LOCAL_CREDENTIALS } from "../../support/local_kinesis.ts";

/** What a member is told, as JSON in its first argument. */
export interface MemberOptions {
  readonly consume: "transact" | "transactSqlite" | "loop";
  readonly stream: string;
  /** URL of Kinesis. */
  readonly endpoint: string;
  /** URL of the group's database. */
  readonly database: string;
  /** URL of the database that a loop writes into. */
  readonly loopUrl: string;
  readonly worker: string;
  readonly leaseMs: number;
  readonly isolation?: "read committed" | "repeatable read" | "serializable";
  readonly seed: number;
}

const options: MemberOptions = JSON.parse(Deno.args[0]!);
const { consume, stream, endpoint, worker, leaseMs, isolation } = options;
const chance = new VirtualClock({ seed: options.seed });
const stop = new AbortController();
/** What happens in or about the next transaction. */
let ordered: { readonly signal: Deno.Signal; readonly moment: Moment } | undefined;

/** Before the effects, after them, or in some milliseconds: around the fence and the commit. */
type Moment = "before" | "after" | "soon";
const MOMENTS: readonly Moment[] = ["before", "after", "soon"];

function say(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}

function order(signal: Deno.Signal): void {
  ordered = { signal, moment: MOMENTS[Math.floor(chance.random() * MOMENTS.length)]! };
}

/** Does what was ordered, if this is the moment for it. */
function obey(moment: "before" | "after", { shardId, epoch }: Place): void {
  if (ordered === undefined) return;
  const { signal, moment: at } = ordered;
  if ((at === "soon" ? "after" : at) !== moment) return;
  ordered = undefined;
  const act = () => {
    say(`${signal} ${at} ${shardId} ${epoch}`);
    Deno.kill(Deno.pid, signal);
  };
  if (at === "soon") setTimeout(act, chance.random() * 4);
  else act();
}

type Place = Pick<GroupBatch<unknown>, "shardId" | "epoch">;

function rowsOf({ shardId, records }: GroupBatch) {
  return records.map(({ data }) => ({ shard: shardId, n: getNumber(data, "n")! }));
}

const CONSUME: Readonly<Record<MemberOptions["consume"], (group: Group) => Promise<void>>> = {
  transact: (group) =>
    group.transact(async (tx, batch) => {
      obey("before", batch);
      await tx`insert into effect ${tx(rowsOf(batch))}`;
      obey("after", batch);
    }, { isolation, maxRecords: 50, maxWaitMs: 20 }),

  transactSqlite: (group) =>
    group.transactSqlite((database, batch) => {
      obey("before", batch);
      const insert = database.prepare("insert into effect (shard, n) values (?, ?)");
      for (const { shard, n } of rowsOf(batch)) insert.run(shard, n);
      obey("after", batch);
    }, { maxRecords: 50, maxWaitMs: 20 }),

  async loop(group) {
    const sql = postgres(options.loopUrl, { max: 1, onnotice: () => {} });
    for await (const { shardId, data } of group) {
      obey("before", { shardId, epoch: 0 });
      await sql`insert into effect (shard, n) values (${shardId}, ${getNumber(data, "n")!})`;
      obey("after", { shardId, epoch: 0 });
    }
    await sql.end();
  },
};

await configure({
  sinks: {
    say: ({ level, message }) => say(`${level} ${message.join("")}`),
  },
  loggers: [
    { category: "triton", lowestLevel: "info", sinks: ["say"] },
    { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["say"] },
  ],
});
Deno.addSignalListener("SIGHUP", () => order("SIGSTOP"));
Deno.addSignalListener("SIGUSR2", () => order("SIGKILL"));
Deno.addSignalListener("SIGTERM", () => stop.abort());
{
  await using group = await openGroup({ name: stream, region: "us-east-1", endpoint }, {
    ...{ database: options.database, client: "tortured", credentials: LOCAL_CREDENTIALS },
    ...{ worker, leaseMs, pollIntervalMs: 100, signal: stop.signal },
  });
  say(`ready as ${worker}`);
  await CONSUME[consume](group);
}
say("left in order");
Deno.exit(0);
