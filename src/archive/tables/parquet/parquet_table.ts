import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { ParquetWriter } from "hyparquet-writer/src/parquet-writer.js";
import { freeBuffer } from "../../../base/bytes.ts";
import { VERSION } from "../../../base/version.ts";
import { type ChunkMetadata, writeChunk } from "./column_chunk.ts";
import type { TableSchema } from "../column_types.ts";
import { type Compression, compressionOf, type ParquetCodec } from "./parquet_codec.ts";
import { parquetSchema } from "./parquet_schema.ts";
import { RowGroup, type TableSource } from "./row_group.ts";

/** Bytes of events in a row group: engines read one at a time. */
const ROW_GROUP_BYTES = 8 << 20;

/** Options of {@linkcode ParquetTable}. */
export interface ParquetTableOptions extends TableSource {
  readonly schema: TableSchema;
  /** Default: snappy. */
  readonly codec?: ParquetCodec | undefined;
  /** Columns of the same schema that tables take turns with. Default: its own. */
  readonly rowGroup?: RowGroup | undefined;
}

/** Makes a Parquet file of events. Row groups are encoded as they fill up, and kept until the end. */
export class ParquetTable {
  readonly #options: ParquetTableOptions;
  readonly #compression: Compression;
  readonly #rowGroup: RowGroup;
  readonly #bytes = new ByteWriter(1 << 12);
  readonly #parquet: ParquetWriter;
  readonly #parts: Uint8Array[] = [];
  #rows = 0;
  #rests = 0;

  constructor(options: ParquetTableOptions) {
    this.#options = options;
    this.#compression = compressionOf(options.codec ?? "snappy");
    this.#rowGroup = options.rowGroup ?? new RowGroup(options.schema);
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

  /** Ends the row group: what is shared is free then. */
  flush(): void {
    if (this.#rowGroup.rows > 0) this.#writeRowGroup();
  }

  /** Adds the event from `start` to `end`, the archive's `index`th. */
  add(bytes: Uint8Array, start: number, end: number, index: number): void {
    if (this.#rowGroup.add(bytes, start, end, index, this.#options)) this.#rests++;
    this.#rows++;
    if (this.#rowGroup.size >= ROW_GROUP_BYTES) this.#writeRowGroup();
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
    freeBuffer(this.#bytes.buffer);
    return this.#parts;
  }

  #writeRowGroup(): void {
    const start = this.#bytes.offset;
    const columns: ChunkMetadata[] = [];
    for (const leaf of this.#rowGroup.leaves) {
      columns.push(writeChunk(this.#bytes, leaf, this.#compression));
    }
    const rows = BigInt(this.#rowGroup.rows);
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
    this.#rowGroup.clear();
    this.#takeBytes();
  }

  /** Moves what was written out of the writer, which would double its memory again and again. */
  #takeBytes(): void {
    this.#parts.push(this.#bytes.getBytes().slice());
    this.#bytes.index = 0;
  }
}
