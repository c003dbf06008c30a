import type { StreamKey } from "./store_status.ts";

/** Which map is asked for, and how its page reaches others. */
export interface MapRequest extends StreamKey {
  /** How many days back; undefined if the request does not say so. */
  readonly days: number | undefined;
  /** What leads from the page to `/`. */
  readonly root: "" | "../";
  /** What leads from the page to itself, without a query. */
  readonly self: string;
  /** What leads from `/` to the stream's status. */
  readonly status: string;
  /** The query that names the client, if two streams have the same name; else empty. */
  readonly query: string;
}

/** A map, as far as it is drawn. */
export type MapAnswer =
  | { readonly type: "page"; readonly body: string }
  /** It is being read; so many files were. */
  | { readonly type: "reading"; readonly files: number }
  | { readonly type: "failed"; readonly reason: string };

/** Draws the archive of a stream, or says how far that has come. */
export type DrawMap = (request: MapRequest) => Promise<MapAnswer>;
