import { equal } from "node:assert/strict";
import { runCommand } from "./fake_context.ts";

/** Runs `triton shards` with this text as the configuration. */
async function withConfig(text: string, stream = "clicks") {
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(path, text);
    const env = { TRITON_CONFIG: path };
    const { code, stderr } = await runCommand(["shards", "--stream", stream], { env });
    return { code, stderr: stderr.replaceAll(path, "triton.yaml") };
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("main() says where in the configuration a mistake is", async () => {
  const { code, stderr } = await withConfig("clicks:\n  name: clicks_prod\n  regoin: us-west-1\n");
  equal(code, 1);
  equal(
    stderr,
    'triton: triton.yaml:3:3: Unknown key "regoin" in stream "clicks": did you mean "region"?\n',
  );
});

Deno.test("main() suggests the stream that was meant", async () => {
  const { code, stderr } = await withConfig("clicks:\n  name: clicks_prod\n", "clik");
  equal(code, 1);
  equal(stderr, 'triton: triton.yaml: Unknown stream "clik": did you mean "clicks"?\n');
});

Deno.test("main() reports a missing configuration file", async () => {
  const args = ["shards", "--stream", "clicks", "--config", "/nowhere/triton.yaml"];
  const { code, stderr } = await runCommand(args);
  equal(code, 1);
  equal(
    stderr,
    "triton: /nowhere/triton.yaml: Cannot read the configuration: no such file\n",
  );
});
