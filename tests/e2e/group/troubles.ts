/**
 * What happens to a tortured group.
 *
 * @module
 */

import type { Piece } from "../../support/tcp_relay.ts";
import { untilTrue } from "../../support/within.ts";
import { mergeShards, openShards, splitShard } from "../scene.ts";
import type { Member } from "./members.ts";
import type { GroupScene, Torture } from "./torture.ts";

/** Something that happens. */
interface Trouble {
  /** Where it can happen. */
  readonly on: readonly Torture[];
  happen(scene: GroupScene): Promise<void>;
}

const SERVERS: readonly Torture[] = ["postgres", "pgbouncer"];
const ALL: readonly Torture[] = [...SERVERS, "sqlite", "loop"];

/** All troubles, by name. */
export const TROUBLES: Readonly<Record<string, Trouble>> = {
  "a kill": {
    on: ALL,
    async happen({ members, random }) {
      await members.kill(members.running[random(members.running.length)]!);
    },
  },

  "a kill in or about a transaction": {
    on: ALL,
    async happen(scene) {
      const { member } = await order(scene, "SIGUSR2", "SIGKILL");
      await scene.members.bury(member);
    },
  },

  "a pause": {
    on: ALL,
    async happen(scene) {
      const member = await anOwner(scene);
      member.process.signal("SIGSTOP");
      await expired(scene, member);
      member.process.signal("SIGCONT");
    },
  },

  "a pause in or about a transaction": { on: ALL, happen: pauseInside },
  "a second pause in or about a transaction": { on: ALL, happen: pauseInside },

  "a stop in order": {
    on: ALL,
    async happen({ members, random }) {
      await members.relieve(members.running[random(members.running.length)]!);
    },
  },

  "a split": { on: ALL, happen: splitShard },
  "a second split": { on: ALL, happen: splitShard },
  "a merge": {
    on: ALL,
    async happen(scene) {
      await mergeShards(scene);
      // Of more shards than this, each has too few records.
      while ((await openShards(scene.pipeline)).length > 8) await mergeShards(scene);
    },
  },

  "a crash of the database": {
    on: SERVERS,
    async happen({ postgres, members, producer, random }) {
      await members.ready();
      await postgres!.server.crash();
      await producer.more(1 + random(200));
      await postgres!.server.start();
    },
  },

  "lost answers of COMMIT": {
    on: SERVERS,
    async happen(scene) {
      await loseAnswers(scene, "insert into effect", 3 + scene.random(5));
    },
  },

  "lost answers of the group's own transactions": {
    on: [...SERVERS, "loop"],
    async happen(scene) {
      await loseAnswers(scene, "triton_group_shard", 3 + scene.random(5));
    },
  },
};

/** Stops a member about a transaction until another one has its shard. */
async function pauseInside(scene: GroupScene): Promise<void> {
  const { member, shardId, epoch } = await order(scene, "SIGHUP", "SIGSTOP");
  await expired(scene, member);
  // In SQLite it may hold up the whole database; a loop does not know its epoch.
  if (scene.postgres !== undefined && epoch > 0) {
    const isTaken = async () => await scene.effects.epoch(shardId) > epoch;
    await untilTrue(isTaken, `${shardId} to be taken`, () => scene.members.history());
  }
  member.process.signal("SIGCONT");
}

/** Orders a member to do something in its next transaction; says where it did. */
async function order(
  scene: GroupScene,
  signal: Deno.Signal,
  act: string,
): Promise<{ readonly member: Member; readonly shardId: string; readonly epoch: number }> {
  const member = await anOwner(scene);
  const { process } = member;
  const words = new RegExp(`^${act} \\w+ (\\S+) (\\d+)$`);
  const before = process.log.length;
  process.signal(signal);
  const said = () => process.log.slice(before).map((line) => words.exec(line)).find(Boolean);
  await untilTrue(() => said() !== undefined, act, () => scene.members.history());
  const [, shardId, epoch] = said()!;
  return { member, shardId: shardId!, epoch: Number(epoch) };
}

/** Waits for members that hold shards, and returns one. */
async function anOwner({ effects, members, random }: GroupScene): Promise<Member> {
  let found: Member[] = [];
  const look = async () => {
    const owners = await effects.owners();
    found = members.running.filter(({ name }) =>
      owners.some((owner) => owner.startsWith(`${name}-`))
    );
    return found.length > 0;
  };
  await untilTrue(look, "a member to hold shards", () => members.history());
  return found[random(found.length)]!;
}

async function expired({ effects, members }: GroupScene, { name }: Member): Promise<void> {
  const isExpired = async () => !await effects.isAlive(name);
  await untilTrue(isExpired, `the lease of ${name} to expire`, () => members.history());
}

/** Loses the answers of so many COMMITs, on connections that have sent some text. */
async function loseAnswers(
  { postgres, members }: GroupScene,
  text: string,
  count: number,
): Promise<void> {
  await members.ready();
  const { relay } = postgres!;
  const decoder = new TextDecoder("latin1");
  const senders = new Set<number>();
  let left = count;
  const lost = Promise.withResolvers<void>();
  relay.cutWhere(({ bytes, isAnswer, connection }: Piece) => {
    const piece = decoder.decode(bytes);
    if (!isAnswer && piece.includes(text)) senders.add(connection);
    if (!isAnswer || !senders.has(connection) || !piece.includes("COMMIT\0")) return undefined;
    if (--left === 0) {
      relay.cutWhere(() => undefined);
      lost.resolve();
    }
    return "before";
  });
  let isLost = false;
  void lost.promise.then(() => isLost = true);
  await untilTrue(() => isLost, "answers to be lost", () => members.history());
}
