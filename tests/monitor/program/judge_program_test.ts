import { deepEqual } from "node:assert/strict";
import {
  judgeProgramHealth,
  judgeProgramReadiness,
} from "../../../src/monitor/program/judge_program.ts";
import type { PartStatus } from "../../../src/stream/mod.ts";
import { ago, MINUTE, NOW } from "../monitor_fixture.ts";

function part(changes: Partial<PartStatus>): PartStatus {
  return {
    ...{ type: "reader", stream: "clicks", client: "billing", state: "running" },
    ...{ startedAt: ago(60 * MINUTE), totals: {}, recentErrors: [], lagMs: 500 },
    ...changes,
  };
}

/** The reasons why a part is not ready, and those why it is not healthy. */
function judge(changes: Partial<PartStatus>) {
  const status = { at: NOW, version: "1", startedAt: NOW, parts: [part({}), part(changes)] };
  return [
    judgeProgramReadiness(status),
    judgeProgramHealth(status, { unhealthyAfterMs: 15 * MINUTE }),
  ].map(({ reasons }) => reasons);
}

Deno.test("A reader is healthy while it is not too far behind", () => {
  deepEqual(judge({ lagMs: 15 * MINUTE }), [[], []]);
  deepEqual(judge({ lagMs: 16 * MINUTE }), [[], [
    "clicks (reader billing): It is 16 min behind the newest record",
  ]]);
  deepEqual(judge({ type: "history", state: "archive", lagMs: undefined }), [[], []]);
});

Deno.test("A reader is ready once it has begun, and not healthy if it does not", () => {
  const begun = "clicks (reader billing): It has not begun to read";
  deepEqual(judge({ state: "starting", startedAt: ago(MINUTE), lagMs: undefined }), [[begun], []]);
  deepEqual(judge({ state: "starting", lagMs: undefined }), [[begun], [
    "clicks (reader billing): Nothing has been read since the start, 1 h ago",
  ]]);
});

Deno.test("A writer is ready and healthy while the stream accepts its records", () => {
  const writer = { type: "writer", client: "", lagMs: undefined } as const;
  deepEqual(judge({ ...writer, state: "starting" }), [[], []]);
  deepEqual(judge({ ...writer, waitingMs: 10_000 }), [[], []]);
  const error = { message: "Cannot put: away", times: 3, firstAt: ago(MINUTE), lastAt: NOW };
  const stuck = { ...writer, waitingMs: 20 * MINUTE, recentErrors: [error] };
  const reason = "clicks (writer): The stream has accepted nothing for 20 min: Cannot put: away";
  deepEqual(judge(stuck), [[reason], [reason]]);
  deepEqual(judge({ ...stuck, waitingMs: MINUTE })[1], []);
});

Deno.test("What has failed is neither ready nor healthy", () => {
  const failed = { state: "failed", error: "Cannot: no", lagMs: 99 * MINUTE } as const;
  const reading = "clicks (group billing): Reading failed: Cannot: no";
  deepEqual(judge({ ...failed, type: "group" }), [[reading], [reading]]);
  const writing = "clicks (writer): Writing failed: Cannot: no";
  deepEqual(judge({ ...failed, type: "writer", client: "" }), [[writing], [writing]]);
});
