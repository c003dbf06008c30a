import type { DrawMap, MapAnswer, MapRequest, StreamKey } from "../../../monitor/mod.ts";
import type { CliContext } from "../../cli_context.ts";
import { redact } from "../../text/redact.ts";
import type { ArchivePlace, MapWindow } from "./archive_maps.ts";

/** How long a request waits for a map to be drawn, in milliseconds; after that, its page reloads. */
const WAIT_MS = 3_000;

/** How long a failure is kept, so that reloading does not ask the bucket again, in milliseconds. */
const KEEP_FAILURE_MS = 30_000;

/** Most maps that wait to be drawn, one after the other. */
const MAX_WAITING = 4;

/** Most characters of all pages that are kept. */
const MAX_KEPT = 4_000_000;

/** What {@linkcode MapPages} needs. */
export interface MapPagesOptions extends Pick<CliContext, "clock" | "env"> {
  /** URL of the database. */
  readonly database: string;
  /** Where the archive of a stream is; undefined if it is not archived any more. */
  readonly placeOf: (stream: StreamKey) => ArchivePlace | undefined;
}

/** A map that was drawn, or could not be. */
interface Kept {
  readonly answer: Exclude<MapAnswer, { readonly type: "reading" }>;
  readonly until: number;
}

/** A map that is being drawn. */
interface Drawing {
  files: number;
  readonly done: Promise<void>;
}

/** Draws maps on request, one at a time, and keeps the pages for a while. */
export class MapPages implements AsyncDisposable {
  readonly #options: MapPagesOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #drawing = new Map<string, Drawing>();
  readonly #stop = new AbortController();
  #last: Promise<void> = Promise.resolve();

  constructor(options: MapPagesOptions) {
    this.#options = options;
  }

  /** The page of a map; while it is not there, how far it has come. */
  readonly draw: DrawMap = async (request) => {
    const { WINDOWS } = await import("./archive_maps.ts");
    const window = WINDOWS.find(({ days }) => days === (request.days ?? 14)) ?? WINDOWS[1];
    const key = JSON.stringify([request.stream, request.client, window.days, request.self]);
    const kept = this.#find(key);
    if (kept !== undefined) return kept;
    if (!this.#drawing.has(key) && this.#drawing.size >= MAX_WAITING) {
      return { type: "reading", files: 0 };
    }
    const drawing = this.#drawing.get(key) ?? this.#begin(key, request, window);
    const over = new AbortController();
    await Promise.race([drawing.done, this.#pause(over.signal)]);
    over.abort();
    return this.#find(key) ?? { type: "reading", files: drawing.files };
  };

  /** Ends what is being drawn, without waiting for it. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    return Promise.resolve();
  }

  #find(key: string): Kept["answer"] | undefined {
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.until > this.#options.clock.now()) return kept.answer;
    this.#kept.delete(key);
    return undefined;
  }

  #pause(signal: AbortSignal): Promise<void> {
    return this.#options.clock.sleep(WAIT_MS, signal).catch(() => {});
  }

  #begin(key: string, request: MapRequest, window: MapWindow): Drawing {
    const onProgress = (files: number) => void (drawing.files = files);
    const work = async () => {
      const answer = await this.#draw(request, window, onProgress);
      const keepMs = answer.type === "page" ? window.keepMs : KEEP_FAILURE_MS;
      this.#keep(key, { answer, until: this.#options.clock.now() + keepMs });
      this.#drawing.delete(key);
    };
    const drawing: Drawing = { files: 0, done: this.#last = this.#last.then(work) };
    this.#drawing.set(key, drawing);
    return drawing;
  }

  async #draw(
    request: MapRequest,
    window: MapWindow,
    onProgress: (files: number) => void,
  ): Promise<Kept["answer"]> {
    const { placeOf, database, clock, env } = this.#options;
    const { signal } = this.#stop;
    try {
      const place = placeOf(request);
      if (place === undefined) return { type: "failed", reason: "The stream is not archived." };
      const { drawArchive } = await import("./archive_maps.ts");
      const options = { ...place, database, clock, signal, onProgress };
      return { type: "page", body: await drawArchive(request, window, options) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { type: "failed", reason: redact(reason, env) };
    }
  }

  /** Keeps a page, and no more of the older ones than fit. */
  #keep(key: string, kept: Kept): void {
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    const size = ({ answer }: Kept) => answer.type === "page" ? answer.body.length : 100;
    let total = this.#kept.values().reduce((sum, one) => sum + size(one), 0);
    for (const [oldest, one] of this.#kept) {
      if (total <= MAX_KEPT || oldest === key) return;
      this.#kept.delete(oldest);
      total -= size(one);
    }
  }
}
