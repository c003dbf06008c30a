/**
 * Holds docs/logs.md to the code: every event that is logged, with its level and its fields.
 *
 * @module
 */

import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { LINE_KEYS } from "../src/cli/text/log_lines.ts";

const ROOT = new URL("../", import.meta.url);

/** One event, as code and documentation tell of it alike. */
interface LoggedEvent {
  readonly event: string;
  readonly level: string;
  readonly fields: string[];
}

/** A call that logs, as far as its opening bracket. */
const LOG_CALL = /(?:\blog|getLogger\([^)]*\))\s*\.(trace|debug|info|warn|warning|error|fatal)\(/g;

async function* sources(directory: URL): AsyncGenerator<{ path: string; text: string }> {
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const url = new URL(isDirectory ? `${name}/` : name, directory);
    if (isDirectory) yield* sources(url);
    else if (name.endsWith(".ts")) {
      yield { path: url.pathname.slice(ROOT.pathname.length), text: await Deno.readTextFile(url) };
    }
  }
}

/** The text from after a bracket to the one that closes it, with nested brackets and strings emptied. */
function flat(text: string, start: number): string {
  let depth = 0;
  let result = "";
  for (let at = start; at < text.length; at++) {
    const quote = /["`]/.test(text[at]!) ? text[at]! : undefined;
    if (quote !== undefined) {
      let end = at + 1;
      while (text[end] !== quote) end += text[end] === "\\" ? 2 : 1;
      if (depth === 0) result += text.slice(at, end + 1);
      at = end;
    } else if (/[({[]/.test(text[at]!)) depth++;
    else if (/[)}\]]/.test(text[at]!)) {
      if (depth-- === 0) return result;
    } else if (depth === 0) result += text[at];
  }
  throw new Error("a bracket is not closed");
}

async function loggedEvents(): Promise<Map<string, LoggedEvent>> {
  const events = new Map<string, LoggedEvent>();
  for await (const { path, text } of sources(new URL("src/", ROOT))) {
    for (const call of text.matchAll(LOG_CALL)) {
      const start = call.index + call[0].length;
      const line = text.slice(0, call.index).split("\n").length;
      const object = propertiesAt(text, start);
      ok(object !== undefined, `${path}:${line}: a log call without properties`);
      const event = /^\s*event: "([a-z_]+\.[a-z_]+)",?/.exec(object)?.[1];
      ok(event !== undefined, `${path}:${line}: the first property is no event: "..."`);
      ok(!object.includes("..."), `${path}:${line}: a spread hides the names of fields`);
      const fields = [...object.matchAll(/(?:^|,)\s*(\w+)\s*(?=[:,]|$)/g)].map(([, name]) => name!);
      const level = call[1] === "warn" ? "warning" : call[1]!;
      const known = events.get(event);
      equal(known?.level ?? level, level, `${path}:${line}: ${event} has two levels`);
      const all = new Set([...known?.fields ?? [], ...fields.filter((name) => name !== "event")]);
      events.set(event, { event, level, fields: [...all].sort() });
    }
  }
  return events;
}

/** The properties of the log call whose arguments begin here. */
function propertiesAt(text: string, start: number): string | undefined {
  let at = start;
  for (;;) {
    const next = /^[\s,+]*(?:("(?:[^"\\]|\\.)*")|(\{))/.exec(text.slice(at));
    if (next === null) return undefined;
    at += next[0].length;
    if (next[2] !== undefined) return flat(text, at);
  }
}

async function documentedEvents(): Promise<Map<string, LoggedEvent>> {
  const text = await Deno.readTextFile(new URL("docs/logs.md", ROOT));
  const rows = [...text.matchAll(/^\| `(\S+)` +\| (\w+) +\| (.*?) +\| .* \|$/gm)];
  return new Map(rows.map(([, event, level, fields]) => [event!, {
    event: event!,
    level: level!,
    fields: [...fields!.matchAll(/`(\w+)`/g)].map(([, name]) => name!).sort(),
  }]));
}

Deno.test("docs/logs.md has every log event, with its level and fields", async () => {
  const byName = (events: Map<string, LoggedEvent>) =>
    [...events.values()].sort((a, b) => a.event < b.event ? -1 : 1);
  const [logged, documented] = [await loggedEvents(), await documentedEvents()];
  ok(logged.size > 10, `only ${logged.size} events were found`);
  deepStrictEqual(byName(documented), byName(logged));
});

Deno.test("docs/logs.md lists the events by name", async () => {
  const names = [...(await documentedEvents()).keys()];
  deepStrictEqual(names, [...names].sort());
});

Deno.test("no event has a field with the name of a standard key", async () => {
  for (const { event, fields } of (await loggedEvents()).values()) {
    deepStrictEqual(fields.filter((name) => LINE_KEYS.includes(name)), [], event);
  }
});
