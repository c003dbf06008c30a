import {
  type HealthLimits,
  judgeStreamHealth,
  judgeStreamReadiness,
  type Verdict,
} from "./judge_stream.ts";
import type { StoreStatus, StreamKey, StreamStatus } from "./store_status.ts";

/** Checks whether records can be archived: the database and at least one stream can. */
export function judgeReadiness(status: StoreStatus, limits: HealthLimits): Verdict {
  const { state, streams } = status;
  if (streams.length === 0) {
    const isKnown = state !== "starting";
    const reason = isKnown ? "No stream is archived" : "The streams are not known yet";
    return { ok: false, reasons: [reason] };
  }
  const verdicts = streams.map((stream) => judgeStreamReadiness(stream, limits));
  return verdicts.some(({ ok }) => ok)
    ? { ok: true, reasons: [] }
    : { ok: false, reasons: reasonsOf(streams, verdicts) };
}

/** Checks whether the records of all streams are archived in time; names those that are not well. */
export function judgeHealth(status: StoreStatus, limits: HealthLimits): Verdict {
  const { streams } = status;
  if (streams.length === 0 && status.state === "starting") {
    const nothing = { stream: "", client: "", services: {}, recentErrors: [] };
    return judgeStreamHealth({ ...status, ...nothing }, limits);
  }
  const verdicts = streams.map((stream) => judgeStreamHealth(stream, limits));
  return { ok: verdicts.every(({ ok }) => ok), reasons: reasonsOf(streams, verdicts) };
}

/** Why streams are not well, each reason once, with the names of its streams unless it has all. */
function reasonsOf(streams: readonly StreamStatus[], verdicts: readonly Verdict[]): string[] {
  const owners = new Map<string, string[]>();
  streams.forEach((stream, index) => {
    for (const reason of verdicts[index]!.reasons) {
      const names = owners.get(reason) ?? [];
      owners.set(reason, [...names, nameOf(stream, streams)]);
    }
  });
  return [...owners].map(([reason, names]) =>
    names.length === streams.length ? reason : `${names.join(", ")}: ${reason}`
  );
}

/** The name of a stream, with its client if another one has the same name. */
export function nameOf({ stream, client }: StreamKey, streams: readonly StreamKey[]): string {
  return hasTwin({ stream, client }, streams) ? `${stream} (client ${client})` : stream;
}

/** Whether the name of a stream does not tell which one it is. */
export function hasTwin({ stream, client }: StreamKey, streams: readonly StreamKey[]): boolean {
  return streams.some((other) => other.stream === stream && other.client !== client);
}
