import type { TableSchema } from "../column_types.ts";
import { LeafColumn } from "./leaf_column.ts";
import { Shredder } from "./shredder.ts";

/** Where the events of a table come from. */
export interface TableSource {
  /** Key of the archive: the column `_file`. */
  readonly file: string;
  /**
   * When it was archived, in microseconds since the Unix epoch: the column `_archived_at`; null if
   * there is no such time.
   */
  readonly archivedAt: bigint | null;
}

const OPTIONAL = { maxDefinition: 1, maxRepetition: 0 };

/**
 * The columns of a row group that is being filled. With 200 leaves they take megabytes, so files that
 * are made at once share one, and leave it empty.
 */
export class RowGroup {
  readonly #shredder: Shredder;
  readonly #file = new LeafColumn(["_file"], "BYTE_ARRAY", OPTIONAL);
  readonly #index = new LeafColumn(["_index"], "INT64", OPTIONAL);
  readonly #archivedAt = new LeafColumn(["_archived_at"], "INT64", OPTIONAL);
  readonly #rest = new LeafColumn(["_rest"], "BYTE_ARRAY", OPTIONAL);
  #bytes: Uint8Array | undefined;
  #size = 0;

  constructor(schema: TableSchema) {
    this.#shredder = new Shredder(schema);
  }

  /** Number of events. */
  get rows(): number {
    return this.#shredder.rows;
  }

  /** Bytes of the events. */
  get size(): number {
    return this.#size;
  }

  /** All leaves, in the order of the schema. */
  get leaves(): readonly LeafColumn[] {
    return [this.#file, this.#index, this.#archivedAt, ...this.#shredder.leaves, this.#rest];
  }

  /**
   * Adds the event from `start` to `end`, which is complete.
   *
   * @param index Which of the archive's events it is, from 0: the column `_index`.
   * @returns Whether it has a rest.
   */
  add(
    bytes: Uint8Array,
    start: number,
    end: number,
    index: number,
    { file, archivedAt }: TableSource,
  ): boolean {
    if (this.#bytes !== bytes) this.#shredder.read(this.#bytes = bytes);
    const rest = this.#shredder.add(start);
    this.#file.addText(file, 0);
    this.#index.addInt64(index | 0, Math.floor(index / 0x100000000), 0);
    if (archivedAt === null) this.#archivedAt.addNull(0, 0);
    else this.#archivedAt.addBigInt(archivedAt, 0);
    if (rest === "") this.#rest.addNull(0, 0);
    else this.#rest.addText(rest, 0);
    this.#size += end - start;
    return rest !== "";
  }

  /** Removes all events. */
  clear(): void {
    this.#shredder.clear();
    for (const leaf of [this.#file, this.#index, this.#archivedAt, this.#rest]) leaf.clear();
    this.#bytes = undefined;
    this.#size = 0;
  }
}
