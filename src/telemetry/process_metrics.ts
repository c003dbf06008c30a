import type { Observation } from "./instruments.ts";

/**
 * The gauges that a process reports from its start.
 */
export function processObservations(startedAt: Date, version: string): Observation[] {
  const attributes = { version, deno: Deno.version.deno, target: Deno.build.target };
  return [
    { name: "triton.build.info", value: 1, attributes },
    { name: "triton.start.timestamp", value: startedAt.getTime() / 1000 },
  ];
}
