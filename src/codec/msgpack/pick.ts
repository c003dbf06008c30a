import { decodeMsgpack } from "./decode.ts";
import { encodeMsgpack } from "./encode.ts";
import { skipMsgpack } from "./scan.ts";

/** A key of a path, and what follows it. */
interface Node {
  readonly key: string;
  readonly token: Uint8Array;
  /** Which of the paths ends here; -1 if none. */
  path: number;
  readonly children: Node[];
}

/** Finds the values at some paths of events, without decoding the others. */
export class ValuePicker {
  /** Where the value of each path starts in the event; -1 if it has none. */
  readonly starts: Int32Array;
  /** Where it ends. */
  readonly ends: Int32Array;
  readonly #root: Node[] = [];
  /** How often a path led through a value that is not a map. */
  #strays = 0;

  /** @param paths Keys from the top; none of them begins with another one. */
  constructor(paths: readonly (readonly string[])[]) {
    this.starts = new Int32Array(paths.length);
    this.ends = new Int32Array(paths.length);
    for (const [i, path] of paths.entries()) this.#add(path, i);
  }

  #add(path: readonly string[], index: number): void {
    let level = this.#root;
    for (const [i, key] of path.entries()) {
      let node = level.find((other) => other.key === key);
      if (node === undefined) {
        node = { key, token: encodeMsgpack(key), path: -1, children: [] };
        level.push(node);
      }
      if (i === path.length - 1) node.path = index;
      level = node.children;
    }
  }

  /** Number of values so far that are not maps, though paths lead through them. */
  get strays(): number {
    return this.#strays;
  }

  /** Finds the values of the event at `at`, which is a complete map. */
  pick(bytes: Uint8Array, at: number): void {
    this.starts.fill(-1);
    this.#pickIn(bytes, at, this.#root);
  }

  #pickIn(bytes: Uint8Array, start: number, nodes: readonly Node[]): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const lead = bytes[start]!;
    const [count, size] = lead < 0x90
      ? [lead & 0x0f, 1]
      : lead === 0xde
      ? [view.getUint16(start + 1), 3]
      : [view.getUint32(start + 1), 5];
    for (let i = 0, at = start + size; i < count; i++) {
      const valueAt = skipMsgpack(bytes, at);
      const end = skipMsgpack(bytes, valueAt);
      const node = findNode(nodes, bytes, at, valueAt);
      // Of a key that is there several times, the last value counts.
      if (node !== undefined) this.#take(node, bytes, valueAt, end);
      at = end;
    }
  }

  #take(node: Node, bytes: Uint8Array, start: number, end: number): void {
    if (node.path >= 0) {
      this.starts[node.path] = start;
      this.ends[node.path] = end;
      return;
    }
    this.#forget(node.children);
    const lead = bytes[start]!;
    const isMap = (lead & 0xf0) === 0x80 || lead === 0xde || lead === 0xdf;
    if (isMap) this.#pickIn(bytes, start, node.children);
    else if (lead !== 0xc0) this.#strays++;
  }

  #forget(nodes: readonly Node[]): void {
    for (const { path, children } of nodes) {
      if (path >= 0) this.starts[path] = -1;
      this.#forget(children);
    }
  }
}

/** Finds the node of the key from `start` to `end`. */
function findNode(
  nodes: readonly Node[],
  bytes: Uint8Array,
  start: number,
  end: number,
): Node | undefined {
  const lead = bytes[start]!;
  const isShort = (lead & 0xe0) === 0xa0;
  const isBinary = lead >= 0xc4 && lead <= 0xc6;
  // Keys that are not text have no path; binary ones are read as text.
  if (!isShort && !isBinary && (lead < 0xd9 || lead > 0xdb)) return undefined;
  const found = nodes.find(({ token }) => {
    if (token.length !== end - start) return false;
    for (let i = 0; i < token.length; i++) if (bytes[start + i] !== token[i]) return false;
    return true;
  });
  if (found !== undefined || isShort) return found;
  // A short key may be written in a longer form.
  const text = decodeMsgpack(bytes.subarray(start, end));
  const key = isBinary ? new TextDecoder().decode(text as Uint8Array) : text;
  return nodes.find((node) => node.key === key);
}
