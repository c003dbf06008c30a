/** The old bucket and the new one. */
export type Bucket = 0 | 1;

/** What is under a key: nothing, a file (by its intent), an empty archive, or something else. */
export type Content = undefined | number | "empty" | "stranger";

/** A file that the ledger was told of; its place in the list stands for its id and its key. */
export interface Intent {
  readonly previous: number;
  readonly last: number;
  readonly state: "open" | "done" | "void" | "forgotten";
  /** The bucket that the intent names. */
  readonly bucket: Bucket;
}

/** The lease under which a worker works, and the bucket that it was started with. */
interface Leased {
  readonly epoch: number;
  readonly bucket: Bucket;
}

/** What a worker is about to do. Records count from 1; a position is the last record archived. */
export type Worker =
  | { readonly step: "idle" }
  | Leased & { readonly step: "settle"; readonly position?: number }
  | Leased & { readonly step: "decide"; readonly intent: number; readonly verdict: "done" | "void" }
  | Leased & { readonly step: "position"; readonly position: number }
  | Leased & { readonly step: "read"; readonly position: number }
  | Leased & { readonly step: "intend"; readonly position: number; readonly last: number }
  | Leased & { readonly step: "put"; readonly intent: number }
  | Leased & { readonly step: "taken"; readonly intent: number }
  | Leased & { readonly step: "commit"; readonly intent: number };

/** A worker without a lease. */
export const IDLE: Worker = { step: "idle" };

/** Everything there is. */
export interface State {
  readonly checkpoint: number;
  readonly epoch: number;
  /** The bucket that the ledger knows. */
  readonly bucket: Bucket;
  /** The checkpoint at which the archive moved to the new bucket. */
  readonly movedAt: number | undefined;
  readonly intents: readonly Intent[];
  /** What each bucket has under the key of each intent. */
  readonly objects: readonly [readonly Content[], readonly Content[]];
  /** Files that were sent and have not arrived, by their intent. */
  readonly inFlight: readonly number[];
  readonly workers: readonly Worker[];
  /** How much may still go wrong. */
  readonly left: { readonly lies: number; readonly strangers: number; readonly lapses: number };
}

/**
 * Names a state in one character for each part, since there are millions of steps between states;
 * every number in it is less than 8. Workers that change places make no difference.
 */
export function nameOf({ intents, objects, workers, left, ...state }: State): string {
  let bits = 0;
  for (const intent of state.inFlight) bits |= 1 << intent;
  let name = char(state.checkpoint, state.epoch, state.bucket, (state.movedAt ?? -1) + 1) +
    char(left.lies, left.strangers, left.lapses, 0) + String.fromCharCode(bits);
  for (let index = 0; index < intents.length; index++) {
    const { previous, last, state, bucket } = intents[index]!;
    name += char(previous, last, INTENT_STATES.indexOf(state), bucket);
    name += char(codeOf(objects[0][index]), codeOf(objects[1][index]), 0, 0);
  }
  const [first, second] = [codeOfWorker(workers[0]!), codeOfWorker(workers[1]!)];
  return name + String.fromCharCode(Math.min(first, second), Math.max(first, second));
}

const INTENT_STATES = ["open", "done", "void", "forgotten"];
const STEPS = ["idle", "settle", "decide", "position", "read", "intend", "put", "taken", "commit"];

function char(first: number, second: number, third: number, fourth: number): string {
  return String.fromCharCode(first << 9 | second << 6 | third << 3 | fourth);
}

function codeOf(content: Content): number {
  return content === undefined ? 7 : content === "empty" ? 6 : content === "stranger" ? 5 : content;
}

function codeOfWorker(worker: Worker): number {
  const step = STEPS.indexOf(worker.step);
  if (worker.step === "idle") return step;
  const { epoch, bucket } = worker;
  const first = "intent" in worker ? worker.intent : worker.position ?? 7;
  const verdict = "verdict" in worker && worker.verdict === "void" ? 1 : 0;
  const second = "last" in worker ? worker.last : verdict;
  return (step * 2 + bucket) << 9 | epoch << 6 | first << 3 | second;
}

/**
 * What is wrong with a state: a record in two archives, one up to the checkpoint in none or in the
 * wrong bucket, or a file that is there although its intent is void.
 */
export function problemOf({ checkpoint, movedAt, intents, objects }: State): string | undefined {
  const copies = new Map<number, Bucket[]>();
  for (const [index, { previous, last, state }] of intents.entries()) {
    for (const bucket of [0, 1] as const) {
      if (objects[bucket][index] !== index) continue;
      if (state === "void") return `file ${index} is there although its intent is void`;
      for (let record = previous + 1; record <= last; record++) {
        copies.set(record, [...copies.get(record) ?? [], bucket]);
      }
    }
  }
  for (const [record, buckets] of copies) {
    if (buckets.length > 1) return `record ${record} is archived twice`;
  }
  for (let record = 1; record <= checkpoint; record++) {
    const [bucket] = copies.get(record) ?? [];
    if (bucket === undefined) return `record ${record} is lost`;
    const expected = movedAt !== undefined && record > movedAt ? 1 : 0;
    if (bucket !== expected) return `record ${record} is in bucket ${bucket}, not ${expected}`;
  }
  return undefined;
}

/** The state with something under the key of an intent. */
export function place(state: State, bucket: Bucket, intent: number, content: Content): State {
  const { objects } = state;
  const placed = objects[bucket].with(intent, content);
  return { ...state, objects: bucket === 0 ? [placed, objects[1]] : [objects[0], placed] };
}
