/** The jobs of examples/deploy, of which each process reads one part of an archive. */

import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { Job } from "kubernetes-models/batch/v1";
import { ServiceAccount } from "kubernetes-models/v1";
import { parseAllDocuments } from "yaml";
import { runCommand } from "../cli/fake_context.ts";
import { checkLiterals } from "./tools.ts";

const DEPLOY = new URL("../../examples/deploy/", import.meta.url);

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, DEPLOY));
}

/** Runs a shell command in which `triton` prints its arguments; returns them. */
async function argumentsOf(
  [program, ...args]: readonly string[],
  env: Record<string, string>,
): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  try {
    const triton = join(folder, "triton");
    await Deno.writeTextFile(triton, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n", { mode: 0o755 });
    const { code, stdout } = await new Deno.Command(program!, {
      ...{ args, env: { ...env, PATH: `${folder}:/usr/bin:/bin` }, clearEnv: true },
    }).output();
    equal(code, 0);
    return new TextDecoder().decode(stdout).trimEnd().split("\n");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Checks that the processes with indexes from 0 read all parts, with options that exist. */
async function checkParts(
  command: readonly string[],
  variable: string,
  env: Record<string, string>,
  count: number,
): Promise<void> {
  equal(env.PARTS, String(count));
  const parts: string[] = [];
  for (let index = 0; index < count; index++) {
    const args = await argumentsOf(command, { ...env, [variable]: String(index) });
    parts.push(args.at(-1)!);
    if (index > 0) continue;
    const { stdout: help } = await runCommand([args[0]!, "--help"]);
    const options = args.filter((word) => word.startsWith("--"));
    ok(options.includes("--part"));
    for (const option of options) match(help, new RegExp(`  ${option}[ ,]`));
  }
  deepStrictEqual(parts, Array.from({ length: count }, (_, i) => `${i + 1}/${count}`));
}

function valuesOf(env: readonly { name: string; value: string }[]): Record<string, string> {
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
}

Deno.test("the indexed Job of Kubernetes is valid, and its pods read all parts", async () => {
  const objects = parseAllDocuments(read("kubernetes/parts-job.yaml"), { merge: true })
    .map((document) => document.toJS());
  const kinds = { Job, ServiceAccount };
  for (const object of objects) new kinds[object.kind as keyof typeof kinds](object).validate();
  const typed = objects.map((value) => ({
    ...{ type: `"kubernetes-models/${value.apiVersion}".I${value.kind}` as const, value },
  }));
  equal(await checkLiterals(typed), "");
  const [account, { spec }] = objects;
  equal(spec.completionMode, "Indexed", "or there is no index");
  equal(spec.template.spec.serviceAccountName, account.metadata.name);
  const [{ command, args, env }] = spec.template.spec.containers;
  await checkParts([...command, ...args], "JOB_COMPLETION_INDEX", valuesOf(env), spec.completions);
});

Deno.test("the array job of AWS Batch is valid, and its jobs read all parts", async () => {
  const definition = JSON.parse(read("batch/job-definition.json"));
  const job = JSON.parse(read("batch/submit-job.json"));
  const typed = [["RegisterJobDefinition", definition], ["SubmitJob", job]].map(
    ([name, value]) => ({
      ...{ type: `"@aws-sdk/client-batch".${name}CommandInput` as const, value },
    }),
  );
  equal(await checkLiterals(typed), "");
  equal(job.jobDefinition, definition.jobDefinitionName);
  const [, entryPoint] = read("batch/Dockerfile").match(/^ENTRYPOINT (\[.*\])$/m)!;
  const { command, environment } = definition.containerProperties;
  const env = valuesOf([...environment, ...job.containerOverrides.environment]);
  const { size } = job.arrayProperties;
  await checkParts(
    [...JSON.parse(entryPoint!), ...command],
    "AWS_BATCH_JOB_ARRAY_INDEX",
    env,
    size,
  );
});
