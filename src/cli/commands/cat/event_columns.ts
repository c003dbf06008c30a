import type { ListedColumn } from "../../../archive/tables/parse_columns.ts";
import { csvHeading, csvLine } from "../../../codec/csv/csv_line.ts";
import { msgpackToJson } from "../../../codec/json/write.ts";
import { decodeMsgpack } from "../../../codec/msgpack/decode.ts";
import { ValuePicker } from "../../../codec/msgpack/pick.ts";

/** Formats of `triton cat`. */
export type CatFormat = "ndjson" | "csv";

/** The place of an event: the archive, and its index there. */
export interface EventPlace {
  readonly file: string;
  readonly index: number;
}

/** Formats some columns of events. */
export class EventColumns {
  readonly #columns: readonly ListedColumn[];
  readonly #isCsv: boolean;
  readonly #withPlace: boolean;
  readonly #picker: ValuePicker;
  readonly #decoder = new TextDecoder();

  /** @param options `withPlace`: whether `_file` and `_index` come first. */
  constructor(
    columns: readonly ListedColumn[],
    { format, withPlace }: { readonly format: CatFormat; readonly withPlace: boolean },
  ) {
    this.#columns = columns;
    this.#isCsv = format === "csv";
    this.#withPlace = withPlace;
    this.#picker = new ValuePicker(columns.map(({ path }) => path));
  }

  /** What comes before the first event. */
  get header(): string {
    if (!this.#isCsv) return "";
    const headings = this.#columns.map(({ path }) => csvHeading(path));
    return csvLine(this.#withPlace ? ["_file", "_index", ...headings] : headings);
  }

  /** Number of values so far that are not maps, though columns name fields of them. */
  get strays(): number {
    return this.#picker.strays;
  }

  /** Formats the event at `at` as a line. */
  line(events: Uint8Array, at: number, place: EventPlace): string {
    this.#picker.pick(events, at);
    return this.#isCsv ? this.#csvLine(events, place) : this.#jsonLine(events, place);
  }

  #csvLine(events: Uint8Array, { file, index }: EventPlace): string {
    const fields: (string | undefined)[] = this.#withPlace ? [file, String(index)] : [];
    const { starts, ends } = this.#picker;
    for (const [i, { type }] of this.#columns.entries()) {
      const start = starts[i]!;
      const isNothing = start < 0 || events[start] === 0xc0;
      const value = isNothing ? undefined : events.subarray(start, ends[i]);
      fields.push(value && this.#csvField(value, type?.type === "json"));
    }
    return csvLine(fields);
  }

  /** A value as its JSON; what is text there stands without quotes, unless the column is JSON. */
  #csvField(value: Uint8Array, isJson: boolean): string {
    const json = this.#json(value);
    if (isJson) return json;
    if (json.startsWith('"')) return JSON.parse(json);
    // JSON has no such numbers.
    return json === "null" ? String(decodeMsgpack(value)) : json;
  }

  #json(value: Uint8Array): string {
    return this.#decoder.decode(msgpackToJson(value));
  }

  /** An object with the columns that the event has, at their paths. */
  #jsonLine(events: Uint8Array, { file, index }: EventPlace): string {
    const { starts, ends } = this.#picker;
    const place = this.#withPlace ? [`"_file":${JSON.stringify(file)}`, `"_index":${index}`] : [];
    const nest = (columns: readonly (readonly [readonly string[], number])[], depth: number) => {
      const byKey = Map.groupBy(columns, ([path]) => path[depth]!);
      const fields: string[] = depth === 0 ? place : [];
      for (const [key, below] of byKey) {
        const [path, i] = below[0]!;
        const isLeaf = path.length === depth + 1;
        const json = isLeaf
          ? this.#json(events.subarray(starts[i], ends[i]))
          : nest(below, depth + 1);
        fields.push(`${JSON.stringify(key)}:${json}`);
      }
      return `{${fields.join(",")}}`;
    };
    const there = this.#columns.map(({ path }, i) => [path, i] as const)
      .filter(([, i]) => starts[i]! >= 0);
    return `${nest(there, 0)}\n`;
  }
}
