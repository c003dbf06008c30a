/** Rows for the steps of the codec, on one thread, compared with other libraries. */

import { encode } from "@msgpack/msgpack";
import type { Usage } from "./support/child.ts";
import { makeLongTexts, makeObjects } from "./support/events.ts";
import type { Case } from "./support/measure.ts";
import { treeIn } from "./support/tree.ts";
import type { Row, Workbench } from "./support/workbench.ts";

/** Enough for a measurement, and too much for the caches of any machine. */
const COUNT = 40_000;

const MSGPACK = "@msgpack/msgpack";

/** The steps, and the libraries that do them in `programs/codec_step.ts`. */
const STEPS = {
  "validate": { what: "validate", library: undefined },
  "decode": { what: "decode to objects", library: MSGPACK },
  "encode": { what: "encode objects", library: MSGPACK },
  "encode-long": { what: "encode objects with long texts outside ASCII", library: MSGPACK },
  "from-json": { what: "JSON lines to events", library: `JSON.parse and ${MSGPACK}` },
  "to-json": { what: "events to JSON lines", library: `${MSGPACK} and JSON.stringify` },
  // Compressing with native snappy measures the collection of its buffers more than its speed.
  "compress": { what: "compress, with CRC", library: undefined },
  "uncompress": { what: "uncompress, with CRC", library: "native snappy without CRC" },
};

function* codecStep(bench: Workbench, step: keyof typeof STEPS): Generator<Case> {
  const [archive] = bench.makeArchives(1, COUNT);
  const path = bench.path("codec.tri");
  Deno.writeFileSync(path, archive!.body);
  const args = [step, path, COUNT];
  const { what, library } = STEPS[step];
  yield {
    what,
    amount: megabytesOf(step),
    unit: "MB",
    measure: (tree) => runStep(tree.program("codec_step.ts", ...args)),
    ...library !== undefined && {
      others: { [library]: () => runStep(treeIn().program("codec_step.ts", ...args, "library")) },
    },
  };
}

/** The MB of MessagePack that a step reads or writes. */
function megabytesOf(step: string): number {
  const objects = step === "encode-long" ? makeLongTexts(COUNT) : makeObjects(COUNT);
  let bytes = 0;
  for (const object of objects) bytes += encode(object).length;
  return bytes / 1e6;
}

/** Runs a program that prints what it measured in itself. */
async function runStep([program, ...args]: readonly string[]): Promise<Usage> {
  const { success, stdout, stderr } = await new Deno.Command(program!, { args }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(text(stderr).split("\n")[0]);
  return JSON.parse(text(stdout));
}

export const CODEC_ROWS: readonly Row[] = Object.entries(STEPS).map(([name, { what }]) => ({
  name,
  summary: `${what}, in MB of MessagePack`,
  cases: (bench) => codecStep(bench, name as keyof typeof STEPS),
}));
