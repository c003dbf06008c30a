import { readJson } from "./read.ts";
import { rawJson } from "./visible.ts";
import { msgpackToJson } from "./write.ts";

const decoder = new TextDecoder();

/** An event for `JSON.stringify`, which then writes it like {@linkcode msgpackToJson}. */
export function eventForJson(raw: Uint8Array): unknown {
  return readJson(decoder.decode(msgpackToJson(raw)), (source) => {
    const value = Number(source);
    return String(value) === source ? value : rawJson(source);
  });
}
