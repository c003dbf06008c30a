import { deepStrictEqual } from "node:assert/strict";
import { judgeHealth, judgeReadiness } from "../../src/monitor/judge_store.ts";
import {
  ago,
  failingStatus,
  HOUR,
  LIMITS,
  MINUTE,
  shard,
  startingStatus,
  status,
  store,
} from "./monitor_fixture.ts";

const OK = { ok: true, reasons: [] };
const FAILURE = "Archiving failed 7 times in 5 min: Cannot read clicks_prod: " +
  "AccessDeniedException; the next attempt is in 1 min";

const late = (name: string, changes = {}) =>
  status({ stream: name, shards: [shard(0, { unarchivedAgeMs: 80 * MINUTE })], ...changes });
const LATE = "shardId-000000000000: records that arrived 1 h 20 min ago are not archived";

Deno.test("judgeHealth() names the streams that are not well, and why", () => {
  const orders = failingStatus({ stream: "orders" });
  const three = store(status(), orders, late("payments"));
  deepStrictEqual(judgeHealth(three, LIMITS), {
    ok: false,
    reasons: [`orders: ${FAILURE}`, `payments: ${LATE}`],
  });
  deepStrictEqual(judgeHealth(store(status(), status({ stream: "orders" })), LIMITS), OK);
});

Deno.test("judgeHealth() gives a reason once, and leaves out the names of all streams", () => {
  const streams = [late("clicks"), late("orders"), status()];
  deepStrictEqual(judgeHealth(store(...streams), LIMITS).reasons, [`clicks, orders: ${LATE}`]);
  deepStrictEqual(judgeHealth(store(late("clicks"), late("orders")), LIMITS).reasons, [LATE]);
  deepStrictEqual(judgeHealth(store(failingStatus()), LIMITS).reasons, [FAILURE]);
});

Deno.test("judgeHealth() tells streams of one name apart by their clients", () => {
  const streams = [late("clicks"), status({ stream: "clicks", client: "audit" }), status()];
  deepStrictEqual(judgeHealth(store(...streams), LIMITS).reasons, [
    `clicks (client store): ${LATE}`,
  ]);
});

Deno.test("judgeHealth() allows each stream the time between two of its files", () => {
  const unlimited = { ...LIMITS, unhealthyAfterMs: undefined };
  const streams = [late("hourly"), late("daily", { rotateMs: 24 * HOUR }), status()];
  deepStrictEqual(judgeHealth(store(...streams), unlimited).reasons, [`hourly: ${LATE}`]);
});

Deno.test("judgeReadiness() needs the database and one stream", () => {
  const failing = failingStatus({ stream: "orders" });
  deepStrictEqual(judgeReadiness(store(failing, status()), LIMITS), OK);
  deepStrictEqual(judgeReadiness(store(failing, failing), LIMITS), {
    ok: false,
    reasons: [FAILURE],
  });
  const { services } = status();
  const ledger = { lastAnswerAt: ago(HOUR), failingSince: ago(MINUTE), error: "refused" };
  const cut = status({ services: { ...services, ledger } });
  deepStrictEqual(judgeReadiness(store(cut, { ...cut, stream: "payments" }), LIMITS).reasons, [
    "The database has been failing for 1 min: refused",
  ]);
});

Deno.test("judgeReadiness() refuses a store that archives nothing yet", () => {
  const waiting = store(startingStatus(), startingStatus({ stream: "orders" }));
  deepStrictEqual(judgeReadiness(waiting, LIMITS).reasons, [
    "The database has not responded yet: Cannot connect: refused",
  ]);
  const none = { ...store(), streams: [] };
  const reasons = (state: "running" | "starting") =>
    judgeReadiness({ ...none, state }, LIMITS).reasons;
  deepStrictEqual(reasons("starting"), ["The streams are not known yet"]);
  deepStrictEqual(reasons("running"), ["No stream is archived"]);
});

Deno.test("judgeHealth() gives a store as much time to find its streams as a record", () => {
  const none = { ...store(), state: "starting" as const };
  deepStrictEqual(judgeHealth({ ...none, startedAt: ago(MINUTE) }, LIMITS), OK);
  deepStrictEqual(judgeHealth({ ...none, startedAt: ago(2 * HOUR) }, LIMITS).reasons, [
    "Nothing has been read since the start, 2 h ago",
  ]);
  deepStrictEqual(judgeHealth({ ...none, state: "running" }, LIMITS), OK);
});
