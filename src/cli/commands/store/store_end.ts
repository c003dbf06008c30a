import { getLogger } from "@logtape/logtape";
import type { ArchiverMonitor, Unarchived } from "../../../archiver/mod.ts";
import { TritonError } from "../../../base/errors.ts";
import { whenAborted } from "../../../base/notifier.ts";
import type { CliContext } from "../../cli_context.ts";
import { GRACE_MS, Stopped } from "../../stop_signals.ts";
import { countOf } from "../../text/format.ts";

const log = getLogger(["triton", "cli"]);

/** This part of the time to stop is for metrics, the status page and the log. */
const LAST_MS = 2_000;

/** An error lists at most this many reasons: streams fail for reasons of their own. */
const MAX_REASONS = 5;

/**
 * Does the work of a command, and returns within a limit after a signal even if the work does not.
 *
 * @param options `limitMs` is how long stopping may take. Two seconds before that, throws what
 * `late` returns; if that is undefined, returns without waiting for the work.
 */
export async function endInTime(
  work: () => Promise<void>,
  options: { readonly limitMs: number; readonly late: () => Error | undefined },
  { clock, signal }: Pick<CliContext, "clock" | "signal">,
): Promise<void> {
  const { limitMs, late } = options;
  const done = new AbortController();
  const isLate = async () => {
    await Promise.race([whenAborted(signal), whenAborted(done.signal)]);
    if (!done.signal.aborted) logStop(signal, limitMs);
    await clock.sleep(limitMs - LAST_MS, done.signal);
    const error = late();
    if (error !== undefined) throw error;
  };
  const deadline = isLate();
  deadline.catch(() => {}); // thrown below, unless the work ends first
  try {
    await Promise.race([work(), deadline]);
  } finally {
    done.abort();
  }
}

function logStop({ reason }: AbortSignal, limitMs: number): void {
  log.info(
    "Stopping within {limitMs} ms; a second signal after {graceMs} ms ends the process immediately",
    {
      event: "command.stopping",
      signal: reason instanceof Stopped ? reason.signal : undefined,
      limitMs,
      graceMs: GRACE_MS,
    },
  );
}

/**
 * Explains why stopping took too long.
 *
 * @param left What was read and is not archived, of all streams.
 * @param monitors What has been noted of each stream.
 * @returns The error; undefined, and logged, if everything that was read is archived.
 */
export function lateError(
  left: Unarchived,
  limitMs: number,
  monitors: readonly Pick<ArchiverMonitor, "services">[],
): TritonError | undefined {
  const failing = new Set(
    monitors.flatMap(({ services }) =>
      Object.entries(services).flatMap(([name, { error }]) =>
        error === undefined ? [] : [`${name}: ${error}`]
      )
    ),
  );
  const reasons = [...failing].slice(0, MAX_REASONS);
  if (failing.size > reasons.length) reasons.push(`and ${failing.size - reasons.length} more`);
  const why = reasons.length > 0 ? ` (${reasons.join("; ")})` : "";
  if (left.events + left.quarantined > 0) {
    const what = [
      countOf(left.events, "event"),
      ...left.quarantined > 0 ? [countOf(left.quarantined, "quarantined record")] : [],
    ].join(" and ");
    return new TritonError(
      `Cannot archive ${what} in ${countOf(left.files, "file")} within ${
        limitMs / 1000
      } s of the ` +
        `signal (--stop-timeout); the next reader of the shards reads them again${why}`,
    );
  }
  log.warn("Stopped before the services responded: leases are held until they expire{why}", {
    event: "archiver.abandoned",
    why,
  });
  return undefined;
}
