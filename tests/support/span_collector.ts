/**
 * A provider of OpenTelemetry's API that keeps spans in memory. (OpenTelemetry's own SDK asks for an
 * older version of the API.)
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Attributes,
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  type SpanOptions,
  type SpanStatus,
  trace,
} from "@opentelemetry/api";

/** A span that has ended. */
export interface CollectedSpan {
  readonly name: string;
  readonly parent: string | undefined;
  readonly kind: number | undefined;
  readonly attributes: Attributes;
  readonly status: SpanStatus | undefined;
  readonly start: number;
  readonly end: number;
}

/** Collects the spans of the process until it is disposed. */
export class SpanCollector implements Disposable {
  /** Those that have ended, in this order. */
  readonly spans: CollectedSpan[] = [];
  readonly #names = new WeakMap<Span, string>();

  constructor() {
    const current = new AsyncLocalStorage<Context>();
    context.setGlobalContextManager({
      active: () => current.getStore() ?? ROOT_CONTEXT,
      with: (context, run, self, ...args) => current.run(context, () => run.apply(self, args)),
      bind: (context, target) =>
        typeof target === "function"
          ? ((...args: unknown[]) => current.run(context, () => target(...args))) as typeof target
          : target,
      enable() {
        return this;
      },
      disable() {
        return this;
      },
    });
    const startSpan = (name: string, options: SpanOptions = {}, parent = context.active()) =>
      this.#start(name, options, parent);
    trace.setGlobalTracerProvider({
      getTracer: () => ({ startSpan, startActiveSpan: () => fail("not used") }),
    });
  }

  [Symbol.dispose](): void {
    trace.disable();
    context.disable();
  }

  #start(name: string, options: SpanOptions, parent: Context): Span {
    const above = trace.getSpan(parent);
    const attributes: Attributes = { ...options.attributes };
    let status: SpanStatus | undefined;
    const span: Span = {
      spanContext: () => ({ traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: 1 }),
      setAttribute: (key, value) => (attributes[key] = value, span),
      setAttributes: (more) => (Object.assign(attributes, more), span),
      addEvent: () => fail("not used"),
      addLink: () => fail("not used"),
      addLinks: () => fail("not used"),
      recordException: () => fail("not used: a stack may hold anything"),
      setStatus: (given) => (status = given, span),
      updateName: () => fail("not used"),
      isRecording: () => true,
      end: (time) => {
        this.spans.push({
          ...{ name, kind: options.kind, attributes, status },
          parent: above && this.#names.get(above),
          start: Number(options.startTime),
          end: Number(time),
        });
      },
    };
    this.#names.set(span, name);
    return span;
  }
}

function fail(why: string): never {
  throw new Error(why);
}
