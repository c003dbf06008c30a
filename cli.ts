/**
 * The command line. `triton --help` lists the commands.
 *
 * @module
 */

import { main } from "./src/cli/main.ts";
import { cutLineBreaks, USER_VARIABLES } from "./src/cli/options/clean_environment.ts";
import type { CliContext, Output } from "./src/cli/cli_context.ts";
import {
  acceptsAll,
  fileSize,
  OutputWriter,
  type OutputWriterOptions,
} from "./src/cli/text/output_writer.ts";
import type { OutputThread } from "./src/cli/text/output_thread.ts";
import { StatusOutput } from "./src/cli/text/status_output.ts";
import { readAhead } from "./src/cli/read_ahead.ts";
import { readCommit } from "./src/cli/read_commit.ts";
import { SECRET_VARIABLES } from "./src/cli/text/redact.ts";
import { STOP_SIGNAL_NAMES, StopSignals } from "./src/cli/stop_signals.ts";
import { systemClock } from "./src/base/clock.ts";
import { OTEL_VARIABLES } from "./src/monitor/otel_variables.ts";

/** Environment variables that Triton itself reads; the AWS SDK and PostgreSQL's driver read more. */
const VARIABLES = [
  "TRITON_CONFIG",
  "TRITON_DB",
  "TRITON_BUCKET",
  "TRITON_CLIENT",
  "TRITON_LISTEN",
  "TRITON_LOG",
  "TRITON_STOP_TIMEOUT",
  "AWS_REGION",
  "NO_COLOR",
];

/**
 * Read if that is permitted: variables with secrets, to mask them in the output, variables that set
 * where metrics are sent, and the name of the user, who is noted with what a person decides.
 */
const OPTIONAL_VARIABLES = [...SECRET_VARIABLES, ...OTEL_VARIABLES, ...USER_VARIABLES];

function readIfAllowed(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}

function output(
  file: typeof Deno.stdout | typeof Deno.stderr,
  options: Pick<OutputWriterOptions, "isBuffered" | "acceptsAll" | "startThread">,
): Output {
  const terminal = { sizeOf: Deno.consoleSize, onResize };
  return new OutputWriter(file, { clock: systemClock, ...terminal, ...options });
}

/** Calls a function each time that the terminal is resized, where the system says so. */
function onResize(listener: () => void): () => void {
  if (Deno.build.os === "windows") return () => {};
  Deno.addSignalListener("SIGWINCH", listener);
  return () => Deno.removeSignalListener("SIGWINCH", listener);
}

async function startThread(): Promise<OutputThread> {
  const { OutputThread } = await import("./src/cli/text/output_thread.ts");
  return await OutputThread.start("Deno.stdout");
}

/** An output whose write errors are ignored: they cannot be reported, and the work continues. */
function forgiving(output: Output): Output {
  return {
    isTerminal: output.isTerminal,
    get columns() {
      return output.columns;
    },
    write: (data) => output.write(data).catch(() => {}),
  };
}

/** Standard error, with a line that shows progress. */
const stderr = new StatusOutput(forgiving(output(Deno.stderr, {})));

/** Handles signals, also as PID 1, which only receives signals that it handles. */
function listenForSignals(env: CliContext["env"]): StopSignals {
  const stop = new StopSignals(systemClock, (code) => void exit(code, env));
  const names = Deno.build.os === "windows" ? ["SIGINT"] as const : STOP_SIGNAL_NAMES;
  for (const name of names) Deno.addSignalListener(name, () => stop.receive(name));
  return stop;
}

/** Ends the process; also in the middle of a command, whose progress is then cleared. */
async function exit(code: number, env: CliContext["env"]): Promise<never> {
  if (stderr.isDrawn) await stderr.status("");
  if (env.OTEL_DENO === "true") {
    const { needsExporter } = await import("./src/monitor/otlp_exporter.ts");
    if (!needsExporter(env)) await killIfLate();
  }
  Deno.exit(code);
}

/** How long Deno's telemetry may take to reach a collector at the end, in milliseconds. */
const TELEMETRY_MS = 2_000;

/**
 * Kills the process if it does not exit in time: with `OTEL_DENO=true`, Deno waits for a collector
 * when it exits, for minutes if that does not respond, and this thread is blocked meanwhile.
 */
function killIfLate(): Promise<void> {
  const code = `setTimeout(() => Deno.kill(Deno.pid, "SIGKILL"), ${TELEMETRY_MS}); postMessage(0);`;
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(code)}`, { type: "module" });
  return new Promise((resolve) => {
    worker.onmessage = () => resolve();
    worker.onerror = (event) => {
      event.preventDefault();
      resolve();
    };
  });
}

if (import.meta.main) {
  cutLineBreaks({ get: readIfAllowed, set: Deno.env.set });
  const env = Object.fromEntries([
    ...VARIABLES.map((name) => [name, Deno.env.get(name)]),
    ...OPTIONAL_VARIABLES.map((name) => [name, readIfAllowed(name)]),
  ]);
  const stop = listenForSignals(env);
  const code = await main(Deno.args, {
    env,
    stdin: readAhead(Deno.stdin),
    stdinSize: () => fileSize(0),
    stdout: output(Deno.stdout, { isBuffered: true, acceptsAll: () => acceptsAll(1), startThread }),
    stderr,
    clock: systemClock,
    commit: readCommit(new URL("commit.txt", import.meta.url), Deno.build.standalone),
    get signal() {
      return stop.signal;
    },
    endWithin: (ms) => stop.endWithin(ms),
    stopped: () => stop.reason,
  });
  await exit(code, env);
}
