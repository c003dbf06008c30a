import type { Rules, World } from "./rules.ts";
import type { Step } from "./search.ts";
import { IDLE, type Intent, place, type State, type Worker } from "./state.ts";

type In<Name extends Worker["step"]> = Extract<Worker, { step: Name }>;
type Steps = Iterable<Step<State>>;

/** A file that is about to be announced, and the lease under which it was read. */
type File = Pick<Intent, "previous" | "last" | "bucket"> & { readonly epoch: number };

/** What one worker can do next: steps 2 to 7 of the protocol (docs/ARCHITECTURE.md). */
export class Turn {
  readonly #state: State;
  readonly #index: number;
  readonly #rules: Rules;
  readonly #world: World;

  constructor(state: State, index: number, rules: Rules, world: World) {
    this.#state = state;
    this.#index = index;
    this.#rules = rules;
    this.#world = world;
  }

  /** All that it can do, a crash included. */
  *steps(): Steps {
    const worker = this.#state.workers[this.#index]!;
    if (worker.step !== "idle") yield this.#go("crashes", IDLE);
    switch (worker.step) {
      case "idle":
        return yield* this.#lease();
      case "settle":
        return yield* this.#settle(worker);
      case "decide":
        return yield* this.#decide(worker);
      case "position":
        return yield* this.#position(worker);
      case "read":
        return yield* this.#read(worker);
      case "intend":
        return yield* this.#intend(worker);
      case "put":
        return yield* this.#put(worker);
      case "taken":
        return yield* this.#taken(worker);
      case "commit":
        return yield* this.#commit(worker);
    }
  }

  #go(does: string, worker: Worker, state = this.#state): Step<State> {
    const what = `worker ${this.#index} ${does}`;
    return { what, next: { ...state, workers: state.workers.with(this.#index, worker) } };
  }

  *#lease(): Steps {
    const { epoch } = this.#state;
    if (epoch === this.#world.leases) return;
    // A worker may be started with the wrong bucket.
    for (const bucket of this.#world.moves > 0 ? [0, 1] as const : [0] as const) {
      const state = { ...this.#state, epoch: epoch + 1 };
      const next: Worker = { step: "settle", epoch: epoch + 1, bucket };
      yield this.#go(`takes lease ${epoch + 1}, with bucket ${bucket}`, next, state);
    }
  }

  *#settle(worker: In<"settle">): Steps {
    const { epoch, bucket } = worker;
    const { intents, checkpoint } = this.#state;
    // Without the one transaction, the checkpoint is read before the open intents.
    if (!this.#rules.oneTransaction && worker.position === undefined) {
      return yield this.#go(`reads checkpoint ${checkpoint}`, { ...worker, position: checkpoint });
    }
    const intent = this.#rules.recovery ? intents.findIndex(({ state }) => state === "open") : -1;
    if (intent < 0) {
      const position = worker.position ?? checkpoint;
      const next: Worker = { step: "position", epoch, bucket, position };
      return yield this.#go(`finds nothing open and checkpoint ${position}`, next);
    }
    if (this.#rules.settleInItsBucket && intents[intent]!.bucket !== bucket) {
      return yield this.#go(`refuses to settle file ${intent} of another bucket`, IDLE);
    }
    yield* this.#settleIntent(worker, intent);
  }

  *#settleIntent({ epoch, bucket }: In<"settle">, intent: number): Steps {
    const decide = (verdict: "done" | "void"): Worker => ({
      step: "decide",
      epoch,
      bucket,
      intent,
      verdict,
    });
    const content = this.#state.objects[bucket][intent];
    if (content === intent) return yield this.#go(`finds file ${intent}`, decide("done"));
    if (content !== undefined) {
      return yield this.#go(`finds the key of file ${intent} taken`, decide("void"));
    }
    if (!this.#rules.emptyArchive) {
      return yield this.#go(`does not find file ${intent}`, decide("void"));
    }
    yield this.#go(
      `puts an empty archive for file ${intent}`,
      decide("void"),
      place(this.#state, bucket, intent, "empty"),
    );
    if (this.#state.left.lies > 0 && !this.#rules.storedWhenSaid) {
      yield this.#go(
        `believes that the empty archive for file ${intent} is stored`,
        decide("void"),
        lied(this.#state),
      );
    }
  }

  *#decide({ epoch, bucket, intent, verdict }: In<"decide">): Steps {
    const { intents } = this.#state;
    const next: Worker = { step: "settle", epoch, bucket };
    if (intents[intent]!.state !== "open") {
      return yield this.#go(`finds file ${intent} settled`, next);
    }
    if (verdict === "done") return yield this.#committed(intent, next);
    const settled = intents.with(intent, { ...intents[intent]!, state: "void" });
    yield this.#go(`voids file ${intent}`, next, { ...this.#state, intents: settled });
  }

  /** Looks where the archive ends, and moves a checkpoint that is behind it. */
  *#position({ epoch, bucket, position }: In<"position">): Steps {
    const { intents, objects } = this.#state;
    const next = (position: number): Worker => ({ step: "read", epoch, bucket, position });
    const ends = intents.filter((_, index) => objects[bucket][index] === index)
      .map(({ last }) => last);
    const end = Math.max(0, ...ends);
    if (!this.#rules.lookWhereArchiveEnds || end <= position) {
      return yield this.#go(`is to read after record ${position}`, next(position));
    }
    if (epoch !== this.#state.epoch) return yield this.#go("has lost its lease", IDLE);
    yield this.#go(
      `moves the checkpoint to record ${end}, where the archive ends`,
      next(end),
      { ...this.#state, checkpoint: end },
    );
  }

  *#read({ epoch, bucket, position }: In<"read">): Steps {
    for (let last = position + 1; last <= this.#world.records; last++) {
      const next: Worker = { step: "intend", epoch, bucket, position, last };
      yield this.#go(`reads records ${position + 1} to ${last}`, next);
    }
  }

  *#intend({ epoch, bucket, position, last }: In<"intend">): Steps {
    const file = { previous: position, last, bucket, epoch };
    if (!this.#accepts(file)) return yield this.#go("may not announce its file", IDLE);
    yield* this.#announce(file, this.#state);
  }

  #accepts({ epoch, bucket, previous }: File): boolean {
    const { epochAtIntent, checkpointAtIntent, bucketAtIntent } = this.#rules;
    return (!epochAtIntent || epoch === this.#state.epoch) &&
      (!bucketAtIntent || bucket === this.#state.bucket) &&
      (!checkpointAtIntent || previous === this.#state.checkpoint);
  }

  *#announce({ previous, last, bucket, epoch }: File, state: State): Steps {
    const intent = state.intents.length;
    if (intent === this.#world.intents) return;
    const intents = [...state.intents, { previous, last, state: "open", bucket } as const];
    const objects = [[...state.objects[0], undefined], [...state.objects[1], undefined]] as const;
    yield this.#go(
      `announces file ${intent}: records ${previous + 1} to ${last}, bucket ${bucket}`,
      { step: "put", epoch, bucket, intent },
      { ...state, intents, objects },
    );
  }

  *#put({ epoch, bucket, intent }: In<"put">): Steps {
    const { inFlight, objects, left } = this.#state;
    if (!inFlight.includes(intent)) {
      const sent = { ...this.#state, inFlight: [...inFlight, intent].sort() };
      yield this.#go(`sends file ${intent}`, { step: "put", epoch, bucket, intent }, sent);
    }
    const archived: Worker = { step: "commit", epoch, bucket, intent };
    const content = objects[bucket][intent];
    if (content === intent || (content !== undefined && !this.#rules.lookAtTakenKey)) {
      yield this.#go(`takes file ${intent} for archived`, archived);
    } else if (content !== undefined) {
      const next: Worker = { step: "taken", epoch, bucket, intent };
      yield this.#go(`finds the key of file ${intent} taken`, next);
    }
    if (left.lies > 0 && !this.#rules.storedWhenSaid) {
      yield this.#go(`believes that file ${intent} is stored`, archived, lied(this.#state));
    }
  }

  /** Announces a file anew, under the next key, in the transaction that voids the first intent. */
  *#taken({ epoch, bucket, intent }: In<"taken">): Steps {
    const { intents } = this.#state;
    const before = intents[intent]!;
    const voided: State = before.state !== "open" ? this.#state : {
      ...this.#state,
      intents: intents.with(intent, { ...before, state: "void" }),
    };
    const file = { ...before, bucket, epoch };
    if (!this.#accepts(file)) return yield this.#go("may not announce its file", IDLE, voided);
    yield* this.#announce(file, voided);
  }

  *#commit({ epoch, bucket, intent }: In<"commit">): Steps {
    const { last, state } = this.#state.intents[intent]!;
    const next: Worker = { step: "read", epoch, bucket, position: last };
    if (state === "forgotten") return yield this.#go(`finds file ${intent} forgotten`, IDLE);
    if (state === "void") {
      return yield { ...this.#go("", IDLE), problem: `file ${intent} was archived, and is void` };
    }
    if (state === "done" && this.#rules.commitOnlyOpen) {
      return yield this.#go(`finds file ${intent} committed`, next);
    }
    yield this.#committed(intent, next);
  }

  #committed(intent: number, next: Worker): Step<State> {
    const { intents, checkpoint } = this.#state;
    const file = intents[intent]!;
    const done = intents.with(intent, { ...file, state: "done" });
    const step = this.#go(`commits file ${intent}`, next, {
      ...this.#state,
      checkpoint: file.last,
      intents: done,
    });
    if (!this.#rules.commitOnlyOpen || file.previous === checkpoint) return step;
    return { ...step, problem: `file ${intent} does not begin at checkpoint ${checkpoint}` };
  }
}

/** The state after something was said to be stored that was not. */
function lied(state: State): State {
  return { ...state, left: { ...state.left, lies: state.left.lies - 1 } };
}
