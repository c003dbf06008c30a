/**
 * A Prometheus server: Debian's, if it is installed.
 *
 * @module
 */

import { join } from "node:path";
import { stringify } from "yaml";
import { untilTrue } from "./within.ts";

/** One series of a result, with its current value. */
export interface PrometheusSample {
  /** The labels. */
  readonly metric: Readonly<Record<string, string>>;
  /** The value; NaN if there is none. */
  readonly value: number;
}

/** A running server. */
export interface PrometheusServer extends AsyncDisposable {
  /** Evaluates a query now. */
  query(expression: string): Promise<PrometheusSample[]>;
  /** Gets any other resource of the API, such as `rules`. */
  // deno-lint-ignore no-explicit-any
  get(path: string): Promise<any>;
}

/**
 * Starts one on a free port.
 *
 * @param config Its configuration.
 * @param rules Files that the configuration refers to, by name.
 * @returns Undefined, after a warning, if it is not installed.
 */
export async function startPrometheus(
  config: unknown,
  rules: Readonly<Record<string, string>>,
): Promise<PrometheusServer | undefined> {
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "triton-prometheus-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  for (const [name, text] of Object.entries({ ...rules, "prometheus.yml": stringify(config) })) {
    await Deno.writeTextFile(join(directory, name), text);
  }
  const port = freePort();
  const child = spawn([
    `--config.file=${directory}/prometheus.yml`,
    `--storage.tsdb.path=${directory}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  if (child === undefined) return undefined;
  const log = new Response(child.stderr).text();
  stack.defer(async () => {
    child.kill("SIGTERM");
    await Promise.all([child.status, log]);
  });
  const url = `http://127.0.0.1:${port}`;
  const isReady = () => fetch(`${url}/-/ready`).then(discard, () => false);
  let isOver = false;
  child.status.then(() => isOver = true);
  await untilTrue(async () => isOver || await isReady(), "Prometheus to be ready");
  if (isOver) throw new Error(`Cannot start Prometheus:\n${await log}`);
  const started = stack.move();
  const get = (path: string) => ask(`${url}/api/v1/${path}`);
  return {
    get,
    async query(expression) {
      const { result } = await get(`query?query=${encodeURIComponent(expression)}`);
      type Sample = { readonly metric: Record<string, string>; readonly value: [number, string] };
      return result.map(({ metric, value }: Sample) => ({ metric, value: Number(value[1]) }));
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function spawn(args: readonly string[]): Deno.ChildProcess | undefined {
  try {
    const pipes = { stdin: "null", stdout: "null", stderr: "piped" } as const;
    return new Deno.Command("prometheus", { args: [...args], ...pipes }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.warn("WARNING: no prometheus here (Debian: prometheus): it did not read the metrics");
    return undefined;
  }
}

async function discard(response: Response): Promise<boolean> {
  await response.body?.cancel();
  return response.ok;
}

async function ask(url: string) {
  const answer = await (await fetch(url)).json();
  if (answer.status !== "success") throw new Error(`${answer.error}: ${url}`);
  return answer.data;
}
