import { MemoryLedger } from "@triton/triton/checkpoint";
import { VirtualClock } from "@triton/triton";
import { positions } from "../checkpoint/contract.ts";
import { LEDGER_CONTRACT } from "./contract.ts";
import type { LedgerPlace } from "./support.ts";

/** Ledgers that are shared by sharing the object. */
function memoryPlace(): LedgerPlace {
  const clock = new VirtualClock();
  const ledgers = new Map<string, MemoryLedger>();
  let checkpoints = positions({});
  return {
    open({ client = "store", stream = "clicks" } = {}) {
      const key = JSON.stringify([client, stream]);
      const ledger = ledgers.get(key) ??
        new MemoryLedger(stream, {
          client,
          clock,
          checkpoints: ledgers.size ? positions({}) : checkpoints,
        });
      ledgers.set(key, ledger);
      return Promise.resolve(ledger);
    },
    save(saved) {
      checkpoints = positions(saved);
      return Promise.resolve();
    },
    pass: () => clock.advance(1),
  };
}

for (const { name, run } of LEDGER_CONTRACT) {
  Deno.test(`MemoryLedger: ${name}`, () => run(memoryPlace()));
}
