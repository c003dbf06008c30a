#!/usr/bin/env -S deno run --no-prompt --allow-net=triton-prod.s3.us-east-1.amazonaws.com:443 --allow-env=AWS_*,HOME,HOMEDRIVE,HOMEPATH,USERPROFILE,_X_AMZN_TRACE_ID --allow-sys=osRelease
/**
 * A script with scoped permissions: whatever its packages do, it can reach one bucket and nothing
 * else, and cannot read or write files. It counts a day's events by the value of a field.
 *
 * ```sh
 * chmod +x examples/count_day.ts
 * examples/count_day.ts s3://triton-prod earthquakes_prod 2026-09-01 properties.magType
 * ```
 *
 * Here, credentials come from `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. Profiles also need
 * `--allow-read=$HOME/.aws`; roles need `--allow-net=169.254.169.254,169.254.170.2`.
 *
 * @module
 */

import { openArchive } from "@triton/triton/archive";
import { getValue } from "@triton/triton";

const [bucket = "", stream = "", day = "", field = ""] = Deno.args;
const counts = new Map<string, number>();
await using archive = openArchive(bucket, { stream, from: day, to: day });
for await (const { data } of archive) {
  const value = String(getValue(data, field));
  counts.set(value, (counts.get(value) ?? 0) + 1);
}
for (const [value, count] of [...counts].sort(([, a], [, b]) => b - a)) {
  console.log(`${count}\t${value}`);
}
