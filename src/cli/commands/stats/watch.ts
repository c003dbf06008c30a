import type { CliContext } from "../../cli_context.ts";
import { countOf, formatTime } from "../../text/format.ts";
import { textOf } from "../../text/say.ts";

const CLEAR_ALL = "\x1b[2J\x1b[H";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/** What is shown until the next look. Each call lays it out for the terminal as it is now. */
export interface Shown {
  /** Lines of which the last are left out if the terminal is too low. */
  lines(): readonly string[];
  /** Lines below them, which are always there. */
  notes(): readonly string[];
}

/**
 * Prints lines repeatedly until the context's signal: in place on a terminal, one block after the
 * other elsewhere. On a terminal they fit its height, also after it has changed.
 */
export async function watch(
  read: () => Promise<Shown>,
  options: { readonly title: string; readonly intervalMs: number },
  context: CliContext,
): Promise<void> {
  const { clock, stdout, signal } = context;
  using screen = new Screen(options.title, context);
  while (!signal.aborted) {
    const shown = await read();
    if (signal.aborted) return;
    if (stdout.isTerminal) await screen.show(shown);
    else await stdout.write(textOf([...shown.lines(), ...shown.notes()]));
    await clock.sleep(options.intervalMs, signal).catch((error) => {
      if (!signal.aborted) throw error;
    });
  }
}

/** Draws lines on a terminal, each time over those before, and again if the terminal is resized. */
class Screen implements Disposable {
  readonly #title: string;
  readonly #context: Pick<CliContext, "clock" | "stdout">;
  readonly #stopListening: (() => void) | undefined;
  #shown: { readonly what: Shown; readonly at: string } | undefined;

  constructor(title: string, context: Pick<CliContext, "clock" | "stdout">) {
    this.#title = title;
    this.#context = context;
    this.#stopListening = context.stdout.onResize?.(() => {
      // If it fails, the next look reports it.
      this.#draw(CLEAR_ALL).catch(() => {});
    });
  }

  async show(what: Shown): Promise<void> {
    const start = this.#shown === undefined ? CLEAR_ALL : HOME;
    this.#shown = { what, at: formatTime(this.#context.clock.now()) };
    await this.#draw(start);
  }

  async #draw(start: string): Promise<void> {
    if (this.#shown === undefined) return;
    const { what, at } = this.#shown;
    const lines = fitHeight([`${this.#title}  ${at}`, ""], what, this.#context.stdout.rows);
    const text = textOf(lines.map((line) => line + CLEAR_LINE));
    await this.#context.stdout.write(`${start}${text}${CLEAR_BELOW}`);
  }

  [Symbol.dispose](): void {
    this.#stopListening?.();
  }
}

/** Leaves out lines that a terminal has no room for, and says how many; the cursor takes one row. */
function fitHeight(head: readonly string[], what: Shown, rows: number | undefined): string[] {
  const [lines, notes] = [what.lines(), what.notes()];
  const room = rows === undefined ? Infinity : rows - 1 - head.length - notes.length;
  if (lines.length <= room) return [...head, ...lines, ...notes];
  const shown = lines.slice(0, Math.max(0, room - 1));
  const rest = `… and ${countOf(lines.length - shown.length, "more line")}`;
  return [...head, ...shown, rest, ...notes].slice(0, rows! - 1);
}
