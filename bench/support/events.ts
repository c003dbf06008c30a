/**
 * Generated events for the measurements, the same in each run. Nothing here uses the codec that is
 * measured, so that no tree has warmed up before another.
 *
 * @module
 */

import { encode } from "@msgpack/msgpack";
import { mulberry32 } from "../../src/base/clock.ts";

/** Number of events in the measurements of the original; they are 90.9 MB of MessagePack. */
export const EVENT_COUNT = 200_000;

const SEED = 20_151_001;
const START_MS = Date.UTC(2015, 9, 1);
const KINDS = ["page_view", "click", "search", "add_to_cart", "purchase", "login", "video_play"];
const COUNTRIES = ["DE", "US", "BR", "JP", "IN", "FR", "NG", "AU"];
const CITIES = ["Düsseldorf", "Portland", "São Paulo", "大阪", "Pune", "Lyon", "Lagos", "Perth"];
const AGENTS = [
  "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/41.0",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 9_0 like Mac OS X) Version/9.0 Mobile Safari/601.1",
  "Mozilla/5.0 (Windows NT 10.0; WOW64) Chrome/45.0.2454.101 Safari/537.36",
];
const SENTENCES = [
  "Der Stuhl ist schön, aber für große Menschen zu niedrig und kostet 49 €. ",
  "Стул красивый, но для высоких людей слишком низкий, и стоит 49 евро. ",
  "椅子はきれいですが、背の高い人には低すぎます。値段は四十九ユーロです。同じ店で机と棚も買いましたが、とても満足しています。",
];
const WORDS = "red blue small large new used wooden garden kitchen summer winter shoe chair lamp"
  .split(" ");

/** Generates events as objects: nested maps, strings, floats, integers of all sizes. */
export function* makeObjects(count: number = EVENT_COUNT): Generator<Record<string, unknown>> {
  const random = mulberry32(SEED);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = (from: readonly string[]) => from[below(from.length)]!;
  const hex = () => below(0x100000000).toString(16).padStart(8, "0");
  const words = (n: number) => Array.from({ length: n }, () => pick(WORDS)).join(" ");
  for (let i = 0; i < count; i++) {
    const place = below(COUNTRIES.length);
    const ms = START_MS + i * 17 + below(17);
    yield {
      event: pick(KINDS),
      amount: below(100_000) / 100,
      id: `${hex()}-${hex()}-${hex()}`,
      time: ms / 1000,
      created_at: new Date(ms).toISOString(),
      user: { id: below(0x7fffffff), visits: below(200), member: random() < 0.3 },
      client: {
        ip: `10.${below(256)}.${below(256)}.${below(256)}`,
        agent: pick(AGENTS),
        screen: { width: 320 + below(12) * 160, height: 480 + below(8) * 90 },
      },
      geo: {
        country: COUNTRIES[place],
        city: CITIES[place],
        lat: (below(180_000_000) - 90_000_000) / 1e6,
        lon: (below(360_000_000) - 180_000_000) / 1e6,
      },
      page: { path: `/shop/${pick(WORDS)}/${below(100_000)}`, title: words(3), referrer: null },
      metrics: { load_ms: below(3_000_000) / 1000, scroll: random(), clicks: below(40) },
      items: Array.from({ length: below(4) }, () => below(1_000_000)),
    };
  }
}

/** Generates events with a text of 300 to 2,000 characters, in one of several languages. */
export function* makeLongTexts(count: number): Generator<Record<string, unknown>> {
  const random = mulberry32(SEED);
  for (const object of makeObjects(count)) {
    const sentence = SENTENCES[Math.floor(random() * SENTENCES.length)]!;
    yield { ...object, review: sentence.repeat(5 + Math.floor(random() * 25)) };
  }
}

/** Generates events as MessagePack, one array each. */
export function makeEvents(count: number = EVENT_COUNT): Uint8Array[] {
  return Array.from(makeObjects(count), (object) => encode(object));
}

/** Concatenates events. */
export function join(events: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(events.reduce((size, event) => size + event.length, 0));
  let at = 0;
  for (const event of events) {
    joined.set(event, at);
    at += event.length;
  }
  return joined;
}
