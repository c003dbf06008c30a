import { parseConfig } from "@triton/triton/config";
import { Config, ConfigError, loadConfig, type ParseConfigOptions } from "@triton/triton/config";
import fc from "fast-check";
import { deepStrictEqual, equal, ok, rejects, throws } from "node:assert/strict";

/** The error of parsing `text`. */
function errorOf(text: string, options: ParseConfigOptions = {}): ConfigError {
  try {
    parseConfig(text, options);
  } catch (error) {
    ok(error instanceof ConfigError);
    return error;
  }
  throw new Error(`parsed without an error: ${text}`);
}

/** Its message, starting with the place. */
function messageOf(text: string): string {
  return errorOf(text).message;
}

Deno.test("parseConfig() reads every key of a stream", () => {
  const config = parseConfig(`
user_activity:
  name: user_activity_prod
  partition_key: user_id
  region: us-west-1
  endpoint: http://localhost:4567
`);
  deepStrictEqual(config.stream("user_activity"), {
    logicalName: "user_activity",
    name: "user_activity_prod",
    partitionKey: "user_id",
    region: "us-west-1",
    endpoint: "http://localhost:4567",
  });
});

Deno.test("parseConfig() needs only the name", () => {
  const config = parseConfig("a:\n  name: a-b.c_D9\n");
  deepStrictEqual(config.stream("a"), { logicalName: "a", name: "a-b.c_D9" });
});

Deno.test("parseConfig() keeps the order of the file", () => {
  const config = parseConfig("b: {name: x}\n10: {name: y}\na: {name: z}\n2: {name: w}\n");
  deepStrictEqual(config.streams.map((stream) => stream.logicalName), ["b", "10", "a", "2"]);
});

Deno.test("parseConfig() uses AWS_REGION for streams without a region", () => {
  const text = "a: {name: a}\nb: {name: b, region: eu-west-1}\n";
  const regions = (env: Record<string, string | undefined>) =>
    parseConfig(text, { env }).streams.map((stream) => stream.region);
  deepStrictEqual(regions({ AWS_REGION: "us-east-2" }), ["us-east-2", "eu-west-1"]);
  deepStrictEqual(regions({ AWS_REGION: "" }), [undefined, "eu-west-1"]);
  deepStrictEqual(regions({}), [undefined, "eu-west-1"]);
});

Deno.test("parseConfig() reports the place of an unknown key, and suggests a known one", () => {
  for (
    const [key, meant] of [
      ["partitionkey", "partition_key"],
      ["partitionKey", "partition_key"],
      ["partition-key", "partition_key"],
      ["parition_key", "partition_key"],
      ["Name", "name"],
      ["nmae", "name"],
      ["regoin", "region"],
      ["end_point", "endpoint"],
    ]
  ) {
    const error = errorOf(`a:\n  name: x\n  ${key}: y\n`, { path: "triton.yaml" });
    equal(
      error.message.split("\n")[0],
      `triton.yaml:3:3: Unknown key "${key}" in stream "a": did you mean "${meant}"?`,
    );
    deepStrictEqual([error.path, error.line, error.column], ["triton.yaml", 3, 3]);
  }
});

Deno.test("parseConfig() lists the known keys if none is similar", () => {
  equal(
    messageOf("a:\n  name: x\n  retention: 24\n"),
    '3:3: Unknown key "retention" in stream "a": ' +
      'a stream has "name", "partition_key", "region", "endpoint" and "archive"',
  );
});

Deno.test("parseConfig() reports the place of a stream without a name", () => {
  equal(
    messageOf("\na:\n  region: us-east-1\n"),
    `2:1: Missing "name" in stream "a": add "name: <the stream's name in Kinesis>"`,
  );
});

Deno.test("parseConfig() rejects values of the wrong type, with their place", () => {
  const cases: [string, string][] = [
    [
      "a:\n  name: 15\n",
      '2:9: "name" of stream "a" must be text, not a number: write "15" in quotes',
    ],
    [
      "a:\n  name: 0x1F\n",
      '2:9: "name" of stream "a" must be text, not a number: write "0x1F" in quotes',
    ],
    [
      "a:\n  name: true\n",
      '2:9: "name" of stream "a" must be text, not a boolean: write "true" in quotes',
    ],
    [
      "a:\n  name: n\n  partition_key:\n",
      '3:17: "partition_key" of stream "a" must name a field of the events; it is empty',
    ],
    [
      "a:\n  name: n\n  partition_key: ''\n",
      '3:18: "partition_key" of stream "a" must name a field of the events, not ""',
    ],
    [
      "a:\n  name: n\n  region: [x]\n",
      '3:11: "region" of stream "a" must be an AWS region, such as "us-east-1"',
    ],
    [
      "a:\n  name: n\n  region: x.y/z\n",
      '3:11: "region" of stream "a" must be an AWS region, such as "us-east-1", not "x.y/z"',
    ],
  ];
  for (const [text, message] of cases) equal(messageOf(text), message);
});

Deno.test("parseConfig() checks names by the rules of Kinesis", () => {
  equal(parseConfig(`a: {name: ${"x".repeat(128)}}`).stream("a").name.length, 128);
  for (const name of ["x".repeat(129), "", "a b", "a/b", "ä", "a\\n"]) {
    ok(
      messageOf(`a: {name: "${name}"}`).startsWith(
        '1:11: "name" of stream "a" must be a Kinesis stream name: 1 to 128 letters',
      ),
      name,
    );
  }
});

Deno.test("parseConfig() accepts only http and https endpoints without credentials", () => {
  for (const endpoint of ["http://127.0.0.1:4567", "https://kinesis.eu-west-1.amazonaws.com/"]) {
    equal(parseConfig(`a: {name: a, endpoint: "${endpoint}"}`).stream("a").endpoint, endpoint);
  }
  for (const endpoint of ["localhost:4567", "ftp://x", "http://", "/x", "http://u:p@x", "http:x"]) {
    ok(
      messageOf(`a: {name: a, endpoint: "${endpoint}"}`).startsWith(
        '1:24: "endpoint" of stream "a" must be an http:// or https:// URL',
      ),
      endpoint,
    );
  }
});

Deno.test("parseConfig() reports both places of a duplicate", () => {
  equal(
    messageOf("a: {name: x}\nb: {name: y}\na: {name: z}\n"),
    '3:1: Duplicate stream "a": it is already on line 1',
  );
  equal(
    messageOf('1: {name: x}\n"1": {name: y}\n'),
    '2:1: Duplicate stream "1": it is already on line 1',
  );
  equal(
    messageOf("a:\n  name: x\n  name: y\n"),
    '3:3: Duplicate key "name": it is already on line 2',
  );
});

Deno.test("parseConfig() lists every mistake, the first one first", () => {
  const error = errorOf("b: 1\na:\n  nam: x\nb:\n  name: y\n", { path: "t.yaml" });
  deepStrictEqual(error.message.split("\n"), [
    `t.yaml:1:4: Stream "b" must be a map: write "name: <the stream's name in Kinesis>" below it, indented`,
    `t.yaml:2:1: Missing "name" in stream "a": add "name: <the stream's name in Kinesis>"`,
    't.yaml:3:3: Unknown key "nam" in stream "a": did you mean "name"?',
    't.yaml:4:1: Duplicate stream "b": it is already on line 1',
  ]);
  deepStrictEqual([error.line, error.column], [1, 4]);
});

Deno.test("parseConfig() lists at most twenty mistakes", () => {
  const lines = messageOf(Array.from({ length: 30 }, (_, i) => `s${i}: 1\n`).join("")).split("\n");
  equal(lines.length, 21);
  equal(lines.at(-1), "and 10 more");
});

Deno.test("parseConfig() rejects a configuration without streams", () => {
  for (const text of ["", "\n", "# nothing\n", "{}", "---\n", "null\n", "\uFEFF", "\r\n"]) {
    ok(/^\d+:\d+: The configuration has no streams: add one/.test(messageOf(text)), text);
  }
});

Deno.test("parseConfig() rejects anything but a map at the top", () => {
  for (const text of ["- a\n- b\n", "just text\n", "42\n", '""\n']) {
    ok(messageOf(text).startsWith("1:1: The configuration must be a map of streams"), text);
  }
});

Deno.test("parseConfig() reports the places of YAML syntax errors", () => {
  equal(
    messageOf("a:\n\tname: x\n").split("\n")[0],
    "2:1: Tabs are not allowed as indentation: use spaces",
  );
  equal(
    messageOf("a: {name: x}\n---\nb: {name: y}\n"),
    "2:1: The file must have only one YAML document",
  );
  for (
    const text of ['a: {name: "x\n', "a: [", "a: b: c\n", "a:\n  name: x\n b: y\n", "a: !what x\n"]
  ) {
    ok(/^\d+:\d+: Invalid YAML: /.test(messageOf(text)), text);
  }
});

Deno.test("parseConfig() accepts tabs that do not indent", () => {
  equal(parseConfig("a:\t{name:\tx}\t# y\n").stream("a").name, "x");
});

Deno.test("parseConfig() accepts a byte order mark and Windows line endings", () => {
  const config = parseConfig("\uFEFFa:\r\n  name: x\r\n  partition_key: y\r\n");
  deepStrictEqual(config.stream("a"), { logicalName: "a", name: "x", partitionKey: "y" });
  ok(messageOf("\uFEFFa:\r\n  name: x\r\n  nope_at_all: y\r\n").startsWith("3:3: Unknown key"));
  ok(messageOf("\uFEFFa: 1\n").startsWith("1:4: Stream"));
});

Deno.test("parseConfig() follows anchors, aliases and merge keys", () => {
  const config = parseConfig(`
a: &a { name: a1, partition_key: k, region: us-east-1 }
b: { <<: *a, name: b1 }
c: *a
d: { <<: [{ name: d1 }, *a], region: us-west-2 }
`);
  deepStrictEqual(config.streams, [
    { logicalName: "a", name: "a1", partitionKey: "k", region: "us-east-1" },
    { logicalName: "b", name: "b1", partitionKey: "k", region: "us-east-1" },
    { logicalName: "c", name: "a1", partitionKey: "k", region: "us-east-1" },
    { logicalName: "d", region: "us-west-2", name: "d1", partitionKey: "k" },
  ]);
});

Deno.test("parseConfig() ignores keys that begin with x-, except for their anchors", () => {
  const config = parseConfig(`
x-defaults: &defaults { region: us-east-1, x-note: shared, archive: { rotate: 15m, x-why: cost } }
x-list: [a, b]
x-text: &zone eu-west-1
x-empty:
a: { <<: *defaults, name: a1, x-owner: { team: data } }
b: { name: b1, region: *zone }
`);
  const archive = { rotateMs: 900_000 };
  deepStrictEqual(config.streams, [
    { logicalName: "a", name: "a1", region: "us-east-1", archive },
    { logicalName: "b", name: "b1", region: "eu-west-1" },
  ]);
});

Deno.test("parseConfig() takes x-... with a name for a stream, as before", () => {
  equal(parseConfig("x-ray: {name: xray}\n").stream("x-ray").name, "xray");
  ok(
    messageOf("x-ray: {name: xray, regoin: eu-west-1}\n").startsWith('1:21: Unknown key "regoin"'),
  );
  ok(messageOf("x-defaults: {region: eu-west-1}\n").includes("The configuration has no streams"));
});

Deno.test("parseConfig() merges maps that merge each other in no more than linear time", () => {
  let text = "x-0: &a0 {region: us-east-1}\n";
  for (let i = 1; i <= 40; i++) text += `x-${i}: &a${i} {<<: [${Array(9).fill(`*a${i - 1}`)}]}\n`;
  equal(parseConfig(`${text}a: {<<: *a40, name: a1}\n`).stream("a").region, "us-east-1");
  let lists = "x-0: &a0 [lol]\n";
  for (let i = 1; i <= 40; i++) lists += `x-${i}: &a${i} [${Array(9).fill(`*a${i - 1}`)}]\n`;
  ok(messageOf(`${lists}a: {name: *a40}\n`).includes('"name" of stream "a" must be'));
});

Deno.test("parseConfig() reports a mistake in an alias once", () => {
  equal(
    messageOf("a: {name: &n a b}\nb: {name: *n}\n").split("\n").length,
    2, // one for each stream: the messages name them
  );
  equal(messageOf("a: &a {name: x, name: y}\nb: *a\n").split("\n").length, 1);
});

Deno.test("parseConfig() survives aliases to nothing and to themselves", () => {
  ok(messageOf("a: *nothing\n").startsWith('1:4: Unknown anchor "nothing"'));
  ok(messageOf("a: {name: x, <<: *nothing}\n").startsWith('1:18: Unknown anchor "nothing"'));
  ok(messageOf("a: {name: x, <<: 5}\n").startsWith('1:18: "<<" needs a map'));
  equal(parseConfig("a: &a {name: x, <<: *a}\n").stream("a").name, "x");
});

Deno.test("parseConfig() rejects names that are not text", () => {
  equal(
    messageOf("? [a]\n: {name: x}\n"),
    "1:3: The name of a stream must be text, not a list or a map",
  );
  equal(messageOf(": {name: x}\n"), "1:1: A stream must have a name before the colon");
  equal(messageOf("~: {name: x}\n"), "1:1: A stream must have a name before the colon");
});

Deno.test("parseConfig() treats no name specially", () => {
  const names = [
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "5",
    "true",
    "0x10",
    "<<",
  ];
  const text = names.map((name) => `${name === "<<" ? '"<<"' : name}: {name: x}\n`).join("");
  const config = parseConfig(text);
  deepStrictEqual(config.streams.map((stream) => stream.logicalName), names);
  for (const name of names) equal(config.stream(name).logicalName, name);
  equal(Object.getPrototypeOf(config.stream("__proto__")), Object.prototype);
  ok(messageOf("a: {name: x, __proto__: {}}\n").startsWith('1:14: Unknown key "__proto__"'));
  throws(() => parseConfig("a: {name: x}").stream("__proto__"), ConfigError);
  throws(() => parseConfig("a: {name: x}").stream("constructor"), ConfigError);
});

Deno.test("Config.stream() suggests the stream that was meant", () => {
  const config = parseConfig("user_activity: {name: ua_prod}\nclicks: {name: clicks_prod}\n", {
    path: "triton.yaml",
  });
  const messageFor = (name: string) => {
    try {
      return config.stream(name).name;
    } catch (error) {
      return (error as Error).message;
    }
  };
  equal(
    messageFor("user-activty"),
    'triton.yaml: Unknown stream "user-activty": did you mean "user_activity"?',
  );
  equal(
    messageFor("ua_prod"),
    'triton.yaml: Unknown stream "ua_prod": did you mean "user_activity"?',
  );
  equal(
    messageFor("orders"),
    'triton.yaml: Unknown stream "orders": the configuration has "user_activity" and "clicks"',
  );
});

Deno.test("Config.stream() lists at most ten streams", () => {
  const text = Array.from({ length: 12 }, (_, i) => `stream_number_${i}: {name: x}\n`).join("");
  throws(() => parseConfig(text).stream("q"), /"stream_number_9" and 2 more$/);
});

Deno.test("Config.partitionKey() reports a missing key", () => {
  const config = parseConfig("a: {name: x, partition_key: id}\nb: {name: y}\n", { path: "t.yaml" });
  equal(config.partitionKey("a"), "id");
  throws(() => config.partitionKey("b"), {
    name: "ConfigError",
    message:
      't.yaml: Cannot put events to stream "b": add "partition_key: <a field of the events>"',
  });
});

Deno.test("Config can be made without a file, and its streams do not change", () => {
  const config = new Config([{ logicalName: "a", name: "x" }]);
  equal(config.stream("a").name, "x");
  equal(config.path, undefined);
  const stream = parseConfig("a: {name: x}").stream("a") as { name: string };
  throws(() => stream.name = "y", TypeError);
});

Deno.test("loadConfig() reads a file and includes its path in errors", async () => {
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(path, "a: {name: x}\n");
    const config = await loadConfig(path, { env: { AWS_REGION: "us-west-1" } });
    deepStrictEqual([config.path, config.stream("a").region], [path, "us-west-1"]);
    await Deno.writeTextFile(path, "a: {nam: x}\n");
    await rejects(loadConfig(path), { name: "ConfigError", path, line: 1, column: 1 });
    await Deno.writeFile(path, new Uint8Array([0x61, 0x3a, 0xff, 0xfe]));
    await rejects(loadConfig(path), {
      message: `${path}: Cannot read the configuration: it is not UTF-8 text`,
    });
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("loadConfig() reports why a file cannot be read", async () => {
  await rejects(loadConfig("/nonexistent/triton.yaml"), {
    name: "ConfigError",
    message: "/nonexistent/triton.yaml: Cannot read the configuration: no such file",
  });
  const directory = await Deno.makeTempDir();
  await rejects(loadConfig(directory), {
    message: `${directory}: Cannot read the configuration: it is a directory`,
  });
  await Deno.remove(directory);
});

Deno.test("parseConfig() of any text returns a configuration or an error with a place", () => {
  const words = fc.constantFrom(
    ...[
      "a",
      "name",
      "region",
      ": ",
      ":\n  ",
      "\n",
      "- ",
      "{",
      "}",
      "[",
      "]",
      ",",
      "&x ",
      "*x",
      "<<",
    ],
    ...[
      "'",
      '"',
      "#",
      "? ",
      "|",
      ">",
      "!t ",
      "\t",
      "\uFEFF",
      "~",
      "---\n",
      "...\n",
      "%",
      "\r",
      "0x1",
    ],
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 30 }), (text) => {
      try {
        ok(parseConfig(text.join("")).streams.length > 0);
      } catch (error) {
        ok(error instanceof ConfigError, `${error}`);
        ok(error.line! > 0 && error.column! > 0, error.message);
      }
    }),
    { numRuns: 2000 },
  );
});

const ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks_prod";

Deno.test("parseConfig() takes name and region of a stream from its ARN", () => {
  const config = parseConfig(`clicks: {name: "${ARN}"}\n`, { env: { AWS_REGION: "us-east-1" } });
  const stream = { logicalName: "clicks", name: "clicks_prod", region: "eu-west-1", arn: ARN };
  deepStrictEqual(config.streams, [stream]);
  deepStrictEqual(config.stream(ARN), stream);
});

Deno.test("parseConfig() refuses ARNs that are no streams, and another region beside one", () => {
  equal(
    messageOf(`clicks:\n  name: "${ARN}"\n  region: us-east-1\n`),
    `2:9: Cannot use "${ARN}" as a stream: it is in eu-west-1, and the region is set to us-east-1; ` +
      "leave out the region",
  );
  ok(messageOf('clicks: {name: "arn:aws:sqs:eu-west-1:123456789012:x"}').includes("it is of sqs"));
});

Deno.test("Config.stream() looks a stream up by its ARN, and needs no configuration of it", () => {
  const text = "clicks: {name: clicks_prod, region: eu-west-1, partition_key: user}\n" +
    "east: {name: clicks_prod, region: us-east-1}\n";
  const config = parseConfig(text);
  const { partitionKey, logicalName, arn } = config.stream(ARN);
  deepStrictEqual([partitionKey, logicalName, arn], ["user", "clicks", ARN]);
  equal(config.partitionKey(ARN), "user");
  const other = ARN.replace("clicks_prod", "orders");
  deepStrictEqual(config.stream(other), {
    ...{ logicalName: "orders", name: "orders", region: "eu-west-1", arn: other },
  });
  throws(() => config.stream(`${ARN}/consumer/x:1`), { name: "ConfigError" });
});
