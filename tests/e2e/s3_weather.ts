/**
 * What S3 does to the workers of the kill test.
 *
 * @module
 */

import { answerS3 } from "../support/s3_operations.ts";
import { s3Error, type S3Fault, type S3Request } from "../support/s3_server.ts";
import { type TritonProcess, within } from "../support/triton_process.ts";
import type { Pipeline } from "./pipeline.ts";

/** What happens at the next put of a worker. */
interface Trap {
  readonly when: "before" | "after";
  readonly spring: (sender: TritonProcess) => Promise<void>;
}

/** Makes S3 refuse, cut connections, and hold puts while somebody kills their sender. */
export class S3Weather {
  /** Whether every request is answered 503. */
  unavailable = false;
  readonly #pipeline: Pipeline;
  readonly #random: (limit: number) => number;
  #trap: Trap | undefined;

  /** @param random Gives a whole number from 0 up to, but not including, its argument. */
  constructor(pipeline: Pipeline, random: (limit: number) => number) {
    this.#pipeline = pipeline;
    this.#random = random;
    pipeline.s3.fault = (request) => this.#faultOf(request);
  }

  /**
   * Waits for the next put of a worker, and holds it while something happens to the worker.
   *
   * @param when Before S3 carries the put out, or after, before it answers.
   * @param happening What happens to the worker.
   */
  async atNextPut(
    when: "before" | "after",
    happening: (sender: TritonProcess) => Promise<void>,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const spring = (sender: TritonProcess) => happening(sender).then(resolve, reject);
    this.#trap = { when, spring };
    await within(promise, `a put to S3, to stop it ${when} it takes effect`);
  }

  async #faultOf(request: S3Request): Promise<S3Fault> {
    if (this.unavailable) return s3Error(503, "SlowDown", request);
    if (request.operation !== "PutObject") return undefined;
    const sender = this.#pipeline.sender(request);
    const trap = this.#trap;
    if (trap === undefined || sender === undefined) return this.#fickle(request);
    this.#trap = undefined;
    if (trap.when === "before") {
      await trap.spring(sender);
      return "drop";
    }
    const answer = await answerS3(this.#pipeline.s3.buckets, request, Date.now);
    await trap.spring(sender);
    return answer;
  }

  /** One put in eight goes wrong. */
  #fickle(request: S3Request): S3Fault {
    switch (this.#random(24)) {
      case 0:
        return "drop";
      case 1:
        return "drop-after";
      case 2:
        return s3Error(409, "ConditionalRequestConflict", request);
      default:
        return undefined;
    }
  }
}
