import { equal, rejects } from "node:assert/strict";
import type { Sql } from "postgres";
import { SessionStock } from "../../../../src/shards/group/effects/session_stock.ts";
import type { PostgresSession } from "../../../../src/sql/postgres/session.ts";

/** A session on which the server answers only the first so many statements. */
function mutedAfter(answers: number): PostgresSession & { readonly isDiscarded: boolean } {
  const lost = new AbortController();
  const answer = () => answers-- > 0 ? Promise.resolve([[{ pid: 1 }]]) : new Promise(() => {});
  return {
    sql: { unsafe: answer } as unknown as Sql,
    get isAlive() {
      return !lost.signal.aborted;
    },
    get isDiscarded() {
      return lost.signal.aborted;
    },
    ...{ lost: lost.signal, lastWords: undefined, prepared: 0 },
    prepareIn: () => {},
    rest: () => {},
    wake: () => {},
    discard: () => lost.abort(new Error("lost")),
    end: () => Promise.resolve(),
  };
}

for (const answers of [0, 1]) {
  const which = answers === 0 ? "a new" : "an idle";
  Deno.test(`SessionStock.begin() does not wait for ${which} session after an abort`, async () => {
    const session = mutedAfter(answers);
    await using stock = new SessionStock({ connect: () => Promise.resolve(session) });
    if (answers === 1) await stock.giveBack(await stock.begin("Cannot begin", "BEGIN"));
    const stop = new AbortController();
    const begun = stock.begin("Cannot begin", "BEGIN", stop.signal);
    begun.catch(() => {});
    await Promise.resolve();
    const reason = new Error("stop");
    stop.abort(reason);
    await rejects(begun, (error) => error === reason);
    equal(session.isDiscarded, true);
  });
}
