/**
 * The command line: `triton --help` tells its commands.
 *
 * @module
 */

import { main } from "./src/cli/main.ts";
import { cutLineBreaks } from "./src/cli/clean_environment.ts";
import type { Output } from "./src/cli/cli_context.ts";
import { SECRET_VARIABLES } from "./src/cli/redact.ts";
import { systemClock } from "./src/clock.ts";
import { OTEL_VARIABLES } from "./src/monitor/otel_variables.ts";

/** Environment variables that Triton itself reads; the AWS SDK and PostgreSQL's driver read more. */
const VARIABLES = [
  "TRITON_CONFIG",
  "TRITON_DB",
  "TRITON_BUCKET",
  "TRITON_CLIENT",
  "TRITON_LOG",
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

const encoder = new TextEncoder();

function output(file: typeof Deno.stdout | typeof Deno.stderr): Output {
  return {
    isTerminal: file.isTerminal(),
    columns: file.isTerminal() ? Deno.consoleSize().columns : undefined,
    async write(data) {
      let bytes = typeof data === "string" ? encoder.encode(data) : data;
      while (bytes.length > 0) bytes = bytes.subarray(await file.write(bytes));
    },
  };
}

/** An output that may be gone, or full: nobody can be told, and the work goes on without it. */
function forgiving(output: Output): Output {
  return { ...output, write: (data) => output.write(data).catch(() => {}) };
}

/** Aborted at the first SIGINT or SIGTERM; at the second the process exits at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (code: number) => () => {
    if (controller.signal.aborted) Deno.exit(code);
    controller.abort();
  };
  Deno.addSignalListener("SIGINT", stop(130));
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", stop(143));
  return controller.signal;
}

if (import.meta.main) {
  cutLineBreaks({ get: readIfAllowed, set: Deno.env.set });
  const env = Object.fromEntries([
    ...VARIABLES.map((name) => [name, Deno.env.get(name)]),
    ...OPTIONAL_VARIABLES.map((name) => [name, readIfAllowed(name)]),
  ]);
  let stop: AbortSignal | undefined;
  const code = await main(Deno.args, {
    env,
    stdin: Deno.stdin.readable,
    stdout: output(Deno.stdout),
    stderr: forgiving(output(Deno.stderr)),
    clock: systemClock,
    // Asked for by commands that end gracefully; to the others the signals do what they always do.
    get signal() {
      return stop ??= stopSignal();
    },
  });
  Deno.exit(code);
}
