import { concatBytes } from "../../base/bytes.ts";

const [QUOTE, COMMA, LINE_FEED, RETURN] = [0x22, 0x2c, 0x0a, 0x0d];

/** The byte order mark, which some programs put at the start. */
const MARK = [0xef, 0xbb, 0xbf];

/** A row of CSV. */
export interface CsvRow {
  /** The line where it starts, from 1, and the one where it ends. */
  readonly line: number;
  readonly lastLine: number;
  /** Its fields; undefined for nothing between two commas, which is not the same as `""`. */
  readonly fields: readonly (string | undefined)[];
  /** Why it cannot be read. */
  readonly fault?: string | undefined;
}

/** Where the reader is in a field. */
type State = "start" | "plain" | "quoted" | "quote" | "return" | keyof typeof FAULTS;

/** Why a row cannot be read, by where the reader is. */
const FAULTS = {
  faulty: "there is text after a closing quote",
  stray: "there is a carriage return that is not in quotes, and does not end the line",
} as const;

/**
 * Reads CSV (RFC 4180) piece by piece: fields may have quotes, commas and line breaks in them. Lines may
 * end with a line feed alone, and the last one with nothing.
 *
 * Uses memory for one piece and one row.
 */
export class CsvRows {
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  /** Bytes of the row that the next piece continues, and their number. */
  #before: Uint8Array[] = [];
  #size = 0;
  #state: State = "start";
  #line = 1;
  #startLine = 1;
  /** Number of bytes of the mark at the start that were read. */
  #mark = 0;

  /** @param maxBytes Size of the largest row. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Adds bytes.
   *
   * @returns The rows that end in them.
   * @throws {RangeError} If a row is too long: what follows is in the wrong place, if a quote is missing.
   */
  push(bytes: Uint8Array): CsvRow[] {
    const rows: CsvRow[] = [];
    let start = 0;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte === LINE_FEED) {
        this.#line++;
        if (this.#state === "quoted") continue;
        rows.push(this.#row(bytes.subarray(start, at)));
        start = at + 1;
      } else if (byte === MARK[this.#mark] && this.#isStart(at)) this.#mark++;
      else this.#state = next(this.#state, byte);
    }
    this.#size += bytes.length - start;
    if (this.#size > this.#maxBytes) {
      throw new RangeError(
        `Cannot read CSV: the row in line ${this.#startLine} is longer than ${this.#maxBytes} bytes; ` +
          "a closing quote may be missing",
      );
    }
    // A copy, because the source may use the memory again.
    if (start < bytes.length) this.#before.push(bytes.slice(start));
    return rows;
  }

  /** Whether all bytes before `at` are of the mark. */
  #isStart(at: number): boolean {
    return this.#line === 1 && this.#size + at === this.#mark;
  }

  /** Ends the input; returns its last row, if it has no line feed. */
  end(): CsvRow[] {
    if (this.#size === 0) return [];
    const isOpen = this.#state === "quoted";
    const row = this.#row(new Uint8Array(0));
    const lastLine = row.lastLine + (isOpen ? 0 : 1);
    return [{ ...row, lastLine, ...isOpen ? { fault: "a closing quote is missing" } : {} }];
  }

  /** Makes the row that ends with these bytes, before its line feed. */
  #row(end: Uint8Array): CsvRow {
    const bytes = this.#before.length === 0 ? end : concatBytes([...this.#before, end]);
    const place = { line: this.#startLine, lastLine: this.#line - 1 };
    const state = this.#state;
    [this.#before, this.#size, this.#state, this.#startLine] = [[], 0, "start", this.#line];
    if (state === "faulty" || state === "stray") {
      return { ...place, fields: [], fault: FAULTS[state] };
    }
    const start = place.line === 1 && this.#mark === MARK.length ? MARK.length : 0;
    const isReturn = bytes.at(-1) === RETURN;
    try {
      const text = this.#decoder.decode(bytes.subarray(start, isReturn ? -1 : undefined));
      return { ...place, fields: fieldsOf(text) };
    } catch {
      return { ...place, fields: [], fault: "it is not UTF-8" };
    }
  }
}

function next(state: State, byte: number): State {
  if (state === "quoted") return byte === QUOTE ? "quote" : "quoted";
  if (state === "faulty" || state === "stray") return state;
  if (state === "return") return "stray";
  if (byte === COMMA) return "start";
  if (byte === RETURN) return "return";
  if (state === "start") return byte === QUOTE ? "quoted" : "plain";
  if (state === "quote") return byte === QUOTE ? "quoted" : "faulty";
  return "plain";
}

/** Splits a row, whose quotes are known to be in order. */
function fieldsOf(row: string): (string | undefined)[] {
  const fields: (string | undefined)[] = [];
  for (let at = 0;; at++) {
    if (row[at] === '"') {
      let end = row.indexOf('"', at + 1);
      while (end >= 0 && row[end + 1] === '"') end = row.indexOf('"', end + 2);
      if (end < 0) end = row.length;
      fields.push(row.slice(at + 1, end).replaceAll('""', '"'));
      at = end + 1;
    } else {
      const comma = row.indexOf(",", at);
      const end = comma < 0 ? row.length : comma;
      fields.push(end === at ? undefined : row.slice(at, end));
      at = end;
    }
    if (at >= row.length) return fields;
  }
}
