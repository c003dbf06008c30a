import { equal, throws } from "node:assert/strict";
import { Command } from "commander";
import {
  applyEnvironment,
  notePassed,
  type PassedOptions,
} from "../../../src/cli/options/env_option.ts";
import { bucketOption, clientOption } from "../../../src/cli/options/options.ts";
import {
  bucketOfStream,
  clientOfStream,
  requireBucket,
} from "../../../src/cli/options/stream_config.ts";
import { UsageError } from "../../../src/cli/options/usage_error.ts";

/** The options of a command line, with variables of the environment. */
function optionsOf(args: readonly string[], env: Record<string, string> = {}) {
  const command = new Command("ls")
    .addOption(bucketOption())
    .addOption(clientOption("client").default("store"));
  applyEnvironment(command, env);
  command.parse([...args], { from: "user" });
  notePassed(command);
  return command.opts<PassedOptions & { bucket?: string; clientName: string }>();
}

const OWN = { logicalName: "a", name: "a", archive: { bucket: "s3://own", client: "second" } };
const NONE = { logicalName: "a", name: "a" };
const VARIABLES = { TRITON_BUCKET: "s3://variable", TRITON_CLIENT: "variable" };

Deno.test("bucketOfStream() is the option, else of the configuration, else the variable", () => {
  equal(bucketOfStream(optionsOf(["--bucket", "b"], VARIABLES), OWN), "b");
  equal(bucketOfStream(optionsOf([], VARIABLES), OWN), "s3://own");
  equal(bucketOfStream(optionsOf([]), OWN), "s3://own");
  equal(bucketOfStream(optionsOf([], VARIABLES), NONE), "s3://variable");
  throws(() => bucketOfStream(optionsOf([]), NONE), UsageError);
});

Deno.test("clientOfStream() is the option, else of the configuration, else the variable or default", () => {
  equal(clientOfStream(optionsOf(["--client-name", "store"], VARIABLES), OWN), "store");
  equal(clientOfStream(optionsOf([], VARIABLES), OWN), "second");
  equal(clientOfStream(optionsOf([]), OWN), "second");
  equal(clientOfStream(optionsOf([], VARIABLES), NONE), "variable");
  equal(clientOfStream(optionsOf([]), NONE), "store");
});

Deno.test("requireBucket() lets a configuration pass, which may have one", () => {
  requireBucket({ config: "triton.yaml" });
  requireBucket({ bucket: "b" });
  throws(() => requireBucket({}), /No bucket: pass --bucket/);
});
