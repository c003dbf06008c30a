/**
 * Tools for testing programs that use Triton: in-memory Kinesis, object store and databases, virtual
 * time, and fault injection.
 *
 * - {@linkcode MemoryKinesis}, {@linkcode MemoryObjectStore}, {@linkcode MemoryCheckpointer} and
 *   {@linkcode MemoryLedger} behave like the real services and need no network.
 * - {@linkcode VirtualClock} and {@linkcode runUntil} let hours pass instantly.
 * - {@linkcode withFaults} makes a service slow or unreliable, with a {@linkcode FaultScript} or at
 *   random ({@linkcode SeededFaults}). A {@linkcode SimulatedProcess} can be killed at any call.
 * - {@linkcode putEvents} and {@linkcode collect} are the input and the output of most tests.
 *
 * Triton's own simulation uses the same parts. Nothing here loads an npm package.
 *
 * @example A consumer that checkpoints, against throttling and a restart
 * ```ts
 * import { StreamReader } from "@triton/triton";
 * import {
 *   FaultScript,
 *   MemoryCheckpointer,
 *   MemoryKinesis,
 *   putEvents,
 *   runUntil,
 *   VirtualClock,
 *   withFaults,
 * } from "@triton/triton/testing";
 * import { deepEqual } from "node:assert/strict";
 *
 * const clock = new VirtualClock();
 * const kinesis = new MemoryKinesis({ clock });
 * kinesis.createStream("clicks");
 * await putEvents(kinesis, "clicks", [{ n: 1 }, { n: 2 }, { n: 3 }]);
 *
 * // The faults, and the state that survives them.
 * const script = new FaultScript([
 *   { on: "getRecords", nth: { from: 1, to: 2 }, fault: "throttled" },
 *   { on: "save", nth: 1, fault: "lost" }, // saved, but the response is lost
 * ]);
 * const checkpointer = new MemoryCheckpointer({ clock });
 *
 * // The code under test: its services and its clock are passed in.
 * async function consume(count: number): Promise<unknown[]> {
 *   await using reader = new StreamReader(withFaults(kinesis, script, clock), "clicks", {
 *     checkpointer: withFaults(checkpointer, script, clock),
 *     clock,
 *   });
 *   const seen: unknown[] = [];
 *   for await (const record of reader) {
 *     seen.push(record.data.n);
 *     await reader.checkpoint();
 *     if (seen.length === count) break;
 *   }
 *   return seen;
 * }
 *
 * deepEqual(await runUntil(clock, consume(2)), [1, 2]);
 * deepEqual(await runUntil(clock, consume(1)), [3]); // after a restart
 * deepEqual(script.pending, []); // every fault happened
 * ```
 *
 * @module
 */

export { type Clock, VirtualClock } from "../base/clock.ts";
export { MemoryKinesis, type MemoryKinesisOptions } from "../kinesis/memory/memory_kinesis.ts";
export {
  MemoryObjectStore,
  type MemoryObjectStoreOptions,
} from "../objects/memory/memory_object_store.ts";
export {
  MemoryCheckpointer,
  type MemoryCheckpointerOptions,
  MemoryLedger,
  MemoryLedgers,
} from "../ledger/in_memory.ts";
export { MemoryEffects, MemoryGroup, MemoryTransaction } from "../shards/group/mod.ts";
export { collect } from "./collect.ts";
export { putEvents, type PutEventsOptions, type PutPosition } from "./put_events.ts";
export { runUntil, type RunUntilOptions } from "./run_until.ts";
export { Random } from "./random.ts";
export type { Fate, FaultPlan, ServiceCall, ServiceName, ServiceOperation } from "./faults.ts";
export { type CallRange, type FaultRule, FaultScript, type ScriptedFault } from "./fault_script.ts";
export { type FaultRates, SeededFaults } from "./seeded_faults.ts";
export {
  type ProcessStep,
  SimulatedProcess,
  type SimulatedProcessOptions,
} from "./simulated_process.ts";
export { withFaults } from "./with_faults.ts";
