import { deepStrictEqual, equal, rejects, throws } from "node:assert/strict";
import { VirtualClock } from "../../../../src/base/clock.ts";
import { ConfigSource } from "../../../../src/cli/commands/store/config_source.ts";
import { jobsOf } from "../../../../src/cli/options/stream_jobs.ts";
import { ConfigError, parseConfig } from "../../../../src/config/mod.ts";
import { readLog } from "../../../support/read_log.ts";

const FLAGS = { clientName: "store", bucket: "b" };

/** A configuration file in memory, and what a source makes of it. */
async function watched(text: string) {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const file: { text: string | undefined } = { text };
  const read = () =>
    file.text === undefined
      ? Promise.reject(new ConfigError("Cannot read the configuration: no such file", {}))
      : Promise.resolve(file.text);
  const parse = (text: string) => jobsOf(parseConfig(text, { path: "t.yaml" }).streams, FLAGS);
  const source = new ConfigSource({ path: "t.yaml", clock, read, parse });
  await source.open();
  const seen: string[][] = [];
  const running = (async () => {
    for await (const jobs of source.later(stop.signal)) {
      seen.push(jobs.map(({ config }) => config.logicalName));
    }
  })();
  return {
    source,
    file,
    seen,
    /** Lets the source look at the file twice. */
    looks: () => clock.advance(4_000),
    look: () => clock.advance(2_000),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

Deno.test("ConfigSource yields the streams when the file has changed, once", async () => {
  await using config = await watched("a: {name: a}\n");
  const first = await config.source.first();
  deepStrictEqual(first.map(({ config }) => config.name), ["a"]);
  await config.looks();
  deepStrictEqual(config.seen, []);
  config.file.text += "b: {name: b}\n";
  await config.looks();
  await config.looks();
  deepStrictEqual(config.seen, [["a", "b"]]);
  config.file.text = "b: {name: b}\n";
  await config.looks();
  deepStrictEqual(config.seen, [["a", "b"], ["b"]]);
});

Deno.test("ConfigSource does not use a file that is being written", async () => {
  await using config = await watched("a: {name: a}\nb: {name: b}\n");
  await config.look();
  config.file.text = "a: {name: a}\n"; // the first half
  await config.look();
  config.file.text = "a: {name: a}\nb: {name: b}\nc: {name: c}\n";
  await config.looks();
  deepStrictEqual(config.seen, [["a", "b", "c"]]);
});

Deno.test("ConfigSource reports a broken file once, and goes on with the last one", async () => {
  await using config = await watched("a: {name: a}\n");
  const log = await readLog(async () => {
    for (const text of ["a: {name: a, nmae: a}\n", undefined, "a: {name: a}\nb: {name: a}\n"]) {
      config.file.text = text;
      await config.looks();
      await config.looks();
    }
  });
  deepStrictEqual(config.seen, []);
  const refused = log.filter(({ event }) => event === "config.refused");
  deepStrictEqual(refused.map(({ reason }) => String(reason).split("\n")[0]), [
    't.yaml:1:14: Unknown key "nmae" in stream "a": did you mean "name"?',
    "Cannot read the configuration: no such file",
    'Cannot archive both "a" and "b": both are stream "a" with client "store"; leave one out, or ' +
    'add another "client" to its "archive" in the configuration',
  ]);
  deepStrictEqual(refused.map(({ path }) => path), Array(3).fill("t.yaml"));
  config.file.text = "b: {name: b}\n";
  await config.looks();
  deepStrictEqual(config.seen, [["b"]]);
});

Deno.test("ConfigSource.open() throws what is wrong at the start", async () => {
  await rejects(watched("a: {nmae: a}\n"), ConfigError);
  const read = () => Promise.reject(new ConfigError("why", {}));
  const options = { path: "t.yaml", clock: new VirtualClock(), read, parse: () => [] };
  await rejects(new ConfigSource(options).open(), { message: "why" });
});

Deno.test("ConfigSource.refuse() passes on what is a bug", async () => {
  await using config = await watched("a: {name: a}\n");
  throws(() => config.source.refuse(new TypeError("bug")), { message: "bug" });
  equal(config.source.refuse(new ConfigError("why", {})), undefined);
});
