/**
 * A consumer group of real processes, to which everything happens at once.
 *
 * @module
 */

import { VirtualClock } from "../../../src/base/clock.ts";
import { startKinesisLocal } from "../../support/kinesis_local.ts";
import type { LocalKinesis } from "../../support/local_kinesis.ts";
import { startPgBouncer } from "../../support/pgbouncer.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres.ts";
import { startTcpRelay, type TcpRelay } from "../../support/tcp_relay.ts";
import { untilTrue } from "../../support/within.ts";
import { assertArchived } from "../audit.ts";
import { NumberedProducer } from "../numbered_producer.ts";
import { STREAM } from "../pipeline.ts";
import { shardsOf } from "../scene.ts";
import { type Effects, openPostgresEffects, openSqliteEffects } from "./effects.ts";
import type { MemberOptions } from "./member_program.ts";
import { Members } from "./members.ts";
import { TROUBLES } from "./troubles.ts";

/** How members consume, and where. */
export type Torture = "postgres" | "pgbouncer" | "sqlite" | "loop";

/** What all this happens to. */
export interface GroupScene {
  readonly pipeline: { readonly kinesis: LocalKinesis };
  readonly effects: Effects;
  readonly members: Members;
  readonly producer: NumberedProducer;
  /** The server, and the connections of the members to it; undefined with SQLite. */
  readonly postgres: { readonly server: PostgresServer; readonly relay: TcpRelay } | undefined;
  /** A whole number from 0 up to, but not including, the limit. */
  readonly random: (limit: number) => number;
}

/** How a group is tortured. */
export interface TortureOptions {
  readonly kind: Torture;
  /** Decides what happens when, as far as real processes can be made to do the same twice. */
  readonly seed: number;
  /** For how long at least; each trouble comes at least once. */
  readonly seconds: number;
  /** Called with what happens. */
  readonly say?: (line: string) => void;
}

/** What a torture was. */
export interface TortureResult {
  /** How many events were put. */
  readonly events: number;
  /** How many effects there are: as many, but for a loop. */
  readonly effects: number;
  /** How often each trouble came. */
  readonly troubles: Readonly<Record<string, number>>;
}

const MEMBERS = 3;
const SHARDS = 4;
const LEASE_MS = 1_500;
const ISOLATIONS = ["read committed", "repeatable read", "serializable"] as const;

/**
 * Tortures a group, lets it finish, and asserts that each record had its effect once (with a loop: at
 * least once), in order for each shard, and those of a shard after those of its parents.
 */
export async function torture(options: TortureOptions): Promise<TortureResult> {
  const { kind, seed } = options;
  const chance = new VirtualClock({ seed });
  const random = (limit: number) => Math.floor(chance.random() * limit);
  await using stack = new AsyncDisposableStack();
  const kinesis = stack.use(await startKinesisLocal());
  await kinesis.createStream(STREAM, SHARDS);
  const { effects, postgres, ...urls } = await openPlace(stack, kind);
  stack.use(effects);
  const consume = kind === "loop" ? "loop" : kind === "sqlite" ? "transactSqlite" : "transact";
  const isolation = ISOLATIONS[random(ISOLATIONS.length)]!;
  const place = { ...urls, stream: STREAM, endpoint: kinesis.url, leaseMs: LEASE_MS };
  const members = stack.use(new Members(MEMBERS, { ...place, consume, isolation }, random));
  const producer = stack.use(new NumberedProducer(kinesis.kinesis, STREAM, { paceMs: 50 }));
  const scene = { pipeline: { kinesis }, effects, members, producer, postgres, random };
  try {
    const troubles = await trouble(scene, options);
    await producer.stop();
    return { ...await finish(scene, kind), troubles };
  } catch (cause) {
    throw new Error(`Failed on ${kind} with seed ${seed}\n${members.history()}`, { cause });
  }
}

/** Where a group is, and what its members are told. */
interface Place extends Pick<MemberOptions, "database" | "loopUrl"> {
  readonly effects: Effects;
  readonly postgres: GroupScene["postgres"];
}

async function openPlace(stack: AsyncDisposableStack, kind: Torture): Promise<Place> {
  if (kind === "sqlite") {
    const directory = await Deno.makeTempDir({ prefix: "triton-group-" });
    stack.defer(() => Deno.remove(directory, { recursive: true }));
    const path = `${directory}/group.db`;
    const database = `sqlite://${path}`;
    return { database, loopUrl: database, effects: openSqliteEffects(path), postgres: undefined };
  }
  const server = stack.use(await startPostgres());
  const direct = await server.createDatabase();
  const port = kind === "pgbouncer"
    ? stack.use(await startPgBouncer(server, "transaction", 20)).port
    : server.port;
  const relay = stack.use(startTcpRelay(port));
  const database = Object.assign(new URL(direct), { port: `${relay.port}` }).href;
  const effects = await openPostgresEffects(direct);
  return { database, loopUrl: direct, effects, postgres: { server, relay } };
}

/** Lets each trouble come once, in any order, and again until the time is over. */
async function trouble(
  scene: GroupScene,
  { kind, seconds, say = () => {} }: TortureOptions,
): Promise<Record<string, number>> {
  const { members, producer, random } = scene;
  await members.ready();
  const until = performance.now() + seconds * 1000;
  const kinds = Object.entries(TROUBLES).filter(([, { on }]) => on.includes(kind));
  const counts: Record<string, number> = {};
  do {
    for (const [name, { happen }] of shuffled(kinds, random)) {
      await producer.more(1 + random(100));
      say(name);
      await happen(scene);
      counts[name] = (counts[name] ?? 0) + 1;
    }
  } while (performance.now() < until);
  return counts;
}

/** Waits until all is processed, and looks at it. */
async function finish(
  { pipeline, effects, members, producer }: GroupScene,
  kind: Torture,
): Promise<Omit<TortureResult, "troubles">> {
  const isComplete = async () => await effects.count() >= producer.count;
  await untilTrue(isComplete, `${producer.count} effects`, () => members.history());
  await members.dismiss();
  const numbers = await effects.numbers();
  // What comes again does so after it came first: those must be in order.
  const counted = kind === "loop" ? [...new Set(numbers)] : numbers;
  assertArchived(counted, producer.placed, await shardsOf(pipeline));
  return { events: producer.count, effects: numbers.length };
}

function shuffled<T>(items: readonly T[], random: (limit: number) => number): T[] {
  const left = [...items];
  return items.map(() => left.splice(random(left.length), 1)[0]!);
}
