import type { SqlValue } from "../../sql/steps.ts";
import type { TableKey } from "./lease_table.ts";
import { compareText } from "./rows.ts";

/** Several streams in one statement. */
export class TableKeys {
  /** Each of them once, in the order in which rows are locked. */
  readonly sorted: readonly TableKey[];
  /** The condition that a row is of one of the streams. It takes {@linkcode TableKeys.values}. */
  readonly condition: string;
  readonly #given: readonly TableKey[];

  /**
   * Creates the part of a statement that names streams.
   *
   * @param given The streams.
   * @param row What precedes the columns, such as `s.`.
   */
  constructor(given: readonly TableKey[], row = "") {
    this.#given = given;
    this.sorted = [...new Map(given.map((key) => [nameOf(key), key])).values()]
      .sort((a, b) => compareText(a.client, b.client) || compareText(a.stream, b.stream));
    const pairs = this.sorted.map(() => "(?, ?)").join(", ");
    this.condition = `(${row}client, ${row}stream) IN (VALUES ${pairs})`;
  }

  /** Whether no stream is named, which no statement can. */
  get isEmpty(): boolean {
    return this.sorted.length === 0;
  }

  /** The values of the condition. */
  get values(): SqlValue[] {
    return this.sorted.flatMap(({ client, stream }) => [client, stream]);
  }

  /** The rows of each stream, in the order in which the streams were given. */
  of<R extends TableKey>(rows: readonly R[]): R[][] {
    const byName = Map.groupBy(rows, nameOf);
    return this.#given.map((key) => byName.get(nameOf(key)) ?? []);
  }
}

/** A text that is different for each client and stream. */
function nameOf({ client, stream }: TableKey): string {
  return JSON.stringify([client, stream]);
}
