import type { Clock } from "../../src/base/clock.ts";
import type { FaultPlan, ProcessStep, Random, SeededFaults } from "../../src/testing/mod.ts";
import { type ServiceCall, SimulatedProcess } from "../../src/testing/mod.ts";
import type { Scheduler } from "./scheduler.ts";
import { describeStep } from "./steps.ts";
import { clocksAgree, type TroublePlan } from "./troubles.ts";
import { wrongClock } from "./world_clock.ts";

/** Notes what happens in a run. */
export type Note = (who: string, what: string, details?: () => string) => void;

/** How much more often than after other calls a process stands still after these. */
const PAUSES: Readonly<Record<string, number>> = {
  ...{ put: 10, intend: 10, commit: 5, cancel: 5, acquire: 5, position: 5, end: 5 },
  ...{ recordGap: 5, reposition: 5, confirm: 2, addFirstShards: 2, save: 5, putRecords: 5 },
};

/** Starts processes, each with a clock and with trouble of its own. */
export class Processes {
  /** Decides what becomes of the calls of all processes; outages are by the world's clock. */
  readonly faults: FaultPlan;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #troubles: TroublePlan;
  readonly #note: Note;
  readonly #pausedUntil = new Map<SimulatedProcess, number>();
  #isCalm = false;

  constructor(options: {
    readonly scheduler: Scheduler;
    readonly random: Random;
    readonly troubles: TroublePlan;
    readonly faults: SeededFaults;
    readonly note: Note;
  }) {
    const { scheduler, faults } = options;
    this.#scheduler = scheduler;
    this.#random = options.random;
    this.#troubles = options.troubles;
    this.#note = options.note;
    this.faults = { decide: (call: ServiceCall) => faults.decide(call, scheduler.now) };
  }

  /** No process stands still any more. */
  end(): void {
    this.#isCalm = true;
  }

  /** Starts a process. */
  start(name: string, onCrash: () => void): SimulatedProcess {
    const random = this.#random.fork();
    const process: SimulatedProcess = new SimulatedProcess(this.#clock(random), {
      onStep: (step) => {
        const [what, details] = describeStep(step);
        this.#note(name, what, details);
        if (step.type === "crash") onCrash();
        this.#pauseAfter(step, process, random);
      },
    });
    return process;
  }

  #clock(random: Random): Clock {
    const { clockError, clockDrift } = this.#troubles;
    const clock = this.#scheduler.clock(random.fork());
    if (clocksAgree(this.#troubles)) return clock;
    return wrongClock(clock, {
      offset: Math.round((random.next() * 2 - 1) * clockError),
      drift: (random.next() * 2 - 1) * clockDrift,
    });
  }

  /** Now and then a process stands still as soon as it has an answer. */
  #pauseAfter(step: ProcessStep, process: SimulatedProcess, random: Random): void {
    const { pauses } = this.#troubles;
    if (pauses === 0 || this.#isCalm || step.type !== "answer" || step.late) return;
    if (!random.chance(pauses * (PAUSES[step.call.operation] ?? 1))) return;
    // What arrives while it stands still does not make it longer.
    if (this.#scheduler.now < (this.#pausedUntil.get(process) ?? 0)) return;
    const ms = random.integer(500, random.pick([2_000, 60_000, 180_000]));
    this.#pausedUntil.set(process, this.#scheduler.now + ms);
    process.pause(ms);
  }
}
