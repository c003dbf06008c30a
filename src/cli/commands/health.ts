import { Argument, Command, InvalidArgumentError } from "commander";
import { get, type IncomingMessage } from "node:http";
import type { Clock } from "../../base/clock.ts";
import { TritonError } from "../../base/errors.ts";
import { formatAddress, type ListenAddress } from "../../http/listen_address.ts";
import type { Verdict } from "../../monitor/mod.ts";
import type { CliContext } from "../cli_context.ts";
import { listenOption, parseListen } from "../options/options.ts";

/** What can be checked: the paths of `--listen` that answer yes or no. */
const CHECKS = ["healthz", "readyz", "livez"] as const;

/** Supervisors give a check up after 5 seconds or more. */
const LIMIT_MS = 4_000;

/** A verdict has a few lines. */
const MAX_ANSWER_BYTES = 2 ** 16;

/** `triton health`: whether a `triton store` on this machine works. */
export function healthCommand(context: CliContext): Command {
  const description = "where triton store listens on this machine";
  return new Command("health")
    .summary("check a running store, for supervisors")
    .description(
      "Asks a triton store on this machine, as its --listen answers: healthz for whether the work gets " +
        "done, readyz for whether it can be, livez for whether the process responds. Exits with 0 if so; " +
        "with 1 if not, or without an answer within 4 seconds, and says why. Restart for livez alone: " +
        "a new process does not make S3 answer.",
    )
    .addArgument(new Argument("[check]", "what to check").choices(CHECKS).default("healthz"))
    .addOption(
      listenOption(description).argParser(parsePort).default(parsePort(":9464"), "127.0.0.1:9464"),
    )
    .action((check: typeof CHECKS[number], { listen }: { readonly listen: ListenAddress }) =>
      health(check, listen, context)
    );
}

function parsePort(text: string): ListenAddress {
  const address = parseListen(text);
  if (address.port !== 0) return address;
  throw new InvalidArgumentError("It takes the port that triton store listens on; 0 is any.");
}

async function health(check: string, address: ListenAddress, context: CliContext): Promise<void> {
  const url = `http://${formatAddress(localAddress(address))}/${check}`;
  const { ok, reasons } = await ask(url, context.clock);
  if (!ok) throw new TritonError(`${url} says no: ${reasons.join("; ")}`);
  await context.stdout.write(`${url} says yes\n`);
}

/** Where to reach what listens on all addresses. */
function localAddress({ hostname, port }: ListenAddress): ListenAddress {
  const local = { "0.0.0.0": "127.0.0.1", "::": "::1" }[hostname];
  return { hostname: local ?? hostname, port };
}

async function ask(url: string, clock: Clock): Promise<Verdict> {
  const done = new AbortController();
  const late = clock.sleep(LIMIT_MS, done.signal).then(() => {
    throw new TritonError(`Cannot ask ${url}: no answer within ${LIMIT_MS / 1000} s`);
  });
  try {
    return await Promise.race([verdictOf(url, done.signal), late]);
  } finally {
    late.catch(() => {}); // it is not waited for any more
    done.abort();
  }
}

async function verdictOf(url: string, signal: AbortSignal): Promise<Verdict> {
  const answer = await request(url, signal);
  const body = await bodyOf(answer);
  if (answer.statusCode === 200) return { ok: true, reasons: [] };
  if (answer.statusCode === 503 && body.startsWith("{")) {
    const { reasons = [] } = JSON.parse(body);
    return { ok: false, reasons };
  }
  const text = body.trim().slice(0, 200);
  throw new TritonError(`Cannot ask ${url}: it answered ${answer.statusCode}, "${text}"`);
}

/** Asks without a proxy, whatever HTTP_PROXY says: it is this machine that is asked. */
function request(url: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false, signal }, resolve).on("error", (cause) => {
      const why = `${cause.message}. Does triton store run with --listen there?`;
      reject(new TritonError(`Cannot ask ${url}: ${why}`, { cause }));
    });
  });
}

async function bodyOf(answer: IncomingMessage): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of answer) {
    parts.push(part);
    size += part.length;
    if (size > MAX_ANSWER_BYTES) break;
  }
  return new TextDecoder().decode(await new Blob(parts as BlobPart[]).arrayBuffer());
}
