/**
 * The processes of a tortured group.
 *
 * @module
 */

import { deepStrictEqual, equal } from "node:assert/strict";
import { TritonProcess } from "../../support/triton_process.ts";
import type { MemberOptions } from "./member_program.ts";

const PROGRAM = new URL("member_program.ts", import.meta.url).pathname;

/** A running member. */
export interface Member {
  readonly process: TritonProcess;
  /** Its name, to which the group adds digits. */
  readonly name: string;
}

/** Members that are replaced when they are killed or leave. */
export class Members implements AsyncDisposable {
  readonly #options: Omit<MemberOptions, "worker" | "seed">;
  readonly #random: (limit: number) => number;
  readonly #all: Member[] = [];
  readonly #running: Member[];

  /** Starts `count` members. */
  constructor(
    count: number,
    options: Omit<MemberOptions, "worker" | "seed">,
    random: (limit: number) => number,
  ) {
    this.#options = options;
    this.#random = random;
    this.#running = Array.from({ length: count }, () => this.#start());
  }

  /** The members that run now. */
  get running(): readonly Member[] {
    return this.#running;
  }

  /** Waits until all members have opened their database: without one, they do not start. */
  async ready(): Promise<void> {
    await Promise.all(this.#running.map(({ process }) => process.until(/^ready/)));
  }

  /** Kills a member as `kill -9` does, and starts another in its place. */
  async kill(member: Member): Promise<void> {
    const { code } = await member.process.stop("SIGKILL");
    equal(code, 137, `${member.name} ended by itself, with exit code ${code}`);
    this.#replace(member);
  }

  /** Waits for the end of a member that kills itself, and starts another in its place. */
  async bury(member: Member): Promise<void> {
    equal((await member.process.ended).code, 137, `${member.name} ended in another way`);
    this.#replace(member);
  }

  /** Stops a member as an operator does, and starts another in its place. */
  async relieve(member: Member): Promise<void> {
    equal(await dismiss(member), 0, `${member.name} could not stop in order`);
    this.#replace(member);
  }

  /** Stops all members as an operator does. */
  async dismiss(): Promise<void> {
    const codes = await Promise.all(this.#running.map(dismiss));
    deepStrictEqual(codes, codes.map(() => 0), "members could not stop in order");
  }

  /** What all members said, those that were killed included. */
  history(): string {
    return this.#all.map(({ name, process: { log } }) => `--- ${name}\n${log.join("\n")}`)
      .join("\n");
  }

  /** Kills those that are left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all.map(({ process }) => process[Symbol.asyncDispose]()));
  }

  #replace(member: Member): void {
    this.#running[this.#running.indexOf(member)] = this.#start();
  }

  #start(): Member {
    const name = `member-${this.#all.length}`;
    const options: MemberOptions = { ...this.#options, worker: name, seed: this.#random(2 ** 31) };
    const process = new TritonProcess([JSON.stringify(options)], {
      instead: [Deno.execPath(), "run", "--quiet", "--no-check", "--allow-all", PROGRAM],
    });
    const member = { process, name };
    this.#all.push(member);
    return member;
  }
}

async function dismiss({ process }: Member): Promise<number> {
  await process.until(/^ready/); // before, it does not hear signals
  return (await process.stop("SIGTERM")).code;
}
