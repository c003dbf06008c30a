import type { PartStatus } from "../../telemetry/program_monitor.ts";
import { duration } from "../duration.ts";
import type { Verdict } from "../judge_stream.ts";
import { nameOfPart, type ProgramStatus } from "./program_status.ts";

/** A writer that the stream accepts nothing of for longer is not ready, in milliseconds. */
const REFUSED_MS = 15_000;

/** Checks whether records can be read and put: each reader has begun, and nothing has failed. */
export function judgeProgramReadiness({ parts }: ProgramStatus): Verdict {
  const reasons = parts.flatMap((part) =>
    failureOf(part) ??
      (part.state === "starting" && part.type !== "writer"
        ? [`${nameOfPart(part)}: It has not begun to read`]
        : refusalOf(part, REFUSED_MS))
  );
  return { ok: reasons.length === 0, reasons };
}

/** Checks whether records are read and put in time. */
export function judgeProgramHealth(
  { at, parts }: ProgramStatus,
  { unhealthyAfterMs }: { readonly unhealthyAfterMs: number },
): Verdict {
  const reasons = parts.flatMap((part) =>
    failureOf(part) ?? [
      ...delayOf(part, at, unhealthyAfterMs),
      ...refusalOf(part, unhealthyAfterMs),
    ]
  );
  return { ok: reasons.length === 0, reasons };
}

function failureOf(part: PartStatus): string[] | undefined {
  if (part.state !== "failed") return undefined;
  const what = part.type === "writer" ? "Writing" : "Reading";
  return [`${nameOfPart(part)}: ${what} failed: ${part.error}`];
}

/** A reader that is too far behind, or has read nothing for too long. */
function delayOf(part: PartStatus, at: Date, limitMs: number): string[] {
  const { state, type, startedAt, lagMs } = part;
  if (lagMs !== undefined && lagMs > limitMs) {
    return [`${nameOfPart(part)}: It is ${duration(lagMs)} behind the newest record`];
  }
  const age = at.getTime() - startedAt.getTime();
  const isLate = state === "starting" && type !== "writer" && age > limitMs;
  return isLate
    ? [`${nameOfPart(part)}: Nothing has been read since the start, ${duration(age)} ago`]
    : [];
}

/** A writer of which the stream accepts nothing. */
function refusalOf(part: PartStatus, limitMs: number): string[] {
  const { waitingMs = 0, recentErrors: [last] } = part;
  if (waitingMs <= limitMs) return [];
  const why = last === undefined ? "" : `: ${last.message}`;
  return [
    `${nameOfPart(part)}: The stream has accepted nothing for ${duration(waitingMs)}${why}`,
  ];
}
