import type { ProcessStep, ServiceCall } from "../../src/testing/mod.ts";

/** A step of a process for the trace: what it was, and the rest of it, worked out when it is read. */
export function describeStep(step: ProcessStep): [what: string, details: () => string] {
  if (step.type === "crash") return ["crashes", () => step.why];
  if (step.type === "pause") return ["stands still", () => `for ${step.ms} ms`];
  const { call: { service, operation } } = step;
  if (step.type === "call") {
    return [`${service}.${operation} ${step.fate.kind}`, () => describeArguments(step.call)];
  }
  if (step.late) return [`${service}.${operation}`, () => `landed late -> ${show(step.value)}`];
  return [operation, () => `${step.type === "error" ? "failed:" : "->"} ${show(step.value)}`];
}

function describeArguments({ operation, args }: ServiceCall): string {
  if (operation === "putRecords") return "";
  // The text of an iterator of the in-memory Kinesis.
  if (operation === "getRecords") return atob(args[0] as string);
  return args.map(show).join(" ");
}

/** A value in a few words, for the trace. */
export function show(value: unknown): string {
  if (value instanceof Error) return String(value);
  const text = JSON.stringify(value, (_name, part) => {
    if (part instanceof Uint8Array) return `<${part.length} bytes>`;
    if (part instanceof Map) return Object.fromEntries(part);
    return part;
  });
  return text === undefined ? "nothing" : text.length > 2_000 ? text.slice(0, 2_000) + "..." : text;
}
