/** The real events that benchmarks run on. */

import { encodeEvent } from "../../src/codec/mod.ts";

/** Events as objects, each as MessagePack, and all of it joined together. */
export interface Dataset {
  readonly name: string;
  readonly objects: readonly object[];
  readonly events: readonly Uint8Array[];
  readonly joined: Uint8Array;
}

/** The 1,707 earthquakes of the examples, repeated: nested events of 600 bytes. */
export async function loadEarthquakes(times: number): Promise<Dataset> {
  const file = new URL("../../examples/data/earthquakes.ndjson", import.meta.url);
  const lines = (await Deno.readTextFile(file)).trimEnd().split("\n");
  return dataset("earthquakes", lines.map((line) => JSON.parse(line)), times);
}

/** 200,000 flights, flat events of 33 bytes, from the npm package `vega-datasets`. */
export async function loadFlights(times: number): Promise<Dataset> {
  await import("vega-datasets"); // so that the package is installed before its files are read
  const file = new URL("../data/flights-200k.json", import.meta.resolve("vega-datasets"));
  return dataset("flights", JSON.parse(await Deno.readTextFile(file)), times);
}

function dataset(name: string, once: readonly object[], times: number): Dataset {
  const objects = Array.from({ length: times }, () => once).flat();
  const events = objects.map((object) => encodeEvent(object));
  const joined = new Uint8Array(events.reduce((size, event) => size + event.length, 0));
  let at = 0;
  for (const event of events) {
    joined.set(event, at);
    at += event.length;
  }
  return { name, objects, events, joined };
}
