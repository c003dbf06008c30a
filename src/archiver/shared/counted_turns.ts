import type { TurnLine } from "../../kinesis/mod.ts";
import type { SharedMemory } from "./shared_memory.ts";

/** Turns whose answers are counted as memory, from the request on. */
export function countedTurns(line: TurnLine, memory: Pick<SharedMemory, "answer">): TurnLine {
  return {
    noteResponse: (hasResponded) => line.noteResponse?.(hasResponded),
    async take(signal) {
      const turn = await line.take(signal);
      const answer = memory.answer();
      return {
        [Symbol.dispose]: () => {
          answer[Symbol.dispose]();
          turn[Symbol.dispose]();
        },
      };
    },
  };
}
