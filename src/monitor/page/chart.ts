import { duration } from "../duration.ts";
import { type Html, html } from "./html.ts";

export interface ChartOptions {
  readonly title: string;
  /** Times of the values, in milliseconds since the Unix epoch, in order. */
  readonly times: readonly number[];
  /** The values; NaN if unknown. */
  readonly values: readonly number[];
  readonly format: (value: number) => string;
}

const WIDTH = 320;
const HEIGHT = 64;
/** Number of columns; each is as high as its highest value. */
const COLUMNS = 160;

/** Draws values over time, starting at zero, as a line that continues over missing values. */
export function chart({ title, times, values, format }: ChartOptions): Html {
  const known = values.filter((value) => !Number.isNaN(value));
  const [from = 0, to = 0] = [times[0], times.at(-1)];
  const span = to - from;
  if (known.length < 2 || span <= 0) {
    return html`<figure><figcaption><b>${title}</b> <span>collecting</span></figcaption>${
      frame(
        `${title}: no values yet`,
        html``,
      )
    }<p><span>&nbsp;</span></p></figure>`;
  }
  const [greatest, latest] = [Math.max(...known), known.at(-1)!];
  const label = `${title} of the last ${duration(span)}: now ${format(latest)}, at most ${
    format(greatest)
  }`;
  const line = pointsOf(times, values, { from, span, greatest })
    .map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`);
  const [first, last] = [line[0]!.split(",")[0]!, line.at(-1)!.split(",")[0]!];
  const area = [`${first},${HEIGHT}`, ...line, `${last},${HEIGHT}`].join(" ");
  return html`<figure><figcaption><b>${title}</b> <span>${format(latest)}</span></figcaption>${
    frame(
      label,
      html`
        <polygon points="${area}" />
        <polyline points="${line.join(" ")}" />
      `,
    )
  }<p><span>${duration(span)} ago</span><span>at most ${format(greatest)}</span></p></figure>`;
}

function frame(label: string, content: Html): Html {
  return html`
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img"
      aria-label="${label}">${content}</svg>
  `;
}

function pointsOf(
  times: readonly number[],
  values: readonly number[],
  { from, span, greatest }: { from: number; span: number; greatest: number },
): { x: number; y: number }[] {
  const columns = new Map<number, { x: number; value: number }>();
  values.forEach((value, index) => {
    if (Number.isNaN(value)) return;
    const x = (times[index]! - from) / span;
    const column = Math.round(x * COLUMNS);
    const before = columns.get(column);
    if (before === undefined || before.value < value) columns.set(column, { x, value });
  });
  const scale = greatest > 0 ? (HEIGHT - 4) / greatest : 0;
  return [...columns.values()].map(({ x, value }) => ({
    x: x * WIDTH,
    y: HEIGHT - 1 - value * scale,
  }));
}
