import { MAP_MARKS, type MapAmounts, type MapCell, type MapMark } from "./archive_map.ts";
import { longerSlot, sharesOf, slotAt, startOfSlot } from "./slots.ts";

/** A cell while it is filled; `marks` are bits, by the place of a mark in {@linkcode MAP_MARKS}. */
interface OpenCell {
  files: number;
  events: number;
  quarantined: number;
  size: number;
  marks: number;
}

/** Times in milliseconds since the Unix epoch, both included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** How large a {@linkcode CellGrid} may become. */
export interface GridLimits {
  /** Number of cells. */
  readonly cells: number;
  /** Number of slots from the first to the last. */
  readonly slots: number;
}

/**
 * Cells by row and slot. When there are too many, slots become longer, so that memory is limited
 * whatever is added.
 */
export class CellGrid {
  readonly #limits: GridLimits;
  readonly #rows = new Map<string, Map<number, OpenCell>>();
  #slotMs: number;
  #cells = 0;
  #first = Infinity;
  #last = -Infinity;

  constructor(slotMs: number, limits: GridLimits) {
    this.#slotMs = slotMs;
    this.#limits = limits;
  }

  get slotMs(): number {
    return this.#slotMs;
  }

  /** The first slot that holds something; Infinity if none does. */
  get first(): number {
    return this.#first;
  }

  /** The last slot that holds something. */
  get last(): number {
    return this.#last;
  }

  /** From the start of the first slot to the end of the last; undefined if there is none. */
  get span(): Span | undefined {
    if (this.#first > this.#last) return undefined;
    const end = startOfSlot(this.#last + 1, this.#slotMs) - 1;
    return { from: startOfSlot(this.#first, this.#slotMs), to: end };
  }

  /** Makes slots at least this long, in milliseconds. */
  lengthenTo(slotMs: number): void {
    while (this.#slotMs < slotMs) this.#lengthen(longerSlot(this.#slotMs));
  }

  /**
   * Adds what a file holds, spread evenly over the time in which it arrived; the first and the last
   * record count where they are. The sums stay the same.
   *
   * @param row Name of the row.
   */
  add(row: string, span: Span, { files, events, quarantined, size }: MapAmounts): void {
    this.#makeRoom(span);
    let before = 0;
    for (const { slot, upTo, isLast } of sharesOf(span.from, span.to, this.#slotMs)) {
      const cell = this.#cell(row, slot);
      const ends = Number(before === 0) + Number(isLast);
      const between = (amount: number) => Math.floor(amount * upTo) - Math.floor(amount * before);
      const records = (count: number) => count < 2 ? between(count) : ends + between(count - 2);
      cell.events += records(events);
      cell.quarantined += records(quarantined);
      cell.size += between(size);
      if (isLast) cell.files += files;
      before = upTo;
    }
  }

  /** Marks all cells of a time. */
  mark(row: string, span: Span, mark: MapMark): void {
    this.#makeRoom(span);
    const [first, last] = [slotAt(span.from, this.#slotMs), slotAt(span.to, this.#slotMs)];
    this.#mark(row, first, last, mark);
  }

  /** Marks the cells between two times, without those of the times themselves if there are others. */
  markBetween(row: string, span: Span, mark: MapMark): void {
    this.#makeRoom(span);
    const [first, last] = [slotAt(span.from, this.#slotMs), slotAt(span.to, this.#slotMs)];
    const inner = last - first >= 2 ? 1 : 0;
    this.#mark(row, first + inner, last - inner, mark);
  }

  #mark(row: string, first: number, last: number, mark: MapMark): void {
    for (let slot = first; slot <= last; slot++) {
      this.#cell(row, slot).marks |= 1 << MAP_MARKS.indexOf(mark);
    }
  }

  /** The cells of a row in order, counted from a slot. */
  cellsOf(row: string, first: number): MapCell[] {
    const cells = [...this.#rows.get(row) ?? []].sort(([a], [b]) => a - b);
    return cells.map(([slot, { marks, ...amounts }]) => ({
      slot: slot - first,
      ...amounts,
      marks: MAP_MARKS.filter((_, bit) => (marks & (1 << bit)) !== 0),
    }));
  }

  /** Makes slots longer, until all of a span can be added. */
  #makeRoom({ from, to }: Span): void {
    for (;;) {
      const slotMs = this.#slotMs;
      const [first, last] = [slotAt(from, slotMs), slotAt(to, slotMs)];
      const slots = Math.max(last, this.#last) - Math.min(first, this.#first) + 1;
      const cells = this.#cells + last - first + 1;
      if (slots <= this.#limits.slots && cells <= this.#limits.cells) return;
      const longer = longerSlot(slotMs);
      if (longer === slotMs) return; // a year: there are few
      this.#lengthen(longer);
    }
  }

  #lengthen(slotMs: number): void {
    const before = [...this.#rows];
    const start = (slot: number) => Math.floor(slot / (slotMs / this.#slotMs));
    this.#rows.clear();
    [this.#cells, this.#first, this.#last] = [0, Infinity, -Infinity];
    for (const [row, cells] of before) {
      for (const [slot, added] of cells) {
        const cell = this.#cell(row, start(slot));
        cell.files += added.files;
        cell.events += added.events;
        cell.quarantined += added.quarantined;
        cell.size += added.size;
        cell.marks |= added.marks;
      }
    }
    this.#slotMs = slotMs;
  }

  #cell(row: string, slot: number): OpenCell {
    const cells = this.#rows.get(row) ?? new Map<number, OpenCell>();
    if (cells.size === 0) this.#rows.set(row, cells);
    let cell = cells.get(slot);
    if (cell === undefined) {
      cell = { files: 0, events: 0, quarantined: 0, size: 0, marks: 0 };
      cells.set(slot, cell);
      this.#cells++;
      this.#first = Math.min(this.#first, slot);
      this.#last = Math.max(this.#last, slot);
    }
    return cell;
  }
}
