import {
  type Attributes,
  type Context,
  context,
  diag,
  INVALID_SPAN_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";

/** How a span begins. */
export interface TraceOptions {
  /** The time, in milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** When it began. Default: now. */
  readonly startedAt?: number | undefined;
  /** What is known of it: never data of events, nor credentials. */
  readonly attributes?: Attributes | undefined;
  /** Whether records are received or sent. Default: neither. */
  readonly kind?: "receive" | "send" | undefined;
}

const KINDS = { receive: SpanKind.CONSUMER, send: SpanKind.PRODUCER } as const;

/**
 * A piece of work that is traced by OpenTelemetry's current global provider. Without one, this does
 * nothing. Errors of the provider are passed to OpenTelemetry's `diag`, and do not fail the work.
 */
export class Trace {
  readonly #span: Span;
  readonly #context: Context;
  readonly #now: () => number;

  /** Begins a span. */
  constructor(name: string, options: TraceOptions, parent: Context = context.active()) {
    const { now, startedAt: startTime = now(), attributes, kind } = options;
    const spanKind = kind === undefined ? SpanKind.INTERNAL : KINDS[kind];
    this.#now = now;
    const spanOptions = { startTime, attributes, kind: spanKind };
    this.#span = guarded(() => trace.getTracer("triton").startSpan(name, spanOptions, parent)) ??
      trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    this.#context = trace.setSpan(parent, this.#span);
  }

  /** Adds attributes. */
  set(attributes: Attributes): void {
    guarded(() => this.#span.setAttributes(attributes));
  }

  /** Notes that the work has failed: of the error only its name and code, which hold no secrets. */
  fail(error: unknown): void {
    const name = error instanceof Error ? error.name : typeof error;
    const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
    const message = code === undefined ? name : `${name}: ${code}`;
    guarded(() => {
      this.#span.setAttribute("error.type", code ?? name);
      this.#span.setStatus({ code: SpanStatusCode.ERROR, message });
    });
  }

  /** Ends the span. */
  end(at: number = this.#now()): void {
    guarded(() => this.#span.end(at));
  }

  /** Notes a step of it that is over. */
  note(name: string, startedAt: number, endedAt: number): void {
    new Trace(name, { now: this.#now, startedAt }, this.#context).end(endedAt);
  }

  /** Does a step of it. What the step does, such as requests, belongs to it. */
  async step<T>(name: string, work: (step: Trace) => T | Promise<T>): Promise<T> {
    return await new Trace(name, { now: this.#now }, this.#context).run(work);
  }

  /** Does the work, and ends the span. */
  async run<T>(work: (trace: Trace) => T | Promise<T>): Promise<T> {
    try {
      return await context.with(this.#context, () => work(this));
    } catch (error) {
      this.fail(error);
      throw error;
    } finally {
      this.end();
    }
  }
}

/** Calls the provider, whose processors of spans may throw. */
function guarded<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    diag.error("Cannot trace", error);
    return undefined;
  }
}
