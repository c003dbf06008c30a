import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { ParquetWriter } from "hyparquet-writer/src/parquet-writer.js";
import { VERSION } from "../../../base/version.ts";
import { type ChunkMetadata, writeChunk } from "./column_chunk.ts";
import type { TableSchema } from "../column_types.ts";
import { LeafColumn } from "./leaf_column.ts";
import { type Compression, compressionOf, type ParquetCodec } from "./parquet_codec.ts";
import { parquetSchema } from "./parquet_schema.ts";
import { Shredder } from "./shredder.ts";

/** Bytes of events in a row group: engines read one at a time. */
const ROW_GROUP_BYTES = 8 << 20;

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

/** Options of {@linkcode ParquetTable}. */
export interface ParquetTableOptions extends TableSource {
  readonly schema: TableSchema;
  /** Default: snappy. */
  readonly codec?: ParquetCodec | undefined;
}

const OPTIONAL = { maxDefinition: 1, maxRepetition: 0 };

/** Makes a Parquet file of events. Row groups are encoded as they fill up, and kept until the end. */
export class ParquetTable {
  readonly #options: ParquetTableOptions;
  readonly #compression: Compression;
  readonly #shredder: Shredder;
  readonly #file = new LeafColumn(["_file"], "BYTE_ARRAY", OPTIONAL);
  readonly #index = new LeafColumn(["_index"], "INT64", OPTIONAL);
  readonly #archivedAt = new LeafColumn(["_archived_at"], "INT64", OPTIONAL);
  readonly #rest = new LeafColumn(["_rest"], "BYTE_ARRAY", OPTIONAL);
  readonly #bytes = new ByteWriter(1 << 12);
  readonly #parquet: ParquetWriter;
  readonly #parts: Uint8Array[] = [];
  #rows = 0;
  #rests = 0;
  #groupBytes = 0;

  constructor(options: ParquetTableOptions) {
    this.#options = options;
    this.#compression = compressionOf(options.codec ?? "snappy");
    this.#shredder = new Shredder(options.schema);
    this.#parquet = new ParquetWriter({
      writer: this.#bytes,
      schema: parquetSchema(options.schema),
      codec: this.#compression.name,
      createdBy: `triton version ${VERSION}`,
    });
  }

  /** Number of events that were added. */
  get rows(): number {
    return this.#rows;
  }

  /** Number of them of which something stands in `_rest`. */
  get rests(): number {
    return this.#rests;
  }

  /** Bytes of the events of the row group that is being filled. */
  get pendingBytes(): number {
    return this.#groupBytes;
  }

  /** Ends the row group, to free memory. */
  flush(): void {
    if (this.#shredder.rows > 0) this.#writeRowGroup();
  }

  /** Sets the bytes that {@linkcode add} reads from: complete events. */
  read(events: Uint8Array): void {
    this.#shredder.read(events);
  }

  /**
   * Adds an event.
   *
   * @param start Where it starts.
   * @param end Where it ends.
   * @param index Which of the archive's events it is, from 0: the column `_index`.
   */
  add(start: number, end: number, index: number): void {
    const rest = this.#shredder.add(start);
    this.#file.addText(this.#options.file, 0);
    this.#index.addInt64(index | 0, Math.floor(index / 0x100000000), 0);
    const { archivedAt } = this.#options;
    if (archivedAt === null) this.#archivedAt.addNull(0, 0);
    else this.#archivedAt.addBigInt(archivedAt, 0);
    if (rest === "") this.#rest.addNull(0, 0);
    else {
      this.#rest.addText(rest, 0);
      this.#rests++;
    }
    this.#rows++;
    this.#groupBytes += end - start;
    if (this.#groupBytes >= ROW_GROUP_BYTES) this.#writeRowGroup();
  }

  /**
   * Ends the file.
   *
   * @param metadata What the footer says beside the schema.
   * @returns The file in parts.
   */
  // deno-lint-ignore require-await -- other formats wait
  async finish(
    metadata: Readonly<Record<string, string>> = {},
  ): Promise<readonly Uint8Array[]> {
    this.flush();
    this.#parquet.kvMetadata = Object.entries(metadata).map(([key, value]) => ({ key, value }));
    this.#parquet.finish();
    this.#takeBytes();
    return this.#parts;
  }

  #writeRowGroup(): void {
    const start = this.#bytes.offset;
    const leaves = this.#leaves();
    const columns: ChunkMetadata[] = [];
    for (const leaf of leaves) columns.push(writeChunk(this.#bytes, leaf, this.#compression));
    const rows = BigInt(this.#shredder.rows);
    const size = columns.reduce(
      (sum, { meta_data }) => sum + meta_data.total_uncompressed_size,
      0n,
    );
    this.#parquet.row_groups.push({
      columns,
      total_byte_size: size,
      total_compressed_size: BigInt(this.#bytes.offset - start),
      num_rows: rows,
    });
    this.#parquet.num_rows += rows;
    this.#shredder.clear();
    for (const leaf of leaves) leaf.clear();
    this.#groupBytes = 0;
    this.#takeBytes();
  }

  /** All leaves, in the order of the schema. */
  #leaves(): readonly LeafColumn[] {
    return [this.#file, this.#index, this.#archivedAt, ...this.#shredder.leaves, this.#rest];
  }

  /** Moves what was written out of the writer, which would double its memory again and again. */
  #takeBytes(): void {
    this.#parts.push(this.#bytes.getBytes().slice());
    this.#bytes.index = 0;
  }
}
