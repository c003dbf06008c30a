import { TritonError } from "../../../base/errors.ts";
import type { CsvRow } from "../../../codec/csv/csv_rows.ts";
import { type JsonLine, readJsonLines } from "../../../codec/json/lines.ts";
import type { StreamWriter } from "../../../stream/mod.ts";
import type { CliContext } from "../../cli_context.ts";
import { LinePlaces } from "./line_places.ts";
import { Progress, type ProgressOptions } from "../../text/progress.ts";
import { MAX_LINE_BYTES, readBlocks, untilAborted } from "./read_lines.ts";
import { say } from "../../text/say.ts";
import { countOf } from "../../text/format.ts";

const RETURN = 0x0d;
/** Instead of a line that is too long to be kept. */
const TOO_LONG = [undefined];

/** What {@linkcode PutLines} uses. */
export interface PutLinesParts {
  readonly writer: Pick<StreamWriter, "addEvent" | "given" | "unwritten">;
  /** Encodes a line as an event, if WebAssembly refuses it. */
  readonly parse: (text: string) => Uint8Array;
  /** What is read, to show progress: how many bytes until now, and in total. */
  readonly input?: PutInput;
  /** Where bad lines are reported. */
  readonly context: Pick<CliContext, "stderr" | "clock" | "env">;
  /** Name of the file. Default: none is reported. */
  readonly file?: string | undefined;
}

/** What {@linkcode PutLines} reads. */
export interface PutInput extends Pick<ProgressOptions, "total"> {
  /** Bytes read until now. */
  readonly read: () => number;
}

/** Puts lines into a stream as events, and tracks which lines are in it. */
export class PutLines {
  readonly #parts: PutLinesParts;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  readonly #places = new LinePlaces();
  /** The last line that was read. */
  #last = 0;
  /** How many events were put, and their bytes. */
  #good = 0;
  #bytes = 0;
  /** How many events had been put when the progress line was last redrawn. */
  #shown = 0;
  /** How many lines could not be put. */
  bad = 0;
  /** Whether the first line is a header, without which others cannot be put again. */
  #hasHeader = false;

  constructor(parts: PutLinesParts) {
    this.#parts = parts;
  }

  /** Puts all lines until a signal is aborted; those that cannot be put are reported and counted. */
  async put(source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    const { context, input } = this.#parts;
    const progress = new Progress(context, "put", { total: input?.total });
    for await (const block of readBlocks(untilAborted(source, signal))) {
      for (const line of block === undefined ? TOO_LONG : readJsonLines(block)) {
        if (signal.aborted) return await progress.end(); // the line may be incomplete
        const room = this.#putLine(line, progress);
        if (room === undefined) continue; // awaiting would take longer than all the rest
        await room;
        await this.#show(progress);
      }
      await this.#show(progress);
    }
    await progress.end();
  }

  /**
   * Puts all rows of CSV until a signal is aborted, as {@linkcode PutLines.put} puts lines.
   *
   * @param open Makes events of the rows that follow the header.
   */
  async putRows(
    batches: AsyncIterable<readonly CsvRow[]>,
    open: (header: CsvRow) => { eventOf(row: CsvRow): Uint8Array | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    const { context, input } = this.#parts;
    const progress = new Progress(context, "put", { total: input?.total });
    let eventOf: ((row: CsvRow) => Uint8Array | undefined) | undefined;
    for await (const rows of batches) {
      for (const row of rows) {
        if (signal.aborted) return await progress.end(); // the row may be incomplete
        const before = this.#last;
        this.#last = row.lastLine;
        if (eventOf === undefined) {
          const events = open(row);
          eventOf = (row) => events.eventOf(row);
          this.#hasHeader = true;
        } else await this.#try(row, eventOf, row.line, before, progress);
      }
      await this.#show(progress);
    }
    await progress.end();
  }

  /** Redraws the progress line, unless nothing was put since. */
  async #show(progress: Progress): Promise<void> {
    if (this.#good === this.#shown) return;
    this.#shown = this.#good;
    await progress.update(this.#good, this.#bytes, this.#parts.input?.read());
  }

  /** Puts a line; returns what to wait for before the next one, if anything. */
  #putLine(line: JsonLine | undefined, progress: Progress): Promise<void> | undefined {
    const number = ++this.#last;
    return this.#try(line, this.#eventOfLine, number, number - 1, progress);
  }

  /** The event of a line; undefined if it is blank. */
  readonly #eventOfLine = (line: JsonLine | undefined): Uint8Array | undefined =>
    line?.event ?? this.#parse(line?.refused);

  /**
   * Puts what is in line `number`, unless there is no event in it.
   *
   * @param before The last line before it.
   * @returns What to wait for before the next one, if anything.
   */
  #try<T>(
    source: T,
    eventOf: (source: T) => Uint8Array | undefined,
    number: number,
    before: number,
    progress: Progress,
  ): Promise<void> | undefined {
    const { given } = this.#parts.writer;
    try {
      const event = eventOf(source);
      if (event === undefined) return undefined; // a blank line
      const room = this.#putEvent(number, event);
      this.#good++;
      this.#bytes += event.length;
      return room?.catch((error) => {
        const refused = this.#refuse(number, error, progress);
        this.#good--;
        this.#bytes -= event.length;
        return refused;
      });
    } catch (error) {
      // The error may be that of an earlier record; then this one was not accepted.
      const isEarlier = !isFaultOfLine(error) && this.#parts.writer.given === given;
      if (isEarlier) this.#last = before;
      return this.#refuse(number, error, progress);
    }
  }

  /** Reports a line that cannot be put; throws an error that is not about the line. */
  #refuse(number: number, error: unknown, progress: Progress): Promise<void> {
    if (!isFaultOfLine(error)) throw error;
    this.bad++;
    const { file } = this.#parts;
    const place = `${file === undefined ? "" : `${file}: `}line ${number}`;
    return this.#report(`${place}: ${this.#inLines(error.message)}`, progress);
  }

  async #report(fault: string, progress: Progress): Promise<void> {
    await progress.clear();
    await say(this.#parts.context, fault);
  }

  /** Parses a line, without its `\n`; returns undefined if it is blank. */
  #parse(line: Uint8Array | undefined): Uint8Array | undefined {
    const text = decode(line, this.#decoder);
    return text.trim() === "" ? undefined : this.#parts.parse(text);
  }

  #putEvent(number: number, event: Uint8Array): Promise<void> | undefined {
    const { writer } = this.#parts;
    // Before addEvent(), whose promise may reject with the error of an earlier record.
    this.#places.add(writer.given, number);
    if (this.#places.isLong) this.#places.forgetBefore(writer.unwritten[0] ?? writer.given);
    return writer.addEvent(event);
  }

  /**
   * Returns the error for stopping before all lines were put: what happened, which lines are not in
   * the stream, and where to resume.
   */
  explain(why: string, cause?: unknown): TritonError {
    const { unwritten } = this.#parts.writer;
    const missing = rangesOf(unwritten.map((place) => this.#places.lineOf(place)!));
    const reported = this.bad > 0 ? [`the ${countOf(this.bad, "line")} reported above`] : [];
    const others = [...missing, ...reported];
    const last = this.#last === 1 ? "line 1 is" : `lines 1 to ${this.#last} are`;
    const state = this.#last === 0
      ? "no line was read"
      : `${last} in the stream${others.length > 0 ? `, except ${others.join(", ")}` : ""}`;
    const parts = [...this.#hasHeader ? ["the header"] : [], ...missing];
    const first = parts.length > 0 ? `${parts.join(", ")} and ` : "";
    return new TritonError(
      `${this.#inLines(why)}; ${state}; to resume, put ${first}the lines after line ${this.#last}`,
      { cause },
    );
  }

  /** Replaces the place of a record in a message with the number of its line. */
  #inLines(message: string): string {
    return message.replace(/^(Cannot put )record (\d+)/, (whole, start, place) => {
      const line = this.#places.lineOf(Number(place));
      return line === undefined ? whole : `${start}line ${line}`;
    });
  }
}

/** Numbers as ranges: `line 3`, `lines 5 to 8`. */
function rangesOf(numbers: readonly number[]): string[] {
  const ranges: [first: number, last: number][] = [];
  for (const number of numbers) {
    const range = ranges.at(-1);
    if (range !== undefined && range[1] + 1 === number) range[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) =>
    first === last ? `line ${first}` : `lines ${first} to ${last}`
  );
}

/** Errors that concern a single line; by name, so that their modules need not be loaded. */
const LINE_ERRORS = new Set([
  "CsvError",
  "JsonEventError",
  "LineError",
  "PartitionKeyError",
  "RangeError",
]);

function isFaultOfLine(error: unknown): error is Error {
  return error instanceof Error && LINE_ERRORS.has(error.name);
}

/** Thrown when a line is not UTF-8, or too long. */
class LineError extends TritonError {}

function decode(line: Uint8Array | undefined, decoder: TextDecoder): string {
  if (line === undefined || line.length > MAX_LINE_BYTES) {
    throw new LineError(`Cannot read event: the line is longer than ${MAX_LINE_BYTES} bytes`);
  }
  try {
    return decoder.decode(line.at(-1) === RETURN ? line.subarray(0, -1) : line);
  } catch (cause) {
    throw new LineError("Cannot read event: the line is not UTF-8", { cause });
  }
}
