import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { ConfigMap, Secret, ServiceAccount } from "kubernetes-models/v1";
import { Deployment } from "kubernetes-models/apps/v1";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1";
// @ts-types="./hcl2json.d.ts"
import { parse as parseHcl } from "@cdktf/hcl2json";
import { parse, parseAllDocuments } from "yaml";
import { parseConfig } from "@triton/triton/config";
import { prometheusName } from "../../src/telemetry/instruments.ts";
import { METRICS } from "../../src/telemetry/metrics.ts";
import { runCommand } from "../cli/fake_context.ts";
import { readPage } from "../docs/markdown.ts";
import { serve, status } from "../monitor/monitor_fixture.ts";
import { checkLiterals, runTool } from "./tools.ts";

const DEPLOY = new URL("../../examples/deploy/", import.meta.url);

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, DEPLOY));
}

/** Asserts that a command line gives `triton store` no option that it does not have. */
async function checkOptions(text: string): Promise<void> {
  const { stdout } = await runCommand(["store", "--help"]);
  const options = new Set(stdout.match(/--[a-z][a-z-]*/g));
  const used = [...text.matchAll(/(?<=[\s"-])--[a-z][a-z-]*/g)].map(([option]) => option);
  ok(used.length > 0);
  deepStrictEqual(used.filter((option) => !options.has(option)), []);
}

for (const name of ["triton-store@.service", "triton-store.service"]) {
  Deno.test(`the systemd unit ${name} is valid, and starts triton with existing options`, async () => {
    const unit = read(`systemd/${name}`);
    await checkOptions(unit.match(/^ExecStart=.*$/m)![0]);
    const directory = await Deno.makeTempDir();
    try {
      // It demands that the program is there.
      const path = `${directory}/${name}`;
      await Deno.writeTextFile(path, unit.replaceAll("/usr/local/bin/triton", Deno.execPath()));
      const answer = await runTool("systemd-analyze", ["verify", "--man=no", path]);
      if (answer !== undefined) deepStrictEqual(answer, { ok: true, text: "" });
      // 1.1 of 10 is its exposure to what the process could do.
      const sandbox = await runTool("systemd-analyze", [
        ...["security", "--offline=true", "--threshold=11", "--no-pager", path],
      ]);
      if (sandbox !== undefined) ok(sandbox.ok, sandbox.text);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

Deno.test("the systemd units share their settings, except for what is of one stream", () => {
  parseConfig(read("systemd/triton.yaml"));
  const [stream] = Object.keys(parse(read("systemd/triton.yaml")));
  const unit = read("systemd/triton-store@.service");
  match(unit, /^EnvironmentFile=-\/etc\/triton\/%i\.env$/m);
  const listen = ["triton.env", `${stream}.env`].map((file) =>
    read(`systemd/${file}`).match(/^TRITON_LISTEN=(.+)$/m)![1]
  );
  equal(new Set(listen).size, 2, "two streams on a host have two ports");
  const settings = (text: string) => text.replaceAll(/^(#.*|EnvironmentFile=-.*|Desc.*)\n/gm, "");
  const [one, all] = [unit, read("systemd/triton-store.service")].map(settings);
  equal(all, one!.replace("--stream %i", "--all-streams --watch-config"));
});

Deno.test("CI starts the systemd unit, here and on GitHub", () => {
  for (const file of [".ci/run", ".github/workflows/ci.yml"]) {
    match(
      Deno.readTextFileSync(new URL(`../../${file}`, DEPLOY)),
      /tests\/deploy\/start_unit\.sh /,
    );
  }
});

for (const file of ["triton-store.yaml", "triton-store-all.yaml"]) {
  Deno.test(`the Kubernetes manifest ${file} is valid, and starts triton with existing options`, async () => {
    const { find, container } = await readManifest(`kubernetes/${file}`);
    parseConfig(find("ConfigMap").data["triton.yaml"].replaceAll(/<(.*)>/g, "$1"));
    await checkOptions(` ${container.args.join(" ")}`);
    const port = container.ports[0].containerPort;
    ok(container.args.includes(`--listen=0.0.0.0:${port}`));
    const { template } = find("Deployment").spec;
    deepStrictEqual(template.metadata.annotations["prometheus.io/port"], `${port}`);
    deepStrictEqual(container.envFrom, [{ secretRef: { name: find("Secret").metadata.name } }]);
    deepStrictEqual(template.spec.volumes, [
      { name: "config", configMap: { name: find("ConfigMap").metadata.name } },
    ]);
    // A file that is mounted alone (subPath) never changes, so --watch-config would not see it.
    deepStrictEqual(container.volumeMounts, [
      { name: "config", mountPath: "/etc/triton", readOnly: true },
    ]);
  });
}

Deno.test("the Kubernetes manifest of a group is valid, and gives members more time than drainMs", async () => {
  const { find, container } = await readManifest("kubernetes/group.yaml");
  const { replicas, template } = find("Deployment").spec;
  equal(replicas, 3);
  const [secret] = Object.entries(find("Secret").stringData as Record<string, string>);
  deepStrictEqual(container.args, [`$(${secret![0]})`], "the URL is from the secret");
  match(secret![1], /^<postgres:/);
  deepStrictEqual(container.envFrom, [{ secretRef: { name: find("Secret").metadata.name } }]);
  const options = Deno.readTextFileSync(
    new URL("../../src/stream/group/group_options.ts", DEPLOY),
  );
  const [, drainMs] = options.match(/handler, in milliseconds\. Default: ([\d,]+)\./)!;
  ok(template.spec.terminationGracePeriodSeconds * 1000 >= 2 * Number(drainMs!.replace(",", "")));
  match(
    Deno.readTextFileSync(new URL("../group.ts", DEPLOY)),
    /"SIGTERM"/,
    "Kubernetes stops programs with it",
  );
});

/** Reads a manifest with a Deployment, and checks what all have in common. */
async function readManifest(path: string) {
  const kinds = { ConfigMap, Deployment, PodDisruptionBudget, Secret, ServiceAccount };
  const documents = parseAllDocuments(read(path), { merge: true });
  const objects = documents.map((document) => document.toJS());
  for (const object of objects) {
    const kind = kinds[object.kind as keyof typeof kinds];
    ok(kind !== undefined, `${object.kind} is not checked`);
    new kind(object).validate();
  }
  const typed = objects.map((object) => {
    const type = `"kubernetes-models/${object.apiVersion}".I${object.kind}` as const;
    return { type, value: object };
  });
  equal(await checkLiterals(typed), "");
  const find = (kind: string) => objects.find((object) => object.kind === kind);
  const { metadata, spec: { selector, template } } = find("Deployment");
  const [container] = template.spec.containers;
  deepStrictEqual(selector.matchLabels, metadata.labels);
  deepStrictEqual(template.metadata.labels, metadata.labels);
  equal(template.spec.serviceAccountName, find("ServiceAccount").metadata.name);
  equal(container.resources.requests.memory, container.resources.limits.memory);
  const { spec: budget } = find("PodDisruptionBudget");
  equal(budget.unhealthyPodEvictionPolicy, "AlwaysAllow");
  const spread = template.spec.topologySpreadConstraints as SpreadConstraint[];
  for (const { labelSelector } of [...spread, { labelSelector: budget.selector }]) {
    const labels = Object.entries(labelSelector.matchLabels);
    ok(labels.length > 0);
    deepStrictEqual(labels.filter(([name, value]) => metadata.labels[name] !== value), []);
  }
  return { find, container };
}

interface SpreadConstraint {
  readonly labelSelector: { readonly matchLabels: Readonly<Record<string, string>> };
}

for (const file of ["task-definition.json", "task-definition-all.json"]) {
  Deno.test(`the ECS task ${file} is valid, and starts triton with existing options`, () =>
    checkTask(JSON.parse(read(`ecs/${file}`))));
}

// deno-lint-ignore no-explicit-any
async function checkTask(task: any): Promise<void> {
  const type = '"@aws-sdk/client-ecs".RegisterTaskDefinitionCommandInput';
  equal(await checkLiterals([{ type, value: task }]), "");
  const [{ essential: _, ...misspelt }] = task.containerDefinitions;
  const wrong = { ...task, containerDefinitions: [{ ...misspelt, esential: true }] };
  match(await checkLiterals([{ type, value: wrong }]), /'"esential"' does not exist/);
  const [container] = task.containerDefinitions;
  await checkOptions(` ${container.command.join(" ")}`);
  // ECS takes no more than 120 s, and Fargate 512 MiB and more for a quarter of a CPU.
  ok(container.stopTimeout <= 120);
  ok(["512", "1024", "2048"].includes(task.memory), "or ECS refuses it beside 256 CPU units");
  const [how, ...command] = container.healthCheck.command;
  equal(how, "CMD");
  deepStrictEqual(command, healthCheckOfImage());
  const { TRITON_LISTEN } = Object.fromEntries(
    container.environment.map(({ name, value }: { name: string; value: string }) => [name, value]),
  );
  ok(TRITON_LISTEN, "its health check finds it there");
}

/** The command of the image's health check. */
function healthCheckOfImage(): string[] {
  return JSON.parse(read("Dockerfile").match(/^HEALTHCHECK [^[]*CMD (\[.*\])$/m)![1]!);
}

Deno.test("the image's health check checks its own store", async () => {
  const [program, ...args] = healthCheckOfImage();
  match(read("Dockerfile"), new RegExp(`^ENTRYPOINT \\["${program}"\\]$`, "m"));
  const [, listen] = read("Dockerfile").match(/^ENV TRITON_LISTEN=(.+)$/m)!;
  const { stderr } = await runCommand(args, { env: { TRITON_LISTEN: listen! } });
  match(stderr, new RegExp(`^(triton: Cannot ask http://${listen}/livez: .*)?$`, "m"));
  await using server = serve(() => status());
  const { code } = await runCommand(args, { env: { TRITON_LISTEN: new URL(server.url).host } });
  equal(code, 0);
});

Deno.test("everything that runs triton store gives it more time to stop than it needs", async () => {
  const { stdout } = await runCommand(["store", "--help"]);
  const [, limit] = stdout.match(/--stop-timeout <duration>[^(]*\(default: 110s\)()/) ?? [];
  equal(limit, "", "110 s unless set");
  const given = [
    ...["triton-store@.service", "triton-store.service"].map((name) =>
      read(`systemd/${name}`).match(/^TimeoutStopSec=(\d+)s$/m)
    ),
    ...["triton-store.yaml", "triton-store-all.yaml"].map((name) =>
      read(`kubernetes/${name}`).match(/terminationGracePeriodSeconds: (\d+)$/m)
    ),
    ...["task-definition.json", "task-definition-all.json"].map((name) =>
      read(`ecs/${name}`).match(/"stopTimeout": (\d+)/)
    ),
  ];
  for (const match of given) ok(Number(match?.[1]) > 110, String(match));
});

Deno.test("the Terraform module is well-formed, and grants exactly what store needs", async () => {
  const main = await parseHcl("main.tf", read("terraform/main.tf"));
  for (const file of ["variables.tf", "outputs.tf"]) {
    await parseHcl(file, read(`terraform/${file}`));
  }
  const statements = main.data.aws_iam_policy_document.store[0].statement;
  const granted = statements.flatMap(({ actions }: { actions: string[] }) => actions).sort();
  const document = Deno.readTextFileSync(new URL("../../docs/permissions.md", DEPLOY));
  const [row] = document.match(/^\| `store`.*$/m)!;
  deepStrictEqual(granted, row.match(/(?<=`)(kinesis|s3):\w+/g)!.sort());
  const answer = await runTool("terraform", [
    "fmt",
    "-check",
    "-diff",
    new URL("terraform", DEPLOY).pathname,
  ]);
  if (answer !== undefined) ok(answer.ok, answer.text);
});

Deno.test("the Terraform role is for EC2, ECS, EKS pods and one service account", async () => {
  const { data, resource } = await parseHcl("main.tf", read("terraform/main.tf"));
  const { variable } = await parseHcl("variables.tf", read("terraform/variables.tf"));
  const trust = data.aws_iam_policy_document.trust[0].dynamic.statement
    .map(({ content: [statement] }: HclDynamic) => statement);
  deepStrictEqual(
    trust.map(({ actions, principals: [{ identifiers }] }: HclTrust) => [actions, identifiers]),
    [
      [["sts:AssumeRole"], "${var.trusted_services}"],
      [["sts:AssumeRole", "sts:TagSession"], ["pods.eks.amazonaws.com"]],
      [["sts:AssumeRoleWithWebIdentity"], ["${statement.value}"]],
    ],
  );
  deepStrictEqual(variable.trusted_services[0].default, [
    "ec2.amazonaws.com",
    "ecs-tasks.amazonaws.com",
  ]);
  // Without both, any service account of the cluster could take it.
  const conditions: HclCondition[] = trust[2].condition;
  deepStrictEqual(
    conditions.map(({ test, variable, values }) => [test, variable.split("}:")[1], values]),
    [
      ["StringEquals", "sub", ["system:serviceaccount:${var.service_account}"]],
      ["StringEquals", "aud", ["sts.amazonaws.com"]],
    ],
  );
  const [account] = parseAllDocuments(read("kubernetes/triton-store.yaml"), { merge: true })
    .map((document) => document.toJS());
  equal(variable.service_account[0].default, `default:${account.metadata.name}`);
  ok(resource.aws_iam_instance_profile.store);
  for (const kept of [resource.aws_s3_bucket.archive, resource.aws_kinesis_stream.events]) {
    deepStrictEqual(kept[0].lifecycle, [{ prevent_destroy: true }]);
  }
});

/** Blocks of Terraform's language, as hcl2json gives them. */
interface HclDynamic {
  readonly content: readonly HclTrust[];
}
interface HclTrust {
  readonly actions: readonly string[];
  readonly principals: readonly [{ readonly identifiers: string | readonly string[] }];
  readonly condition?: readonly HclCondition[];
}
interface HclCondition {
  readonly test: string;
  readonly variable: string;
  readonly values: readonly string[];
}

Deno.test("the Dockerfile copies the output of the compile task", () => {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("../../deno.json", DEPLOY)));
  const [, output] = tasks.compile.command.match(/--output (\S+)/);
  match(read("Dockerfile"), new RegExp(`^ARG BINARY=${output}$`, "m"));
  match(read("Dockerfile"), /^COPY \$BINARY \/usr\/local\/bin\/triton$/m);
});

/** Names of Triton's metrics in a query, without what Prometheus adds for a histogram. */
function metricsIn(query: string): string[] {
  return [...query.matchAll(/\btriton_[a-z_]+/g)].map(([name]) =>
    name.replace(/(?<=_seconds)_(bucket|sum|count)$/, "")
  );
}

/** Those of `triton store`: readers and writers are parts of other programs. */
const METRIC_NAMES = new Set(
  Object.entries(METRICS).filter(([, { of }]) => of === "archiver" || of === "process").map((
    [name, definition],
  ) => prometheusName(name, definition)),
);

Deno.test("the alert rules are valid, and use only existing metrics", async () => {
  const rules = read("prometheus/alerts.yml");
  const names = metricsIn(rules);
  ok(names.length > 0);
  deepStrictEqual(names.filter((name) => !METRIC_NAMES.has(name)), []);
  for (const command of [["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]]) {
    const files = command.map((part) =>
      part.endsWith(".yml") ? new URL(`prometheus/${part}`, DEPLOY).pathname : part
    );
    const answer = await runTool("promtool", files);
    if (answer !== undefined) ok(answer.ok, answer.text);
  }
});

Deno.test("each alert has a section in the run book, and each such section an alert", () => {
  const rules = read("prometheus/alerts.yml");
  const alerts = [...rules.matchAll(/alert: (\w+)/g)].map(([, name]) => name!);
  const urls = [...rules.matchAll(/runbook_url: (\S+)/g)].map(([, url]) => url!);
  deepStrictEqual(urls, alerts.map((name) => `docs/operations.md#${name.toLowerCase()}`));
  const runBook = readPage("docs/operations.md");
  const parts = [...runBook.text.matchAll(/^### (Triton\w+)$/gm)].map(([, name]) => name!);
  deepStrictEqual(parts.sort(), alerts.sort());
});

Deno.test("the dashboard shows every metric, and only existing ones", async () => {
  const dashboard = JSON.parse(read("grafana/triton.json"));
  const queries: string[] = dashboard.panels.flatMap((panel: { targets: { expr: string }[] }) =>
    panel.targets.map(({ expr }) => expr)
  );
  const names = new Set(queries.flatMap(metricsIn));
  deepStrictEqual([...names].filter((name) => !METRIC_NAMES.has(name)), []);
  // Those by shard tell it for all shards as well.
  const left = [...METRIC_NAMES].filter((name) => !names.has(name)).sort();
  deepStrictEqual(left, ["triton_lag_seconds"]);
  // Each query is one: promtool reads it as a rule of its own.
  const rules = queries.map((expr, index) => ({
    record: `panel:query:${index}`,
    expr: expr.replaceAll("$__rate_interval", "5m"),
  }));
  const file = await Deno.makeTempFile({ suffix: ".yml" });
  try {
    await Deno.writeTextFile(file, JSON.stringify({ groups: [{ name: "panels", rules }] }));
    const answer = await runTool("promtool", ["check", "rules", file]);
    if (answer !== undefined) ok(answer.ok, answer.text);
  } finally {
    await Deno.remove(file);
  }
});
