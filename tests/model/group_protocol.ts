/**
 * How a consumer group commits effects together with positions, as a model small enough to be walked
 * completely: a shard that was split, one of its children, two members. Time is not modelled, so a
 * lease can be taken at any moment, and a member may wake up in any of its steps. What it sends may
 * arrive late or never, or be answered to nobody.
 *
 * Change the protocol here first.
 *
 * @module
 */

import type { Model, Step } from "./search.ts";

/** The rules of groups, each of which can be left out to see what it is there for. */
export interface GroupRules {
  /** Effects are in the transaction that moves the position. Otherwise the position moves before. */
  readonly effectsWithPosition: boolean;
  /** The fence looks who owns the shard, and under which epoch. */
  readonly epochAtFence: boolean;
  /** The fence looks at the position before. */
  readonly previousAtFence: boolean;
  /** The fence is the last statement. Otherwise it is a check at the beginning, and a write at the end. */
  readonly fenceLast: boolean;
  /** A shard ends only under the conditions of the fence. */
  readonly endConditions: boolean;
  /** A shard is leased only if the one that it comes from has ended. */
  readonly parentsFirst: boolean;
}

/** The protocol as it is. */
export const GROUP_RULES: GroupRules = {
  effectsWithPosition: true,
  epochAtFence: true,
  previousAtFence: true,
  fenceLast: true,
  endConditions: true,
  parentsFirst: true,
};

/** How much may happen. */
export interface GroupLimits {
  /** How often a lease may be taken. */
  readonly leases: number;
  /** How often somebody may move the position of the parent back to its beginning. */
  readonly rewinds: number;
  /** How often the database may forget the last commit, effects included. */
  readonly lapses: number;
}

/** How many records the parent and its child have. */
const RECORDS = [2, 1] as const;
type ShardIndex = 0 | 1;

/** The row of a shard, and its effects. */
interface Shard {
  readonly position: number;
  readonly owner: number | undefined;
  readonly epoch: number;
  readonly hasEnded: boolean;
  /** How many of its records have taken effect since somebody moved its position. */
  readonly done: number;
}

/** What a member holds. */
interface Held {
  readonly shard: ShardIndex;
  readonly epoch: number;
}

/** A batch in a transaction. */
interface Batch extends Held {
  readonly previous: number;
  readonly last: number;
}

type Member =
  | { readonly step: "idle" }
  | Held & { readonly step: "leased" }
  | Held & { readonly step: "ready"; readonly position: number }
  | Batch & { readonly step: "working" | "checked" | "effects" };

/** A statement that was sent and has not arrived. */
type Sent = Batch & { readonly member: number; readonly type: "commit" | "end" };

/** Everything there is. */
export interface GroupState {
  readonly shards: readonly [Shard, Shard];
  readonly members: readonly Member[];
  readonly sent: readonly Sent[];
  readonly leases: number;
  readonly rewinds: number;
  readonly lapses: number;
  /** The parent before its last commit, if the database may forget that. */
  readonly before: Shard | undefined;
}

const IDLE: Member = { step: "idle" };
const NEW: Shard = { position: 0, owner: undefined, epoch: 0, hasEnded: false, done: 0 };

/** A group by some rules. */
export class GroupProtocol implements Model<GroupState> {
  readonly first: GroupState;
  readonly #rules: GroupRules;
  readonly #limits: GroupLimits;

  constructor(rules: GroupRules, limits: GroupLimits) {
    this.#rules = rules;
    this.#limits = limits;
    this.first = {
      shards: [NEW, NEW],
      members: [IDLE, IDLE],
      ...{ sent: [], leases: 0, rewinds: 0, lapses: 0, before: undefined },
    };
  }

  /** Whether everything has taken effect, and the parent has ended. */
  static isDone({ shards }: GroupState): boolean {
    return shards[0].hasEnded && shards.every(({ done }, index) => done === RECORDS[index]);
  }

  nameOf(state: GroupState): string {
    return JSON.stringify(state);
  }

  problem({ shards: [parent, child] }: GroupState): string | undefined {
    if (parent.hasEnded && parent.done < RECORDS[0]) {
      return "the parent ends before its last effect";
    }
    if (child.done > 0 && parent.done < RECORDS[0]) {
      return "the child has effects before its parent's";
    }
    return undefined;
  }

  *steps(state: GroupState): Generator<Step<GroupState>> {
    yield* this.#arrive(state);
    yield* this.#rewind(state);
    yield* this.#lapse(state);
    for (const index of state.members.keys()) yield* this.#turn(state, index);
  }

  /** What was sent arrives, or never does. */
  *#arrive(state: GroupState): Generator<Step<GroupState>> {
    for (const sent of state.sent) {
      const landed = { ...state, sent: state.sent.filter((other) => other !== sent) };
      const what = `the ${sent.type} of member ${sent.member} under epoch ${sent.epoch}`;
      yield { what: `${what} is lost on its way`, next: landed };
      const { problem, state: next } = sent.type === "commit"
        ? this.#commit(landed, sent)
        : this.#end(landed, sent);
      yield { what: `${what} arrives`, next: next ?? landed, problem };
    }
  }

  /** Somebody moves the position of the parent back: its child begins again, too. */
  *#rewind(state: GroupState): Generator<Step<GroupState>> {
    if (state.rewinds === this.#limits.rewinds) return;
    const [parent, child] = state.shards;
    const back = ({ epoch }: Shard): Shard => ({ ...NEW, epoch: epoch + 1 });
    yield {
      what: "somebody moves the parent back",
      next: {
        ...state,
        shards: [back(parent), back(child)],
        ...{ rewinds: state.rewinds + 1, before: undefined },
      },
    };
  }

  /** The database fails over, and forgets the last commit of the parent. */
  *#lapse(state: GroupState): Generator<Step<GroupState>> {
    if (state.lapses === this.#limits.lapses || state.before === undefined) return;
    if (state.shards[0].hasEnded || state.shards[1].done > 0) return; // it would forget these first
    yield {
      what: "the database forgets a commit",
      next: {
        ...state,
        shards: [state.before, state.shards[1]],
        ...{ lapses: state.lapses + 1, before: undefined },
      },
    };
  }

  /** All that a member can do, a crash included. */
  *#turn(state: GroupState, index: number): Generator<Step<GroupState>> {
    const member = state.members[index]!;
    const go = (does: string, next: Member, then = state): Step<GroupState> => ({
      what: `member ${index} ${does}`,
      next: { ...then, members: then.members.with(index, next) },
    });
    if (member.step !== "idle") yield go("crashes", IDLE);
    if (member.step === "idle") {
      for (const shard of [0, 1] as const) yield* this.#lease(state, index, shard);
    } else if (member.step === "leased") {
      const { shard, epoch } = member;
      const { position } = state.shards[shard];
      yield go(`reads position ${position}`, { step: "ready", shard, epoch, position });
    } else if (member.step === "ready") yield* this.#read(state, index, member, go);
    else yield* this.#work(state, index, member, go);
  }

  *#lease(state: GroupState, index: number, shard: ShardIndex): Generator<Step<GroupState>> {
    const row = state.shards[shard];
    if (state.leases === this.#limits.leases || row.hasEnded) return;
    if (shard === 1 && this.#rules.parentsFirst && !state.shards[0].hasEnded) return;
    const epoch = row.epoch + 1;
    const leased = withShard(state, shard, { ...row, owner: index, epoch });
    const members = state.members.with(index, { step: "leased", shard, epoch });
    yield {
      what: `member ${index} takes shard ${shard} under epoch ${epoch}`,
      next: { ...leased, leases: state.leases + 1, members },
    };
  }

  *#read(
    state: GroupState,
    index: number,
    { shard, epoch, position }: Extract<Member, { step: "ready" }>,
    go: (does: string, next: Member, then?: GroupState) => Step<GroupState>,
  ): Generator<Step<GroupState>> {
    const held = { shard, epoch };
    for (let last = position + 1; last <= RECORDS[shard]; last++) {
      const batch = { ...held, previous: position, last };
      yield go(`reads records up to ${last}`, { step: "working", ...batch });
    }
    if (shard === 1 || position < RECORDS[shard]) return;
    const end: Sent = { ...held, previous: position, last: position, member: index, type: "end" };
    const { state: next } = this.#end(state, end);
    yield go(next === undefined ? "may not end its shard" : "ends its shard", IDLE, next);
    yield go("sends the end of its shard", IDLE, send(state, end));
  }

  /** Commits a batch: the answer arrives, is lost, or the commit is late. */
  *#work(
    state: GroupState,
    index: number,
    member: Extract<Member, { step: "working" | "checked" | "effects" }>,
    go: (does: string, next: Member, then?: GroupState) => Step<GroupState>,
  ): Generator<Step<GroupState>> {
    const { step, shard, epoch, previous, last } = member;
    const batch = { shard, epoch, previous, last };
    const done: Member = { step: "ready", shard, epoch, position: last };
    if (step === "effects") {
      const { problem, state: next } = takeEffect(state, batch);
      return yield { ...go("commits its effects", done, next), problem };
    }
    if (!this.#rules.fenceLast && step === "working") {
      const isHeld = this.#isHeld(state, index, batch);
      return yield go(
        isHeld ? "may commit" : "may not commit",
        isHeld ? { ...member, step: "checked" } : IDLE,
      );
    }
    const row = state.shards[shard];
    const sent: Sent = { ...batch, member: index, type: "commit" };
    const { problem, state: next } = this.#commit(state, sent);
    if (next === undefined) {
      const isAlready = row.position === last && row.epoch === epoch;
      yield go(isAlready ? "finds its batch committed" : "may not commit", isAlready ? done : IDLE);
    } else if (!this.#rules.effectsWithPosition) {
      yield { ...go("moves the position", { ...member, step: "effects" }, next), problem };
    } else {
      yield { ...go("commits its batch", done, next), problem };
      yield { ...go("commits its batch, and does not hear of it", member, next), problem };
    }
    if (this.#rules.effectsWithPosition && state.sent.length < 1) {
      yield go("sends its commit, which takes its time", member, send(state, sent));
    }
  }

  /** Moves a position, with effects; undefined if the fence refuses. */
  #commit(state: GroupState, sent: Sent): { state?: GroupState; problem?: string } {
    const { shard, epoch, last, member } = sent;
    const row = state.shards[shard];
    if (row.hasEnded || (this.#rules.fenceLast && !this.#isHeld(state, member, sent))) return {};
    const moved = withShard(state, shard, { ...row, position: last });
    const known = shard === 0 ? { ...moved, before: row } : moved;
    if (row.epoch !== epoch) {
      return { state: known, problem: `a commit under epoch ${epoch} lands in epoch ${row.epoch}` };
    }
    return this.#rules.effectsWithPosition ? takeEffect(known, sent) : { state: known };
  }

  #end(state: GroupState, sent: Sent): { state?: GroupState; problem?: string } {
    const row = state.shards[sent.shard];
    if (row.hasEnded) return {};
    if (this.#rules.endConditions && !this.#isHeld(state, sent.member, sent)) return {};
    return { state: withShard(state, sent.shard, { ...row, hasEnded: true, owner: undefined }) };
  }

  #isHeld(state: GroupState, member: number, { shard, epoch, previous }: Batch): boolean {
    const row = state.shards[shard];
    const { epochAtFence, previousAtFence } = this.#rules;
    return (!epochAtFence || (row.owner === member && row.epoch === epoch)) &&
      (!previousAtFence || row.position === previous);
  }
}

/** The records of a batch take effect: each once, and in order. */
function takeEffect(
  state: GroupState,
  { shard, previous, last }: Batch,
): { state: GroupState; problem?: string } {
  const row = state.shards[shard];
  const next = withShard(state, shard, { ...row, done: last });
  if (row.done === previous) return { state: next };
  const what = row.done > previous ? "takes effect twice" : "takes effect before others";
  return { state: next, problem: `record ${previous + 1} of shard ${shard} ${what}` };
}

function withShard(state: GroupState, shard: ShardIndex, row: Shard): GroupState {
  const { shards } = state;
  return { ...state, shards: shard === 0 ? [row, shards[1]] : [shards[0], row] };
}

function send(state: GroupState, sent: Sent): GroupState {
  return { ...state, sent: [...state.sent, sent] };
}
