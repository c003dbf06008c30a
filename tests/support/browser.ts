/**
 * Controls a headless Chromium, for tests of pages.
 *
 * It uses the DevTools protocol directly: `playwright-core`, which does the same, has 150 MB; this is
 * one page of code.
 *
 * @module
 */

/** Names of Chromium executables. */
const PROGRAMS = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];

/** How a page is displayed. */
export interface Viewport {
  /** Width in CSS pixels. */
  readonly width: number;
  /** Height in CSS pixels. */
  readonly height: number;
  /** The preferred colour scheme. */
  readonly scheme: "light" | "dark";
}

/** A browser with one page. */
export class Browser implements AsyncDisposable {
  /** What the page logged or threw; empty for a working page. */
  readonly complaints: string[] = [];
  readonly #process: Deno.ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  readonly #events = new Map<string, () => void>();
  #session: string | undefined;
  #next = 1;

  private constructor(process: Deno.ChildProcess, profile: string, socket: WebSocket) {
    this.#process = process;
    this.#profile = profile;
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
  }

  /** Starts a browser; undefined, after a warning, if none is installed. */
  static async start(): Promise<Browser | undefined> {
    const profile = await Deno.makeTempDir({ prefix: "triton-browser-" });
    const process = spawn(profile);
    if (process === undefined) {
      await Deno.remove(profile, { recursive: true });
      console.error(
        "WARNING: no Chromium here (Debian: chromium-headless-shell): the page's layout, its script " +
          "and its looks were not checked, only its HTML",
      );
      return undefined;
    }
    const socket = new WebSocket(await debuggerUrl(process));
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    const browser = new Browser(process, profile, socket);
    const { targetId } = await browser.#send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await browser.#send("Target.attachToTarget", { targetId, flatten: true });
    browser.#session = sessionId as string;
    for (const domain of ["Page", "Runtime", "Log"]) await browser.#send(`${domain}.enable`);
    return browser;
  }

  /** Opens a page and waits until it is loaded. */
  async open(url: string, { width, height, scheme }: Viewport): Promise<void> {
    const size = { width, height, deviceScaleFactor: 1, mobile: width < 600 };
    await this.#send("Emulation.setDeviceMetricsOverride", size);
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await this.#send("Emulation.setEmulatedMedia", { features });
    const loaded = new Promise<void>((resolve) => this.#events.set("Page.loadEventFired", resolve));
    await this.#send("Page.navigate", { url });
    await loaded;
  }

  /** The value of an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const options = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.#send("Runtime.evaluate", options);
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: T }).value;
  }

  /** The whole page as a PNG. */
  async screenshot(): Promise<Uint8Array> {
    const options = { format: "png", captureBeyondViewport: true };
    const { data } = await this.#send("Page.captureScreenshot", options);
    return Uint8Array.from(atob(data as string), (character) => character.charCodeAt(0));
  }

  /** Ends the browser and its child processes. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#session = undefined;
    this.#send("Browser.close");
    await this.#process.status;
    this.#socket.close();
    await Deno.remove(this.#profile, { recursive: true });
  }

  #send(method: string, params: unknown = {}): Promise<Record<string, unknown>> {
    const id = this.#next++;
    const answer = Promise.withResolvers<Record<string, unknown>>();
    this.#answers.set(id, answer);
    this.#socket.send(JSON.stringify({ id, method, params, sessionId: this.#session }));
    return answer.promise;
  }

  // deno-lint-ignore no-explicit-any
  #receive({ id, result, error, method, params }: any): void {
    if (id !== undefined) {
      const answer = this.#answers.get(id)!;
      this.#answers.delete(id);
      if (error === undefined) answer.resolve(result);
      else answer.reject(new Error(error.message));
      return;
    }
    if (method === "Runtime.exceptionThrown") {
      this.complaints.push(params.exceptionDetails.exception?.description ?? "exception");
    } else if (method === "Log.entryAdded") this.complaints.push(params.entry.text);
    this.#events.get(method)?.();
  }
}

function spawn(profile: string): Deno.ChildProcess | undefined {
  for (const program of PROGRAMS) {
    try {
      return new Deno.Command(program, {
        args: [
          "--headless",
          "--no-sandbox", // which root cannot have; the only page is our own
          "--disable-gpu",
          "--hide-scrollbars",
          "--remote-debugging-port=0",
          `--user-data-dir=${profile}`,
        ],
        stdout: "null",
        stderr: "piped",
      }).spawn();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}

/** Reads from the browser's log where it listens. */
async function debuggerUrl(process: Deno.ChildProcess): Promise<string> {
  const found = Promise.withResolvers<string>();
  let text = "";
  // Read to the end: the browser would block when the pipe is full.
  const read = new WritableStream<string>({
    write(part) {
      text += part;
      const url = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
      if (url !== undefined) found.resolve(url);
    },
  });
  process.stderr.pipeThrough(new TextDecoderStream()).pipeTo(read)
    .then(() => found.reject(new Error(`The browser ended: ${text}`)));
  return await found.promise;
}
