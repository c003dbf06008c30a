import { jsonReader } from "../wasm/read_json.ts";

const LINE_FEED = 0x0a;

/** What became of a line: its event, or the line itself, without its line feed, if it is refused. */
export type JsonLine =
  | { readonly event: Uint8Array; readonly refused: undefined }
  | { readonly event: undefined; readonly refused: Uint8Array };

/**
 * Reads JSON lines as events, many at a time.
 *
 * A line that is not an event is refused, and so are some that are: `parseJsonEvent` finds the fault, or
 * parses them.
 *
 * @param lines Complete lines, each with its line feed.
 * @returns For each line its event, which is what `parseJsonEvent` returns, or the line.
 */
export function* readJsonLines(lines: Uint8Array): Generator<JsonLine, void, void> {
  const reader = jsonReader();
  for (let start = 0; start < lines.length;) {
    const room = lines.subarray(start, start + reader.inputSize);
    const piece = room.subarray(0, room.lastIndexOf(LINE_FEED) + 1);
    if (piece.length === 0) {
      const end = lines.indexOf(LINE_FEED, start);
      yield refuse(lines.subarray(start, end));
      start = end + 1;
      continue;
    }
    const { ends, events } = reader.readLines(piece);
    let [at, eventAt] = [0, 0];
    for (let i = 0; i < ends.length; i += 2) {
      const end = ends[i]!;
      const eventEnd = ends[i + 1]!;
      if (eventEnd < 0) yield refuse(piece.subarray(at, end));
      else {
        yield { event: events.subarray(eventAt, eventEnd), refused: undefined };
        eventAt = eventEnd;
      }
      at = end + 1;
    }
    start += at;
  }
}

function refuse(refused: Uint8Array): JsonLine {
  return { event: undefined, refused };
}
