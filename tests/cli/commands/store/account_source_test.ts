import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import { VirtualClock } from "../../../../src/base/clock.ts";
import { KinesisError } from "../../../../src/base/errors.ts";
import { AccountSource } from "../../../../src/cli/commands/store/account_source.ts";
import { accountStreams, jobsOf } from "../../../../src/cli/options/stream_jobs.ts";
import { MemoryKinesis } from "../../../../src/kinesis/mod.ts";
import { runUntil } from "../../../../src/testing/mod.ts";
import { readLog } from "../../../support/read_log.ts";

/** An account, and the streams that a source finds in it. */
function account(options: { readonly tags?: ReadonlyMap<string, string> } = {}) {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const refusal: { code?: string; retryable?: boolean } = {};
  const kinesis = new MemoryKinesis({
    clock,
    intercept(_operation, _args, phase) {
      const { code, retryable } = refusal;
      if (code === undefined || phase === "after") return;
      throw new KinesisError(`Cannot list the streams: ${code}`, { code, retryable });
    },
  });
  const { tags = new Map() } = options;
  const source = new AccountSource({
    selection: { type: "account", like: ["prod-*"], except: ["*-tmp"], tags },
    clock,
    kinesis: () => Promise.resolve(kinesis),
    jobsOf: (names) =>
      jobsOf(accountStreams(names, undefined, {}), { clientName: "store", bucket: "b" }),
  });
  const namesOf = (jobs: readonly { readonly config: { readonly name: string } }[]) =>
    jobs.map(({ config }) => config.name);
  const seen: string[][] = [];
  const follow = async () => {
    for await (const jobs of source.later(stop.signal)) seen.push(namesOf(jobs));
  };
  return {
    ...{ clock, stop, refusal, kinesis, source, seen, follow },
    first: async () => namesOf(await source.first(stop.signal)),
  };
}

Deno.test("AccountSource finds streams by patterns, and looks again every minute", async () => {
  const { clock, stop, kinesis, seen, first, follow } = account();
  for (const name of ["prod-a", "prod-a-tmp", "test-a"]) kinesis.createStream(name);
  deepStrictEqual(await first(), ["prod-a"]);
  const following = follow();
  kinesis.createStream("prod-b");
  await clock.advance(59_999);
  deepStrictEqual(seen, []);
  await clock.advance(1);
  kinesis.deleteStream("prod-a");
  await clock.advance(60_000);
  deepStrictEqual(seen, [["prod-a", "prod-b"], ["prod-b"]]);
  stop.abort();
  await following;
});

Deno.test("AccountSource takes only streams that have the tags at the moment", async () => {
  const { clock, kinesis, first } = account({ tags: new Map([["team", "data"]]) });
  kinesis.createStream("prod-a", 1, { tags: { team: "data" } });
  kinesis.createStream("prod-b", 1, { tags: { team: "web" } });
  deepStrictEqual(await runUntil(clock, first()), ["prod-a"]);
  kinesis.setTags("prod-a", {});
  kinesis.setTags("prod-b", { team: "data", more: "x" });
  deepStrictEqual(await runUntil(clock, first()), ["prod-b"]);
});

Deno.test("AccountSource.first() waits for Kinesis, and throws if it may not list streams", async () => {
  const { clock, kinesis, refusal, first } = account();
  kinesis.createStream("prod-a");
  Object.assign(refusal, { code: "ServiceUnavailable", retryable: true });
  const found = first();
  await clock.advance(10_000);
  delete refusal.code;
  deepStrictEqual(await runUntil(clock, found), ["prod-a"]);
  Object.assign(refusal, { code: "AccessDeniedException", retryable: false });
  await rejects(first(), { code: "AccessDeniedException" });
});

Deno.test("AccountSource reports a look that fails, and goes on", async () => {
  const { clock, stop, kinesis, refusal, seen, follow } = account();
  kinesis.createStream("prod-a");
  const following = follow();
  Object.assign(refusal, { code: "AccessDeniedException", retryable: false });
  const log = await readLog(() => clock.advance(60_000));
  deepStrictEqual(seen, []);
  deepStrictEqual(log.map(({ event, reason }) => [event, reason]), [
    ["streams.unlisted", "Cannot list the streams: AccessDeniedException"],
  ]);
  delete refusal.code;
  await clock.advance(60_000);
  deepStrictEqual(seen, [["prod-a"]]);
  stop.abort();
  await following;
});

Deno.test("AccountSource ends at once, also while Kinesis does not respond", async () => {
  const { clock, stop, refusal, follow } = account();
  Object.assign(refusal, { code: "ServiceUnavailable", retryable: true });
  const following = follow();
  await clock.advance(61_000);
  stop.abort();
  await following;
  equal(clock.nextWake, undefined);
});
