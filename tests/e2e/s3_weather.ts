/**
 * What S3 does to the workers of the kill test and of a soak.
 *
 * @module
 */

import { answerS3 } from "../support/s3_operations.ts";
import { s3Error, type S3Fault, type S3Request } from "../support/s3_server.ts";
import type { TritonProcess } from "../support/triton_process.ts";
import { within } from "../support/within.ts";
import type { Pipeline } from "./pipeline.ts";

/**
 * When something happens to a worker that puts an object: before the put takes effect, which it then
 * never does; after it did, before the answer; or before it takes effect, which it does much later.
 */
export type PutMoment = "before" | "after" | "late";

/** What happens at the next put of a worker. */
interface Trap {
  readonly when: PutMoment;
  readonly isFor: (sender: TritonProcess) => boolean;
  readonly spring: (sender: TritonProcess) => Promise<void>;
}

/** Makes S3 refuse, cut connections, and hold puts while somebody kills their sender. */
export class S3Weather {
  /** Whether every request is answered 503. */
  unavailable = false;
  /** A bucket to which every request is answered 503. */
  refused: string | undefined;
  readonly #pipeline: Pipeline;
  readonly #random: (limit: number) => number;
  #trap: Trap | undefined;
  /** Puts that are still on their way when their sender is dead, by key. */
  readonly #late = new Map<string, S3Request>();

  /** @param random Gives a whole number from 0 up to, but not including, its argument. */
  constructor(pipeline: Pipeline, random: (limit: number) => number) {
    this.#pipeline = pipeline;
    this.#random = random;
    pipeline.s3.fault = (request) => this.#faultOf(request);
  }

  /**
   * Waits for the next put of a worker, and holds it while something happens to the worker.
   *
   * @param when The moment.
   * @param happening What happens to the worker.
   * @param isFor To whom it may happen: to any worker unless given.
   */
  async atNextPut(
    when: PutMoment,
    happening: (sender: TritonProcess) => Promise<void>,
    isFor: (sender: TritonProcess) => boolean = () => true,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const spring = (sender: TritonProcess) => happening(sender).then(resolve, reject);
    this.#trap = { when, isFor, spring };
    await within(promise, `a put to S3, to stop its sender (${when})`);
  }

  async #faultOf(request: S3Request): Promise<S3Fault> {
    if (this.unavailable || request.bucket === this.refused) {
      return s3Error(503, "SlowDown", request);
    }
    if (request.operation !== "PutObject") return undefined;
    const sender = this.#pipeline.sender(request);
    const trap = this.#trap;
    if (this.#late.has(request.key)) return await this.#arriveLate(request);
    if (trap === undefined || sender === undefined || !this.#isDecisive(request)) {
      return this.#fickle(request);
    }
    if (!trap.isFor(sender)) return undefined;
    this.#trap = undefined;
    if (trap.when === "after") {
      const answer = await this.#carryOut(request);
      await trap.spring(sender);
      return answer;
    }
    if (trap.when === "late") this.#late.set(request.key, await detach(request));
    await trap.spring(sender);
    return "drop";
  }

  /** The heir of a dead worker puts an empty archive: the dead worker's own comes just then. */
  async #arriveLate(request: S3Request): Promise<Response> {
    const late = this.#late.get(request.key)!;
    this.#late.delete(request.key);
    const [first, second] = this.#random(2) === 0 ? [late, request] : [request, late];
    const answers = [await this.#carryOut(first), await this.#carryOut(second)];
    return first === request ? answers[0]! : answers[1]!;
  }

  /** Whether a put would write an archive: not the probe, and not a key that is taken. */
  #isDecisive({ bucket, key }: S3Request): boolean {
    return key.endsWith(".tri") && this.#pipeline.s3.buckets.get(bucket)?.has(key) === false;
  }

  #carryOut(request: S3Request): Promise<Response> {
    return answerS3(this.#pipeline.s3.buckets, request, Date.now);
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

/** Takes a request in, so that it can be carried out when its connection is gone. */
export async function detach(request: S3Request): Promise<S3Request> {
  const { url, method, headers } = request.request;
  const body = await request.request.arrayBuffer();
  return { ...request, request: new Request(url, { method, headers, body }) };
}
