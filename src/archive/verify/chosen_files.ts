import { TritonError } from "../../base/errors.ts";
import type { ObjectStore } from "../../objects/object_store.ts";
import { checkedKeys, type FindArchivesOptions, type KeyList } from "../listing/find_archives.ts";
import { isInPart } from "../listing/in_part.ts";
import type { ArchivePart } from "../listing/part.ts";
import type { ArchiveProblem } from "./chains.ts";

/**
 * Which files of an archive are verified: those of a part, those whose keys are listed, or all.
 *
 * The chains need the manifests of all files. Each problem belongs to exactly one part, that of the
 * last file that shows it, so that the parts together find what one verification of all files finds.
 */
export class ChosenFiles {
  readonly #part: ArchivePart | undefined;
  /** What errors call the keys that are listed; undefined if all are chosen. */
  readonly #names: ReadonlyMap<string, string> | undefined;
  /** Those of them that were not seen yet. */
  readonly #missing: Map<string, string>;

  constructor(part?: ArchivePart, names?: ReadonlyMap<string, string>) {
    this.#part = part;
    this.#names = names;
    this.#missing = new Map(names);
  }

  /** Reads the list of keys, if there is one. */
  static async read(
    options: FindArchivesOptions & { readonly keys?: KeyList | undefined },
  ): Promise<ChosenFiles> {
    const { keys, part, ...selection } = options;
    if (keys === undefined) return new ChosenFiles(part);
    const names = new Map<string, string>();
    for await (const { key, name } of checkedKeys(keys, selection)) names.set(key, name);
    if (names.size > 0) return new ChosenFiles(part, names);
    throw new TritonError("Cannot verify archives: the list of their keys is empty");
  }

  /** Whether only some files are verified. */
  get isSome(): boolean {
    return this.#part !== undefined || this.#names !== undefined;
  }

  /** Whether what belongs to no file is reported, such as a shard without any. */
  get isFirst(): boolean {
    return this.#names === undefined && (this.#part?.number ?? 1) === 1;
  }

  /** Whether a file is verified. */
  has(key: string): boolean {
    return isInPart(key, this.#part) && (this.#names?.has(key) ?? true);
  }

  /** Whether a problem is reported. */
  reports({ keys }: ArchiveProblem): boolean {
    const last = keys.at(-1);
    if (last === undefined) return this.isFirst;
    return isInPart(last, this.#part) &&
      (this.#names === undefined || keys.some((key) => this.#names!.has(key)));
  }

  /** Notes that a file exists. */
  see(key: string): void {
    this.#missing.delete(key);
  }

  /**
   * Checks that all listed files were seen.
   *
   * @throws {TritonError} If one was not.
   */
  checkFound({ url }: ObjectStore): void {
    for (const name of this.#missing.values()) {
      throw new TritonError(`Cannot find ${name}: there is no such archive in ${url}`);
    }
  }
}
