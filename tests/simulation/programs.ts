import { MemoryCheckpointer } from "../../src/exports/checkpoint.ts";
import { ObjectStoreError } from "../../src/base/errors.ts";
import type { KinesisApi } from "../../src/kinesis/kinesis_api.ts";
import { type Random, type SimulatedProcess, withFaults } from "../../src/testing/mod.ts";
import { Consumer } from "./consumers.ts";
import type { Note, Processes } from "./processes.ts";
import { Producer, withRefusals } from "./producers.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SharedServices } from "./services.ts";

/** A program's process, and what ends it in good order. */
interface Running {
  readonly process: SimulatedProcess;
  readonly stop: AbortController;
}

/** The programs of users: consumers and producers, each started again whenever it has died. */
export class Programs {
  readonly consumers: readonly Consumer[];
  readonly producers: readonly Producer[];
  /** What they did wrong themselves. */
  readonly problems: string[] = [];
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #processes: Processes;
  readonly #shared: SharedServices;
  readonly #note: Note;
  readonly #checkpointers = new Map<Consumer, MemoryCheckpointer>();
  readonly #running = new Map<Consumer | Producer, Running>();
  /** Whether those that are missing are started. */
  #isDay = false;
  #refusals = 0.2;

  constructor(options: {
    readonly consumers: readonly Consumer[];
    readonly producers: readonly Producer[];
    readonly scheduler: Scheduler;
    readonly random: Random;
    readonly processes: Processes;
    readonly shared: SharedServices;
    readonly note: Note;
  }) {
    this.consumers = options.consumers;
    this.producers = options.producers;
    this.#scheduler = options.scheduler;
    this.#random = options.random;
    this.#processes = options.processes;
    this.#shared = options.shared;
    this.#note = options.note;
    const clock = this.#scheduler.clock(this.#random.fork());
    for (const consumer of this.consumers) {
      this.#checkpointers.set(consumer, new MemoryCheckpointer({ client: consumer.name, clock }));
    }
  }

  /** How many processes there are. */
  get running(): number {
    return this.#running.size;
  }

  /** Starts all, and whichever dies. */
  start(): void {
    this.#isDay = true;
    for (const program of [...this.consumers, ...this.producers]) this.#start(program);
  }

  /** Kills one of them. */
  crash(): void {
    const running = [...this.#running.values()];
    if (running.length > 0) this.#random.pick(running).process.crash("without warning");
  }

  /** Ends all, for a night without them. */
  nightFalls(): void {
    this.#isDay = false;
    for (const { process } of [...this.#running.values()]) process.crash("in the night");
  }

  /** Nothing is refused any more. */
  calmDown(): void {
    this.#refusals = 0;
    this.start();
  }

  /** Ends all in good order. */
  stop(): void {
    this.#isDay = false;
    for (const { stop } of this.#running.values()) stop.abort();
  }

  #start(program: Consumer | Producer): void {
    if (!this.#isDay || this.#running.has(program)) return;
    if (program instanceof Producer && program.isDone) return;
    if (program instanceof Consumer && program.plan.from > this.#scheduler.now) {
      const ms = program.plan.from - this.#scheduler.now;
      return void this.#scheduler.after(ms, () => this.#start(program));
    }
    const { name } = program;
    this.#note(name, "starts");
    const running = {
      stop: new AbortController(),
      process: this.#processes.start(name, () => this.#ended(program, running)),
    };
    this.#running.set(program, running);
    this.#run(program, running).then(
      () => this.#note(name, "ends in good order"),
      (error) => {
        if (!running.process.alive) return;
        // A history tries each request to the bucket eight times, and leaves it to its caller then.
        if (error instanceof ObjectStoreError && error.retryable) return;
        this.#note(name, `fails: ${error instanceof Error ? error.stack : error}`);
        this.problems.push(`${name} failed: ${error}`);
      },
    ).finally(() => this.#ended(program, running));
  }

  #run(program: Consumer | Producer, { process, stop }: Running): Promise<void> {
    const { faults } = this.#processes;
    const { kinesis, store } = this.#shared;
    if (program instanceof Producer) {
      const refusing = withRefusals(kinesis, this.#random.fork(), () => this.#refusals);
      return program.run(withFaults(refusing as KinesisApi, faults, process), process);
    }
    return program.run(
      {
        kinesis: withFaults(kinesis, faults, process),
        store: withFaults(store, faults, process),
        checkpointer: withFaults(
          this.#shared.checkpointer(this.#checkpointers.get(program)!),
          faults,
          process,
        ),
        process,
      },
      stop.signal,
      this.#scheduler.now,
    );
  }

  #ended(program: Consumer | Producer, running: Running): void {
    if (this.#running.get(program) !== running) return;
    this.#running.delete(program);
    this.#scheduler.after(this.#random.integer(500, 10_000), () => this.#start(program));
  }
}
