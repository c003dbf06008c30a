import { deepStrictEqual } from "node:assert/strict";
import { summaryOf } from "../../src/monitor/summary.ts";
import { HOUR, manyStatuses, startingStatus, status, store } from "./monitor_fixture.ts";

Deno.test("summaryOf() adds up what was counted, and has the worst of the rest", () => {
  const [first, second] = manyStatuses(3);
  const streams = [
    {
      ...first!,
      lagMs: 7,
      headroomMs: HOUR,
      totals: { "triton.gaps": 2, "triton.records.read": 1 },
    },
    { ...second!, lagMs: 5, unarchivedAgeMs: 9 * HOUR, totals: { "triton.gaps": 3 } },
    startingStatus(),
  ];
  deepStrictEqual(summaryOf(store(...streams)), {
    ...{ lagMs: 7, unarchivedAgeMs: 9 * HOUR, headroomMs: HOUR },
    totals: { "triton.gaps": 5, "triton.records.read": 1 },
    lastFile: first!.recentFiles![0],
  });
});

Deno.test("summaryOf() knows nothing of streams that are not read yet", () => {
  const unknown = { lagMs: undefined, unarchivedAgeMs: undefined, headroomMs: undefined };
  const nothing = { ...unknown, totals: {}, lastFile: undefined };
  deepStrictEqual(summaryOf(store(startingStatus())), nothing);
  deepStrictEqual(summaryOf({ ...store(status()), streams: [] }), nothing);
});
