import { equal } from "node:assert/strict";
import { PageProgress } from "../../../src/aws/http/page_progress.ts";

Deno.test("PageProgress lets a listing go on that moves, also over empty pages", () => {
  const progress = new PageProgress();
  for (let i = 0; i < 5_000; i++) {
    equal(progress.check(`${i}`, i % 1000 === 0 ? `key ${i}` : undefined), undefined);
  }
});

Deno.test("PageProgress notices a listing that does not move on", () => {
  const cases: [string, [string, string | undefined][]][] = [
    ["the server says that there are more pages, but returns no continuation token", [["", "a"]]],
    ["the server returns the same continuation token again", [["1", "a"], ["1", "b"]]],
    ["the server returns the same continuation token again", [["1", "a"], ["2", "b"], ["1", "c"]]],
    ["the server returns the same page again", [["1", "a"], ["2", "a"]]],
    ["the server returns the same page again", [["1", "a"], ["2", undefined], ["3", "a"]]],
    ["the server returns the same page again", [["1", "a"], ["2", "b"], ["3", "a"]]],
    [
      "the server returns more than 1000 empty pages",
      Array.from({ length: 1001 }, (_, i) => [`${i}`, undefined]),
    ],
  ];
  for (const [expected, pages] of cases) {
    const progress = new PageProgress();
    const results = pages.map(([token, first]) => progress.check(token, first));
    equal(results.at(-1), expected);
    equal(results.slice(0, -1).every((result) => result === undefined), true);
  }
});
