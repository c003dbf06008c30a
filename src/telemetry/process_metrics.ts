import { VERSION } from "../base/version.ts";
import type { Observation } from "./instruments.ts";

/**
 * The gauges that a process reports from its start.
 *
 * @param startedAt When the process started.
 */
export function processObservations(startedAt: Date): Observation[] {
  const attributes = { version: VERSION, deno: Deno.version.deno, target: Deno.build.target };
  return [
    { name: "triton.build.info", value: 1, attributes },
    { name: "triton.start.timestamp", value: startedAt.getTime() / 1000 },
  ];
}
