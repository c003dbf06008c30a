import type { Mutant } from "../mutant.ts";

const STREAM = "src/archiver/host/hosted_stream.ts";
const HOST = "src/archiver/host/archiver_host.ts";
const FAILING = ["tests/archiver/host/failing_stream_test.ts"];
const RUNNING = ["tests/archiver/host/archiver_host_test.ts"];

/** Wrong changes to the host of many streams. */
export const HOST_MUTANTS: readonly Mutant[] = [
  {
    breaks: "the pauses between the attempts of a stream grow up to 5 minutes",
    file: STREAM,
    find: "const PAUSES = { firstDelayMs: 1_000, maxDelayMs: 300_000 } as const;",
    replace: "const PAUSES = { firstDelayMs: 1_000, maxDelayMs: 30_000 } as const;",
    tests: FAILING,
  },
  {
    breaks: "a retry skips no records once shards have been read",
    file: STREAM,
    find: "this.#options.skipToLatest === true && !this.#hasRead",
    replace: "this.#options.skipToLatest === true",
    tests: FAILING,
  },
  {
    breaks: "an attempt that reads nothing skips nothing",
    file: STREAM,
    find: "this.#hasRead ||= archiver.isReading;",
    replace: "this.#hasRead = true;",
    tests: FAILING,
  },
  {
    breaks: "an attempt leaves nothing of its archiver in memory",
    file: STREAM,
    find: "      this.#archiver = undefined; // with all that it has in memory\n",
    replace: "",
    tests: FAILING,
  },
  {
    breaks: "a removed stream is there until what was read of it is archived",
    file: HOST,
    find: "      await hosted.stop();\n",
    replace: "      hosted.stop().catch(() => {});\n",
    tests: RUNNING,
  },
  {
    breaks: "a stream that is added while the host runs is started",
    file: HOST,
    find: "    this.#streams.set(key, hosted);\n    this.#start(hosted);\n",
    replace: "    this.#streams.set(key, hosted);\n",
    tests: RUNNING,
  },
  {
    breaks: "the streams of a host share its memory",
    file: HOST,
    find: "    const shared = { ...this.#shared, leases };\n",
    replace: "    const shared = { ...shareWork(), leases };\n",
    tests: RUNNING,
  },
];
