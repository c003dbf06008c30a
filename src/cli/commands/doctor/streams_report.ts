import { printable } from "../../../base/safe_text.ts";
import { countOf } from "../../text/format.ts";
import { textOf } from "../../text/say.ts";
import { type Colors, colorsOf } from "../../text/table.ts";
import { findingLines, type Verdict, verdictLines, verdictOn } from "./doctor_report.ts";
import type { SharedFindings, StreamFindings } from "./examine_streams.ts";
import type { Finding } from "./findings.ts";

/** An error names at most this many streams. */
const MAX_NAMED = 10;

/** Draws the conclusion for all streams together. */
export function verdictOnAll({ common, buckets, streams }: SharedFindings): Verdict {
  return verdictOn([
    ...common,
    ...[...buckets.values()].flat(),
    ...streams.flatMap(({ findings }) => findings),
  ]);
}

/** What `--json` prints. */
export function jsonOf(found: SharedFindings) {
  return {
    ...verdictOnAll(found),
    findings: found.common,
    buckets: [...found.buckets].map(([url, findings]) => ({ url, findings })),
    streams: found.streams.map(({ job: { config, client, bucket }, findings }) => ({
      ...{ name: config.logicalName, stream: config.name, bucket, client },
      ...verdictOn(findings),
      findings,
    })),
  };
}

/** Formats all of it for people. */
export function formatStreams(
  { common, buckets, streams }: SharedFindings,
  verdict: Verdict,
  colors: Colors = colorsOf(false),
  columns = Infinity,
): string {
  const section = (title: string, findings: readonly Finding[]) => [
    colors.bold(printable(title)),
    ...findingLines(findings, colors, columns),
    "",
  ];
  return textOf([
    ...section("Database and clocks", common),
    ...[...buckets].flatMap(([url, findings]) => section(`Bucket ${url}`, findings)),
    ...section(countsOf(streams), rowsOf(streams)),
    ...verdictLines(verdict, columns),
  ]);
}

/** The error for streams that are not safe to archive. */
export function unsafeStreams({ common, buckets, streams }: SharedFindings): string {
  const shared = [...common, ...[...buckets.values()].flat()];
  const checks = new Set(shared.filter(isFailure).map(({ check }) => check));
  const failed = streams.filter((stream) => levelOf(stream) === "fail")
    .map(({ job, findings }) => {
      const checks = new Set(findings.filter(isFailure).map(({ check }) => check));
      return `${job.config.logicalName} (${[...checks].join(", ")})`;
    });
  const named = failed.slice(0, MAX_NAMED);
  if (failed.length > MAX_NAMED) named.push(`and ${failed.length - MAX_NAMED} more streams`);
  return `Not safe to run triton store: ${[...checks, ...named].join(", ")}`;
}

const LEVELS = ["ok", "warn", "fail"] as const;

function levelOf({ findings }: StreamFindings): Finding["level"] {
  return LEVELS.findLast((level) => findings.some((finding) => finding.level === level)) ?? "ok";
}

function isFailure({ level }: Finding): boolean {
  return level === "fail";
}

function countsOf(streams: readonly StreamFindings[]): string {
  const count = (level: Finding["level"]) =>
    streams.filter((stream) => levelOf(stream) === level).length;
  const [ok, warn, fail] = LEVELS.map(count);
  const problems = [
    ...warn ? [`${warn} with warnings`] : [],
    ...fail ? [`${fail} not safe to archive`] : [],
  ];
  return [`${countOf(streams.length, "stream")}: ${ok} ok`, ...problems].join(", ");
}

/** The rows of the streams: a line for each without a problem, then the problems, the worst last. */
function rowsOf(streams: readonly StreamFindings[]): Finding[] {
  const rows = streams.filter((stream) => levelOf(stream) === "ok").map(okRow);
  for (const level of ["warn", "fail"] as const) {
    const problems = streams.flatMap(({ job, findings }) =>
      findings.filter((finding) => finding.level === level)
        .map((finding) => ({ finding, name: job.config.logicalName }))
    );
    const same = Map.groupBy(problems, ({ finding: { check, message } }) => `${check}: ${message}`);
    rows.push(...[...same.values()].map(problemRow));
  }
  return rows;
}

function okRow({ job: { client, config }, findings }: StreamFindings): Finding {
  const shards = findings.find(({ check }) => check === "shards");
  const message = `${config.name} for client ${client}, ${shards?.message}`;
  return { level: "ok", check: config.logicalName, message };
}

/** The row of a problem that one stream has, or several. */
function problemRow(
  problems: readonly { readonly finding: Finding; readonly name: string }[],
): Finding {
  const [{ finding, name }] = problems as [typeof problems[0]];
  const message = `${finding.check}: ${finding.message}`;
  if (problems.length === 1) return { ...finding, check: name, message };
  const names = problems.map(({ name }) => name).join(", ");
  const advice = finding.advice && `for ${name}: ${finding.advice}`;
  const row = { level: finding.level, check: countOf(problems.length, "stream") };
  return { ...row, message: `${message} (${names})`, ...advice && { advice } };
}
