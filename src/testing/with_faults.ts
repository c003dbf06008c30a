import type { ArchiveLedger, Checkpointer } from "../ledger/mod.ts";
import type { Clock } from "../base/clock.ts";
import type { KinesisApi } from "../kinesis/kinesis_api.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import type { MemoryGroup } from "../shards/group/memory_group.ts";
import { collect } from "./collect.ts";
import type { Fate, FaultPlan, ServiceCall, ServiceName, ServiceOperation } from "./faults.ts";
import { SimulatedProcess } from "./simulated_process.ts";

/** The methods that return an `AsyncGenerator`: all its items count as one call. */
const GENERATORS: Readonly<Partial<Record<ServiceName, readonly string[]>>> = {
  kinesis: ["listShards", "listStreams"],
  store: ["list", "folders"],
};

/** A Kinesis whose requests may fail. */
export function withFaults(service: KinesisApi, plan: FaultPlan, clock: Clock): KinesisApi;
/** An object store whose requests may fail. */
export function withFaults(service: ObjectStore, plan: FaultPlan, clock: Clock): ObjectStore;
/** A checkpointer whose requests may fail. */
export function withFaults(service: Checkpointer, plan: FaultPlan, clock: Clock): Checkpointer;
/** A ledger whose requests may fail. */
export function withFaults(service: ArchiveLedger, plan: FaultPlan, clock: Clock): ArchiveLedger;
/** A group whose requests may fail; that of a transaction with effects is its commit. */
export function withFaults<E>(
  service: MemoryGroup<E>,
  plan: FaultPlan,
  clock: Clock,
): MemoryGroup<E>;
/**
 * Wraps a service so that its calls can be slow, fail, take effect although they fail, or kill the
 * process.
 *
 * The service itself does not change, so a test can check its actual state. An aborted signal ends
 * the wait for a slow response; it is not passed to the service.
 *
 * @example Throttled three times in a row
 * ```ts
 * import { collect, FaultScript, MemoryKinesis, putEvents } from "@triton/triton/testing";
 * import { runUntil, VirtualClock, withFaults } from "@triton/triton/testing";
 * import { StreamReader } from "@triton/triton";
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * const clock = new VirtualClock();
 * const kinesis = new MemoryKinesis({ clock });
 * kinesis.createStream("clicks");
 * await putEvents(kinesis, "clicks", [{ page: "/" }]);
 *
 * const script = new FaultScript([{ on: "getRecords", nth: { from: 1, to: 3 }, fault: "throttled" }]);
 * await using reader = new StreamReader(withFaults(kinesis, script, clock), "clicks", { clock });
 * const [record] = await runUntil(clock, collect(reader, 1));
 * equal(record?.data.page, "/");
 * deepEqual(script.pending, []);
 * ```
 * @param service The service.
 * @param plan Decides what happens to each call.
 * @param clock The clock for slow calls. For a plan with crashes, pass the
 * {@linkcode SimulatedProcess} that is to die.
 * @returns The service for the code under test.
 */
export function withFaults<
  T extends KinesisApi | ObjectStore | Checkpointer | ArchiveLedger | MemoryGroup,
>(
  service: T,
  plan: FaultPlan,
  clock: Clock,
): T {
  const name = nameOf(service);
  const mortal = clock instanceof SimulatedProcess;
  const process = mortal ? clock : new SimulatedProcess(clock);
  const decide = (call: ServiceCall, now: number) => {
    const fate = plan.decide(call, now);
    return mortal ? fate : withoutCrash(fate, call);
  };
  const request = (operation: string, args: readonly unknown[], act: Act): Promise<unknown> => {
    const { signal, sent } = takeSignal(args);
    const call = { service: name, operation: operation as ServiceOperation, args: sent };
    return process.call(call, () => act(sent), { plan: { decide }, signal });
  };
  return new Proxy(service, {
    get(target, property) {
      const method: unknown = Reflect.get(target, property, target);
      if (typeof method !== "function") return method;
      // Not bind(): `await using` in Deno 2.4 does not accept a bound function.
      if (typeof property !== "string") return () => method.call(target);
      if (!GENERATORS[name]?.includes(property)) {
        return (...args: unknown[]) =>
          request(property, args, (sent) => method.apply(target, sent) as Promise<unknown>);
      }
      return async function* (...args: unknown[]) {
        yield* await request(
          property,
          args,
          (sent) => collect(method.apply(target, sent) as AsyncIterable<unknown>),
        ) as unknown[];
      };
    },
  });
}

type Act = (sent: readonly unknown[]) => Promise<unknown>;

function nameOf(service: object): ServiceName {
  if ("getRecords" in service) return "kinesis";
  if ("put" in service) return "store";
  if ("endShard" in service) return "group";
  return "load" in service ? "checkpointer" : "ledger";
}

function withoutCrash(fate: Fate, { operation }: ServiceCall): Fate {
  if (fate.kind !== "crash" && fate.kind !== "crash after") return fate;
  throw new TypeError(`Cannot crash in ${operation}: withFaults() has a clock, not a process`);
}

/** Removes the signal, and copies buffers, which the caller may change afterwards. */
function takeSignal(args: readonly unknown[]): { signal?: AbortSignal; sent: readonly unknown[] } {
  const sent = args.map((arg) => arg instanceof Uint8Array ? arg.slice() : arg);
  const options = sent.at(-1);
  if (typeof options !== "object" || options === null || !("signal" in options)) return { sent };
  const { signal, ...rest } = options;
  return { signal: signal as AbortSignal, sent: [...sent.slice(0, -1), rest] };
}
