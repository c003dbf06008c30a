import { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import { writeRleBitPackedHybrid } from "hyparquet-writer/src/encoding.js";
import type { LeafColumn } from "./leaf_column.ts";
import { statisticsOf } from "./leaf_statistics.ts";
import type { Compression } from "./parquet_codec.ts";

/** Most bytes of values in a page; one row may have more. */
const PAGE_BYTES = 1 << 20;

/** Used again for each page: files with many leaves and few rows would leave MB of garbage. */
const [LEVELS, INDICES] = [new ByteWriter(), new ByteWriter()];

function emptied(writer: ByteWriter): ByteWriter {
  writer.index = writer.offset = 0;
  return writer;
}

/** A column chunk in the footer of a file, as `hyparquet-writer` takes it. */
type ChunkMetadata = ReturnType<typeof writeChunk>;

/** Writes one leaf of a row group: its dictionary, if it has one, and its pages. */
export function writeChunk(writer: ByteWriter, leaf: LeafColumn, { name, compress }: Compression) {
  const start = writer.offset;
  let uncompressed = 0;
  const { dictionary } = leaf;
  if (dictionary !== undefined) {
    const values = dictionary.bytes.subarray(0, dictionary.length);
    uncompressed += writePage(writer, new Uint8Array(0), values, compress, (sizes) => ({
      type: "DICTIONARY_PAGE" as const,
      ...sizes,
      dictionary_page_header: { num_values: dictionary.size, encoding: "PLAIN" as const },
    }));
  }
  const dataStart = writer.offset;
  let pages = 0;
  for (const page of pagesOf(leaf)) {
    uncompressed += writeDataPage(writer, leaf, page, compress);
    pages++;
  }
  const encoding = dictionary === undefined ? "PLAIN" as const : "RLE_DICTIONARY" as const;
  return {
    file_offset: BigInt(start),
    meta_data: {
      type: leaf.physical,
      encodings: dictionary === undefined
        ? ["PLAIN" as const, "RLE" as const]
        : ["PLAIN" as const, "RLE" as const, "RLE_DICTIONARY" as const],
      path_in_schema: [...leaf.path],
      codec: name,
      num_values: BigInt(leaf.slots),
      total_uncompressed_size: BigInt(uncompressed),
      total_compressed_size: BigInt(writer.offset - start),
      data_page_offset: BigInt(dataStart),
      ...(dictionary === undefined ? {} : { dictionary_page_offset: BigInt(start) }),
      statistics: statisticsOf(leaf),
      encoding_stats: [
        ...dictionary === undefined
          ? []
          : [{ page_type: "DICTIONARY_PAGE" as const, encoding: "PLAIN" as const, count: 1 }],
        { page_type: "DATA_PAGE_V2" as const, encoding, count: pages },
      ],
    },
  };
}

export type { ChunkMetadata };

/** A part of a leaf: slots, the values in them, and the rows. */
interface Page {
  readonly start: number;
  readonly end: number;
  readonly firstValue: number;
  readonly lastValue: number;
  readonly rows: number;
}

/** Cuts a leaf into pages, at rows. */
function* pagesOf(leaf: LeafColumn): Generator<Page> {
  const { definitions, repetitions, slots } = leaf;
  const { maxDefinition, maxRepetition } = leaf.levels;
  let [start, firstValue, value, rows, size] = [0, 0, 0, 0, 0];
  for (let slot = 0; slot < slots; slot++) {
    const isRow = maxRepetition === 0 || repetitions[slot] === 0;
    if (isRow && size >= PAGE_BYTES) {
      yield { start, end: slot, firstValue, lastValue: value, rows };
      [start, firstValue, rows, size] = [slot, value, 0, 0];
    }
    if (isRow) rows++;
    if (definitions[slot] === maxDefinition) size += sizeOf(leaf, value++);
  }
  if (start < slots) yield { start, end: slots, firstValue, lastValue: value, rows };
}

/** Bytes of a value in a page. */
function sizeOf(leaf: LeafColumn, value: number): number {
  if (leaf.dictionary !== undefined) return 2;
  if (leaf.physical !== "BYTE_ARRAY") return leaf.physical === "BOOLEAN" ? 1 / 8 : 8;
  return (value + 1 < leaf.values ? leaf.starts[value + 1]! : leaf.plainLength) -
    leaf.starts[value]!;
}

function writeDataPage(
  writer: ByteWriter,
  leaf: LeafColumn,
  page: Page,
  compress: Compression["compress"],
): number {
  const { start, end, rows } = page;
  const { maxDefinition, maxRepetition } = leaf.levels;
  const levels = emptied(LEVELS);
  const repetitionSize = maxRepetition === 0
    ? 0
    : writeLevels(levels, leaf.repetitions.subarray(start, end), maxRepetition);
  const definitionSize = writeLevels(levels, leaf.definitions.subarray(start, end), maxDefinition);
  return writePage(writer, levels.getBytes(), valuesOf(leaf, page), compress, (sizes) => ({
    type: "DATA_PAGE_V2" as const,
    ...sizes,
    data_page_header_v2: {
      num_values: end - start,
      num_nulls: end - start - (page.lastValue - page.firstValue),
      num_rows: rows,
      encoding: leaf.dictionary === undefined ? "PLAIN" as const : "RLE_DICTIONARY" as const,
      definition_levels_byte_length: definitionSize,
      repetition_levels_byte_length: repetitionSize,
      is_compressed: true,
    },
  }));
}

function writeLevels(writer: ByteWriter, levels: Uint8Array, max: number): number {
  return writeRleBitPackedHybrid(writer, levels, bitWidth(max));
}

/** The values of a page, encoded. */
function valuesOf(leaf: LeafColumn, { firstValue, lastValue }: Page): Uint8Array {
  if (leaf.dictionary !== undefined) {
    const indices = emptied(INDICES);
    const width = bitWidth(leaf.dictionary.size - 1);
    indices.appendUint8(width);
    writeRleBitPackedHybrid(indices, leaf.indices.subarray(firstValue, lastValue), width);
    return indices.getBytes();
  }
  const { plain, plainLength, starts, values, physical } = leaf;
  if (physical === "BOOLEAN") return packBits(plain.subarray(firstValue, lastValue));
  const offset = (value: number) => {
    if (value === values) return plainLength;
    return physical === "BYTE_ARRAY" ? starts[value]! : value * 8;
  };
  return plain.subarray(offset(firstValue), offset(lastValue));
}

function packBits(values: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(values.length / 8));
  for (let i = 0; i < values.length; i++) bits[i >> 3]! |= values[i]! << (i & 7);
  return bits;
}

/** Bits that numbers up to `max` take. */
function bitWidth(max: number): number {
  return 32 - Math.clz32(Math.max(max, 0));
}

/** Writes a page, and returns its size before compression, header included. */
function writePage(
  writer: ByteWriter,
  levels: Uint8Array,
  values: Uint8Array,
  compress: Compression["compress"],
  header: (
    sizes: { uncompressed_page_size: number; compressed_page_size: number },
  ) => Parameters<typeof writePageHeader>[1],
): number {
  const compressed = compress(values);
  const start = writer.offset;
  writePageHeader(
    writer,
    header({
      uncompressed_page_size: levels.length + values.length,
      compressed_page_size: levels.length + compressed.length,
    }),
  );
  const size = writer.offset - start + levels.length + values.length;
  writer.appendBytes(levels);
  writer.appendBytes(compressed);
  return size;
}
