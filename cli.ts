/**
 * The command line: `triton --help` tells its commands.
 *
 * @module
 */

import { main } from "./src/cli/main.ts";
import { cutLineBreaks } from "./src/cli/options/clean_environment.ts";
import type { CliContext, Output } from "./src/cli/cli_context.ts";
import { OutputWriter } from "./src/cli/text/output_writer.ts";
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
 * Read where that is allowed: those that hold secrets, to keep them out of what is printed, and
 * those that say where metrics go.
 */
const OPTIONAL_VARIABLES = [...SECRET_VARIABLES, ...OTEL_VARIABLES];

function readIfAllowed(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}

function output(
  file: typeof Deno.stdout | typeof Deno.stderr,
  { isBuffered }: { readonly isBuffered: boolean },
): Output {
  const columns = file.isTerminal() ? Deno.consoleSize().columns : undefined;
  return new OutputWriter(file, { clock: systemClock, columns, isBuffered });
}

/** An output that may be gone: nobody can be told, and the work goes on without it. */
function forgiving(output: Output): Output {
  const { isTerminal, columns } = output;
  return { isTerminal, columns, write: (data) => output.write(data).catch(() => {}) };
}

/** Has signals ask for the end, or bring it: also as PID 1, which gets none that it does not handle. */
function listenForSignals(env: CliContext["env"]): StopSignals {
  const stop = new StopSignals(systemClock, (code) => void exit(code, env));
  const names = Deno.build.os === "windows" ? ["SIGINT"] as const : STOP_SIGNAL_NAMES;
  for (const name of names) Deno.addSignalListener(name, () => stop.receive(name));
  return stop;
}

/** Ends the process. */
async function exit(code: number, env: CliContext["env"]): Promise<never> {
  if (env.OTEL_DENO === "true") {
    const { needsExporter } = await import("./src/monitor/mod.ts");
    if (!needsExporter(env)) await killIfLate();
  }
  Deno.exit(code);
}

/** What Deno has measured and traced may take so long to reach a collector, in milliseconds. */
const TELEMETRY_MS = 2_000;

/**
 * Kills the process if it has not ended in time: with `OTEL_DENO=true` Deno waits at its end for a
 * collector, for minutes if that never answers, and nothing else happens in this thread meanwhile.
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
    stdin: Deno.stdin.readable,
    stdout: output(Deno.stdout, { isBuffered: true }),
    stderr: forgiving(output(Deno.stderr, { isBuffered: false })),
    clock: systemClock,
    commit: readCommit(new URL("dist/commit.txt", import.meta.url), Deno.build.standalone),
    get signal() {
      return stop.signal;
    },
    endWithin: (ms) => stop.endWithin(ms),
    stopped: () => stop.reason,
  });
  await exit(code, env);
}
