import type { CliContext } from "../../cli_context.ts";
import { formatTime } from "../../text/format.ts";
import { textOf } from "../../text/say.ts";

const CLEAR_ALL = "\x1b[2J\x1b[H";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/**
 * Prints lines repeatedly until the context's signal: in place on a terminal, one block after the
 * other elsewhere.
 */
export async function watch(
  read: () => Promise<readonly string[]>,
  options: { readonly title: string; readonly intervalMs: number },
  context: CliContext,
): Promise<void> {
  const { clock, stdout, signal } = context;
  for (let first = true; !signal.aborted; first = false) {
    const lines = await read();
    if (signal.aborted) return;
    if (stdout.isTerminal) {
      const time = formatTime(clock.now());
      const all = [`${options.title}  ${time}`, "", ...lines];
      const text = textOf(all.map((line) => line + CLEAR_LINE));
      await stdout.write(`${first ? CLEAR_ALL : HOME}${text}${CLEAR_BELOW}`);
    } else {
      await stdout.write(textOf(lines));
    }
    await clock.sleep(options.intervalMs, signal).catch((error) => {
      if (!signal.aborted) throw error;
    });
  }
}
