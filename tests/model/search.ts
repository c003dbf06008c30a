/** A system whose every behaviour is to be walked. */
export interface Model<State> {
  readonly first: State;
  /** Names a state: states of one name behave alike. */
  nameOf(state: State): string;
  /** Every step that is possible in a state. */
  steps(state: State): Iterable<Step<State>>;
  /** What is wrong with a state, if anything is. */
  problem(state: State): string | undefined;
}

/** One step from a state to the next. */
export interface Step<State> {
  /** Who does what. */
  readonly what: string;
  readonly next: State;
  /** What is wrong with taking it at all. */
  readonly problem?: string | undefined;
}

/** The shortest way to a problem. */
export interface Counterexample {
  readonly problem: string;
  /** Every step from the first state to the problem. */
  readonly trace: readonly string[];
}

/** What a search found. */
export interface Verdict<State> {
  /** How many states there are, or were walked until a problem was found. */
  readonly states: number;
  readonly counterexample: Counterexample | undefined;
  /** The states that matched what was looked for. */
  readonly reached: readonly State[];
}

/** A state that was found, and the way to it. */
interface Found<State> {
  readonly state: State;
  readonly what: string;
  readonly before: Found<State> | undefined;
}

/**
 * Walks every behaviour of a model, breadth first, until a problem is found.
 *
 * @param model The model.
 * @param isGoal States that the caller wants to see reached.
 */
export function search<State>(
  model: Model<State>,
  isGoal: (state: State) => boolean = () => false,
): Verdict<State> {
  const seen = new Set([model.nameOf(model.first)]);
  const reached: State[] = [];
  let wave: Found<State>[] = [{ state: model.first, what: "", before: undefined }];
  while (wave.length > 0) {
    const nextWave: Found<State>[] = [];
    for (const found of wave) {
      for (const { what, next, problem: wrong } of model.steps(found.state)) {
        const name = model.nameOf(next);
        if (wrong === undefined && seen.has(name)) continue;
        seen.add(name);
        const then = { state: next, what, before: found };
        const problem = wrong ?? model.problem(next);
        if (problem !== undefined) {
          return { states: seen.size, counterexample: { problem, trace: traceOf(then) }, reached };
        }
        if (isGoal(next)) reached.push(next);
        nextWave.push(then);
      }
    }
    wave = nextWave;
  }
  return { states: seen.size, counterexample: undefined, reached };
}

function traceOf<State>(last: Found<State>): string[] {
  const trace: string[] = [];
  for (let found = last; found.before !== undefined; found = found.before) {
    trace.unshift(found.what);
  }
  return trace;
}
