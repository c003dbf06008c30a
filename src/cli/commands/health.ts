import { Argument, Command, InvalidArgumentError } from "commander";
import type { IncomingMessage } from "node:http";
import type { Clock } from "../../base/clock.ts";
import { TritonError } from "../../base/errors.ts";
import { formatAddress, type ListenAddress } from "../../base/listen_address.ts";
import type { Verdict } from "../../monitor/mod.ts";
import type { CliContext } from "../cli_context.ts";
import { examples } from "../text/help_text.ts";
import { listenOption, parseListen } from "../options/options.ts";

/** The checks: paths that `--listen` serves. */
const CHECKS = ["healthz", "readyz", "livez"] as const;

/** Supervisors abort a check after 5 seconds or more. */
const LIMIT_MS = 4_000;

/** Far more than a verdict on hundreds of streams needs. */
const MAX_ANSWER_BYTES = 2 ** 22;

/** `triton health`: checks a `triton store` on this machine. */
export function healthCommand(context: CliContext): Command {
  const description = "address that triton store listens on";
  return new Command("health")
    .description(
      "Checks a triton store on this machine through its --listen address: healthz checks whether " +
        "records are archived in time, readyz whether they can be archived, and livez whether the " +
        "process responds. Exits with 0 if so, and otherwise, or if nothing responds within 4 seconds, " +
        "prints why and exits with 1. Restart a store only if livez fails: a new process does not fix S3.",
    )
    .addArgument(new Argument("[check]", "the check").choices(CHECKS).default("healthz"))
    .addOption(
      listenOption(description).argParser(parsePort).default(parsePort(":9464"), "127.0.0.1:9464"),
    )
    .addHelpText(
      "after",
      examples({
        "whether a store that listens on TRITON_LISTEN archives in time": "triton health",
        "whether its process responds, as a liveness probe asks": "triton health livez",
      }),
    )
    .action((check: typeof CHECKS[number], { listen }: { readonly listen: ListenAddress }) =>
      health(check, listen, context)
    );
}

function parsePort(text: string): ListenAddress {
  const address = parseListen(text);
  if (address.port !== 0) return address;
  throw new InvalidArgumentError("Pass the port that triton store listens on, not 0.");
}

async function health(check: string, address: ListenAddress, context: CliContext): Promise<void> {
  const url = `http://${formatAddress(localAddress(address))}/${check}`;
  const { ok, reasons } = await requestVerdict(url, context.clock);
  if (!ok) throw new TritonError(`${url} failed: ${reasons.join("; ")}`);
  await context.stdout.write(`${url} is ok\n`);
}

/** The address to connect to, also for a server that listens on all addresses. */
function localAddress({ hostname, port }: ListenAddress): ListenAddress {
  const local = { "0.0.0.0": "127.0.0.1", "::": "::1" }[hostname];
  return { hostname: local ?? hostname, port };
}

async function requestVerdict(url: string, clock: Clock): Promise<Verdict> {
  const done = new AbortController();
  const late = clock.sleep(LIMIT_MS, done.signal).then(() => {
    throw new TritonError(`Cannot check ${url}: no response within ${LIMIT_MS / 1000} s`);
  });
  try {
    return await Promise.race([verdictOf(url, done.signal), late]);
  } finally {
    late.catch(() => {}); // nothing awaits it any more
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
  throw new TritonError(`Cannot check ${url}: it responded with ${answer.statusCode}, "${text}"`);
}

/** Sends the request without a proxy, whatever HTTP_PROXY says: the server is on this machine. */
async function request(url: string, signal: AbortSignal): Promise<IncomingMessage> {
  const { get } = await import("node:http");
  return await new Promise((resolve, reject) => {
    get(url, { agent: false, signal }, resolve).on("error", (cause) => {
      const why = `${cause.message}. Is triton store running with --listen at this address?`;
      reject(new TritonError(`Cannot check ${url}: ${why}`, { cause }));
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
