/**
 * Converts archives to JSON lines in a second thread: `lines_thread.ts` starts it.
 *
 * @module
 */

import { LineWriter } from "../../../codec/json/line_writer.ts";
import { ArchiveLines } from "../../../codec/tri/archive_lines.ts";
import type { ArchiveDamage } from "../../../codec/tri/archive_options.ts";
import { type LinesReply, type LinesRequest, toPlainError } from "./worker_messages.ts";

/** What this thread uses of its global scope. */
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<LinesRequest>) => void;
  postMessage(reply: LinesReply | "ready", transfer?: Transferable[]): void;
};

const lines = new LineWriter();
let damages: ArchiveDamage[] = [];
let archive = new ArchiveLines();

scope.onmessage = ({ data: { start, piece, room } }) => {
  if (start !== undefined) {
    const onDamage = (damage: ArchiveDamage) => damages.push(damage);
    archive = new ArchiveLines({ file: start.file, ...start.salvage ? { onDamage } : {} });
  }
  const { events, bytes } = archive;
  const fault = convert(piece);
  const reply: LinesReply = {
    lines: copy(lines.take(), room),
    events: archive.events - events,
    bytes: archive.bytes - bytes,
    damages: damages.map((damage) => ({ ...damage, error: toPlainError(damage.error) })),
    ...(piece === undefined ? {} : { piece }),
    ...fault,
  };
  damages = [];
  scope.postMessage(reply, [reply.lines.buffer, ...(piece === undefined ? [] : [piece.buffer])]);
};
scope.postMessage("ready");

/** Converts the next piece, or the end of the file; returns the error, if there is one. */
function convert(piece: Uint8Array | undefined): Pick<LinesReply, "error"> {
  try {
    if (piece === undefined) archive.end();
    else archive.push(piece);
    while (archive.next(lines));
    if (piece === undefined) archive.finish();
    return {};
  } catch (error) {
    return { error: toPlainError(error) };
  }
}

/** Copies lines into a buffer, or into a larger one if they do not fit. */
function copy(bytes: Uint8Array, { buffer }: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const fits = buffer.byteLength >= bytes.length;
  const room = fits ? buffer : new ArrayBuffer(bytes.length + (bytes.length >>> 2));
  const copied = new Uint8Array(room, 0, bytes.length);
  copied.set(bytes);
  return copied;
}
