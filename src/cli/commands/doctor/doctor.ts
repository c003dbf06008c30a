import { Command } from "commander";
import { TritonError } from "../../../base/errors.ts";
import { type CliContext, writeReport } from "../../cli_context.ts";
import { addClientOptions, type ClientOptions } from "../../options/client.ts";
import { bucketOf, bucketOption } from "../../options/options.ts";
import { streamConfig } from "../../options/stream_config.ts";
import { colorsOf } from "../../text/table.ts";
import { jsonLine } from "../../text/say.ts";

interface DoctorOptions extends ClientOptions {
  readonly bucket?: string;
  readonly json?: boolean;
}

/** A service that does not respond within this time fails its check. */
const TIMEOUT_MS = 10_000;

/** `triton doctor`: checks whether `triton store` is safe to run, and what it then guarantees. */
export function doctorCommand(context: CliContext): Command {
  return addClientOptions(new Command("doctor"), bucketOption())
    .description(
      "Tests each permission that triton store needs with a harmless request; checks retention, clocks, " +
        "the file system, conditional writes, other programs and what earlier workers left behind; and " +
        "prints what to change and which guarantee holds. It changes nothing: the transaction in the " +
        "database is rolled back, and the only object it puts into the bucket has 10 bytes " +
        "(triton-conditional-write-probe) and is one that triton store puts there too. Exits with 1 if " +
        "triton store is not safe to run.",
    )
    .option("--json", "print one JSON object")
    .action((options: DoctorOptions) => doctor(options, context));
}

async function doctor(options: DoctorOptions, context: CliContext): Promise<void> {
  const bucket = bucketOf(options);
  const { name, region, endpoint } = await streamConfig(options, context);
  const [{ examine }, { formatFindings, verdictOn }, { openKinesis }, { openObjectStore }] =
    await Promise.all([
      import("./examine.ts"),
      import("./doctor_report.ts"),
      import("../../../kinesis/sdk/open_kinesis.ts"),
      import("../../../objects/open_object_store.ts"),
    ]);
  const { clientName: client, checkpointDb: url } = options;
  const findings = await examine({
    ...{ stream: name, client, url, clock: context.clock },
    openKinesis: (onServerTime) =>
      openKinesis({ region, endpoint, requestTimeoutMs: TIMEOUT_MS, onServerTime }),
    openStore: (onServerTime) => openObjectStore(bucket, { region, onServerTime }),
  });
  const verdict = verdictOn(findings);
  const colors = colorsOf(context.stdout.isTerminal && !context.env.NO_COLOR);
  await writeReport(
    context,
    options.json === true
      ? jsonLine({ stream: name, bucket, client, ...verdict, findings })
      : formatFindings(findings, verdict, colors, context.stdout.columns || Infinity),
  );
  if (verdict.safe) return;
  const failed = findings.filter(({ level }) => level === "fail").map(({ check }) => check);
  throw new TritonError(`Not safe to run triton store: ${failed.join(", ")}`);
}
