/**
 * The protocol (docs/ARCHITECTURE.md) as a model small enough to be walked completely:
 * one shard, two workers. Time is not modelled, so a lease can be stolen at any moment, and a worker
 * may sleep for longer than its lease and wake in any of its steps. A worker can crash in each of
 * them, and a put may arrive late or never, whatever has become of who sent it.
 *
 * Change the protocol here first.
 *
 * @module
 */

import type { Rules, World } from "./rules.ts";
import type { Model, Step } from "./search.ts";
import { IDLE, nameOf, place, problemOf, type State } from "./state.ts";
import { Turn } from "./turn.ts";

type Steps = Iterable<Step<State>>;

/** The protocol by some rules, in some world. */
export class Protocol implements Model<State> {
  readonly first: State;
  readonly nameOf = nameOf;
  readonly problem = problemOf;
  readonly #rules: Rules;
  readonly #world: World;

  constructor(rules: Rules, world: World) {
    this.#rules = rules;
    this.#world = world;
    const { lies, strangers, lapses } = world;
    this.first = {
      checkpoint: 0,
      epoch: 0,
      bucket: 0,
      movedAt: undefined,
      intents: [],
      objects: [[], []],
      inFlight: [],
      workers: [IDLE, IDLE],
      left: { lies, strangers, lapses },
    };
  }

  *steps(state: State): Generator<Step<State>> {
    yield* this.#arrive(state);
    yield* this.#tempt(state);
    yield* this.#move(state);
    yield* this.#lapse(state);
    for (const index of state.workers.keys()) {
      yield* new Turn(state, index, this.#rules, this.#world).steps();
    }
  }

  /** What was sent arrives, or never does. */
  *#arrive(state: State): Steps {
    for (const intent of state.inFlight) {
      const { bucket } = state.intents[intent]!;
      const landed = without(state, intent);
      const isFree = state.objects[bucket][intent] === undefined;
      yield {
        what: `file ${intent} arrives in bucket ${bucket}${
          isFree ? "" : ", where its key is taken"
        }`,
        next: isFree || !this.#rules.putIfAbsent ? place(landed, bucket, intent, intent) : landed,
      };
      yield { what: `file ${intent} is lost on its way`, next: landed };
    }
  }

  /** Another program takes the key of a file. */
  *#tempt(state: State): Steps {
    const { left } = state;
    if (left.strangers === 0) return;
    for (const [intent, { bucket }] of state.intents.entries()) {
      if (state.objects[bucket][intent] !== undefined) continue;
      yield {
        what: `a stranger takes the key of file ${intent}`,
        next: {
          ...place(state, bucket, intent, "stranger"),
          left: { ...left, strangers: left.strangers - 1 },
        },
      };
    }
  }

  /** Somebody moves the archive to the other bucket. */
  *#move(state: State): Steps {
    if (this.#world.moves === 0 || state.movedAt !== undefined) return;
    const isOpen = state.intents.some((intent) => intent.state === "open");
    if (isOpen && this.#rules.moveWithoutOpenIntent) return;
    yield {
      what: `the archive moves to bucket 1 after record ${state.checkpoint}`,
      next: { ...state, bucket: 1, movedAt: state.checkpoint },
    };
  }

  /** The ledger fails over to a server that lags behind: its newest commit and intent are gone. */
  *#lapse(state: State): Steps {
    const newest = state.intents.findLastIndex(({ state: is }) => is === "done");
    const intent = state.intents[newest];
    if (state.left.lapses === 0 || intent === undefined) return;
    if (state.intents.slice(newest + 1).some(({ state: is }) => is !== "void")) return;
    yield {
      what: `the ledger forgets file ${newest}`,
      next: {
        ...state,
        checkpoint: intent.previous,
        intents: state.intents.with(newest, { ...intent, state: "forgotten" }),
        left: { ...state.left, lapses: state.left.lapses - 1 },
      },
    };
  }
}

function without(state: State, intent: number): State {
  return { ...state, inFlight: state.inFlight.filter((other) => other !== intent) };
}
