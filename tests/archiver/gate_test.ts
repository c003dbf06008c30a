import { equal } from "node:assert/strict";
import { Gate } from "../../src/archiver/gate.ts";

/** A signal that counts who listens to it. */
function countedSignal() {
  const stop = new AbortController();
  const { signal } = stop;
  const listening = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (type: string, listener: EventListener) => {
    listening.add(listener);
    add(type, listener);
  };
  signal.removeEventListener = (type: string, listener: EventListener) => {
    listening.delete(listener);
    remove(type, listener);
  };
  return { stop, signal, listening };
}

Deno.test("Gate.pass() leaves nothing behind on a signal that outlives it", async () => {
  const { stop, signal, listening } = countedSignal();
  const gate = new Gate();
  await gate.pass(signal);
  for (let i = 0; i < 10; i++) {
    gate.close();
    const passing = gate.pass(signal);
    gate.open();
    await passing;
  }
  equal(listening.size, 0);
  gate.close();
  const passing = gate.pass(signal);
  stop.abort();
  await passing;
  equal(listening.size, 0);
});
