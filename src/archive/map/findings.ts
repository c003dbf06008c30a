import { parseArchiveKey } from "../../codec/tri/archive_key.ts";
import type { ReportedGap } from "../verify/accepted_gaps.ts";
import type { ArchiveProblem } from "../verify/chains.ts";
import type { JudgedArchive } from "../verify/judge_archive.ts";
import type { ArchiveSurvey } from "../verify/survey.ts";
import type { MapFinding, MapMark } from "./archive_map.ts";
import type { Span } from "./cell_grid.ts";
import type { JoinedLink } from "./chain_ends.ts";
import { keySpan, type MapRows } from "./map_rows.ts";

/**
 * Says when each problem is, and marks it in the rows.
 *
 * @returns What is wrong, by time; what concerns all of a shard's time first.
 */
export function findingsOf(
  { problems, gaps }: JudgedArchive,
  survey: ArchiveSurvey,
  rows: MapRows,
): MapFinding[] {
  const findings = [
    ...problems.map((problem) => findingOf(problem, survey)),
    ...gaps.map((gap) => recordedFinding(gap, survey)),
  ];
  for (const { span, mark, client, shardId } of findings) {
    // A file counts where its shards are not known, whatever is wrong with it.
    rows.mark(
      shardId === undefined ? { client: undefined, shardId } : { client, shardId },
      span,
      mark,
    );
  }
  return findings.map(({ span = rows.span, ...finding }) => ({
    ...finding,
    from: span && new Date(span.from),
    to: span && new Date(span.to),
  })).sort((a, b) => Number(a.from ?? 0) - Number(b.from ?? 0));
}

/** A finding before its time is settled; without a span, it concerns all of the shard's time. */
type OpenFinding = Omit<MapFinding, "from" | "to"> & { readonly span: Span | undefined };

function findingOf(problem: ArchiveProblem, survey: ArchiveSurvey): OpenFinding {
  const { client, shardId, message, id, accepted } = problem;
  const { span, keys } = placeOf(problem, survey);
  return { mark: markOf(problem), client, shardId, message, keys, span, id, accepted };
}

function markOf({ type, beginsAnew, accepted }: ArchiveProblem): MapMark {
  if (accepted !== undefined) return "accepted";
  if (type === "gap") return beginsAnew === true ? "gap" : "missing";
  return type === "overlap" || type === "duplicate" ? "doubled" : "damaged";
}

/** When a problem is, and the keys of the files before and after it. */
function placeOf(
  problem: ArchiveProblem,
  survey: ArchiveSurvey,
): { readonly span: Span | undefined; readonly keys: readonly string[] } {
  const { type, client, shardId, keys, after } = problem;
  const lastKey = keys.at(-1);
  if (client === undefined || shardId === undefined) {
    return { span: lastKey === undefined ? undefined : keySpan(parseArchiveKey(lastKey)), keys };
  }
  const links = survey.linksOf({ client, shardId }) as readonly JoinedLink[];
  const before = links.find((link) => link.last === after);
  const next = links.find((link) => link !== before && link.key === lastKey);
  if (type !== "gap") return { span: arrivals(next ?? before), keys };
  const around = [before?.key, next?.firstKey].filter((key) => key !== undefined);
  return { span: between(before, next), keys: around.length === 0 ? keys : around };
}

function recordedFinding(gap: ReportedGap, survey: ArchiveSurvey): OpenFinding {
  const { client, shardId, after, until, reason, recordedAt, id, accepted } = gap;
  const links = survey.linksOf({ client, shardId }) as readonly JoinedLink[];
  const before = links.find((link) => link.last === after);
  const next = links.find((link) => link.first === until);
  const noticed = recordedAt.getTime();
  return {
    mark: accepted === undefined ? "gap" : "accepted",
    ...{ client, shardId, recorded: reason, id, accepted },
    keys: [before?.key, next?.firstKey].filter((key) => key !== undefined),
    message: `records after ${after ?? "its beginning"}${
      until === undefined ? "" : ` and before ${until}`
    } are lost: ${reason}`,
    span: between(before, next) ?? { from: noticed, to: noticed },
  };
}

/** From the last arrival before something to the first one after it; undefined if there is neither. */
function between(before: JoinedLink | undefined, next: JoinedLink | undefined): Span | undefined {
  const from = (before?.lastArrival ?? next?.firstArrival)?.getTime();
  if (from === undefined) return undefined;
  return { from, to: Math.max(from, next?.firstArrival.getTime() ?? from) };
}

function arrivals(link: JoinedLink | undefined): Span | undefined {
  if (link === undefined) return undefined;
  return { from: link.firstArrival.getTime(), to: link.lastArrival.getTime() };
}
