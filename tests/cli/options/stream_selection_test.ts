import { deepStrictEqual, equal, match } from "node:assert/strict";
import { Command } from "commander";
import {
  addSelectionOptions,
  isOne,
  type Selection,
  selectionOf,
} from "../../../src/cli/options/stream_selection.ts";
import { runCommand } from "../fake_context.ts";

/** The selection of a command line. */
function select(...args: string[]): Selection {
  const command = addSelectionOptions(new Command("store")).exitOverride();
  command.parse(args, { from: "user" });
  return selectionOf(command.opts());
}

Deno.test("selectionOf() reads every way to select streams", () => {
  deepStrictEqual(select("--stream", "a", "--stream", "b", "--stream", "a"), {
    type: "named",
    names: ["a", "b"],
  });
  deepStrictEqual(select("--all-streams", "--except", "test_*", "--except", "x"), {
    type: "all",
    except: ["test_*", "x"],
  });
  const like = ["--streams-like", "prod-*", "--streams-like", "eu.?"];
  deepStrictEqual(select(...like, "--tag", "team=data", "--tag", "a=b=c", "--tag", "e="), {
    type: "account",
    like: ["prod-*", "eu.?"],
    except: [],
    tags: new Map([["team", "data"], ["a", "b=c"], ["e", ""]]),
  });
});

Deno.test("isOne() is true of a single name only: others may become several", () => {
  equal(isOne(select("--stream", "a")), true);
  equal(isOne(select("--stream", "a", "--stream", "b")), false);
  equal(isOne(select("--all-streams")), false);
  equal(isOne(select("--streams-like", "a")), false);
});

const ALL = ["--all-streams"];
const MISTAKES: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [[], /required option '--stream <name>' not specified: pass it once or more, or --all-streams/],
  [["--stream", "a", ...ALL], /Cannot use --stream with --all-streams: pass one of them/],
  [[...ALL, "--streams-like", "a"], /Cannot use --all-streams with --streams-like: pass one/],
  [["--stream", "a", "--except", "b"], /Cannot use --except with --stream: pass --all-streams, or/],
  [["--stream", "a", "--tag", "b=c"], /--tag with --stream: pass --streams-like '\*' to select/],
  [[...ALL, "--tag", "b=c"], /Cannot use --tag with --all-streams: pass --streams-like '\*'/],
  [["--streams-like", "a", "--tag", "b"], /Use KEY=VALUE, such as team=data\./],
  [["--streams-like", "a", "--tag", "b=1", "--tag", "b=2"], /No stream has two values of one tag/],
  [["--streams-like", "prod/*"], /Use letters, digits, "-", "_", "\.", "\*" \(any text\)/],
  [["--stream", ""], /It is empty/],
];

for (const [args, says] of MISTAKES) {
  for (const command of ["store", "doctor"]) {
    Deno.test(`${command} ${args.join(" ")} is refused with what to type`, async () => {
      const { code, stderr } = await runCommand([command, ...args, "--bucket", "b"]);
      equal(code, 2);
      match(stderr, says);
    });
  }
}

for (
  const [args, says] of [
    [["--stream", "a", "--watch-config"], /Cannot use --watch-config without --all-streams/],
    [["--streams-like", "a", "--watch-config"], /Cannot use --watch-config without --all-streams/],
    [
      [...ALL, "--shards", "1"],
      /Cannot use --shards with several streams: shards are those of one/,
    ],
    [["--stream", "a", "--stream", "b", "--shards", "1"], /Cannot use --shards with several/],
    [ALL, /No configuration: pass --config or set TRITON_CONFIG/],
  ] as const
) {
  Deno.test(`store ${args.join(" ")} is refused with what to type`, async () => {
    const { code, stderr } = await runCommand(["store", ...args, "--bucket", "b"]);
    equal(code, 2);
    match(stderr, says);
  });
}
