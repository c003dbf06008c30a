/** Signals to `triton` as PID 1, as it is in a container: such a process gets none that it does not handle. */

import { equal } from "node:assert/strict";
import { TritonProcess } from "../support/triton_process.ts";
import { untilTrue } from "../support/within.ts";
import { startPipeline } from "./pipeline.ts";

/** The start of `triton` as PID 1, if this machine allows it. */
const AS_PID_1 = ["unshare", "--pid", "--fork", "--kill-child"];

async function canUnshare(): Promise<boolean> {
  const [program = "", ...args] = [...AS_PID_1, "true"];
  try {
    return (await new Deno.Command(program, { args, stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

const isAllowed = await canUnshare();

/** The only child of a process, which is `triton` where `unshare` starts it. */
async function childOf(pid: number): Promise<number | undefined> {
  const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`).catch(() => "");
  return children === "" ? undefined : Number(children);
}

/** Commands that wait for something, for ever. */
const COMMANDS = {
  cat: ["cat", "-"],
  put: ["put", "--stream", "clicks"],
  verify: ["verify", "--stream", "clicks"],
  ls: ["ls", "--stream", "clicks"],
};

for (const [name, args] of Object.entries(COMMANDS)) {
  for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130], ["SIGHUP", 129]] as const) {
    const who = `triton ${name}${isAllowed ? " as PID 1" : ""}`;
    Deno.test(`${who} exits with ${code} at ${signal}`, async () => {
      await using pipeline = await startPipeline({ shards: 1 });
      const asked = Promise.withResolvers<void>();
      const released = Promise.withResolvers<undefined>();
      pipeline.s3.fault = () => {
        asked.resolve();
        return released.promise;
      };
      const fifo = `${pipeline.directory}/stdin`;
      await new Deno.Command("mkfifo", { args: [fifo] }).output();
      using _writer = await Deno.open(fifo, { read: true, write: true }); // who writes nothing
      const under = [...isAllowed ? AS_PID_1 : [], "sh", "-c", 'exec "$@" <"$0"', fifo];
      await using triton = new TritonProcess(args, {
        env: { ...pipeline.env, TRITON_DB: "" }, // verify takes it for what it knows
        under,
      });
      let over = false;
      triton.ended.then(() => over = true);
      let polls = 0; // since it handles signals
      await untilTrue(async () => {
        const pid = isAllowed ? await childOf(triton.pid) : triton.pid;
        if (pid === undefined || over || !await handles(pid)) return over;
        // Deno handles all three before it knows what to do with each.
        if (++polls > 10) Deno.kill(pid, signal);
        return over;
      }, "triton to end");
      released.resolve(undefined);
      const { code: ended, stderr } = await triton.ended;
      equal(ended, code, stderr);
    });
  }
}

/** Whether a process handles SIGTERM by now. */
async function handles(pid: number): Promise<boolean> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  const caught = /^SigCgt:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
  return (BigInt(`0x${caught}`) >> 14n & 1n) === 1n;
}
