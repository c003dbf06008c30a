import type { Kinesis, ListStreamsInput } from "@aws-sdk/client-kinesis";
import { PageProgress } from "../../aws/http/page_progress.ts";
import { KinesisError } from "../../base/errors.ts";
import type { StreamSummary } from "../kinesis_api.ts";
import { invalidResponse, list, text } from "./response_parts.ts";

/** Streams per page: AWS returns 100 by default, and allows five requests per second. */
const STREAMS_PER_PAGE = 1_000;

/** The SDK's options of a request. */
interface Settings {
  readonly abortSignal?: AbortSignal;
}

/** Sends one request, and converts its errors. */
type Request = <T>(what: string, send: (settings: Settings) => Promise<T>) => Promise<T>;

/** Lists the streams of the account, page by page. */
export async function* listStreams(
  client: Kinesis,
  request: Request,
): AsyncGenerator<StreamSummary> {
  const what = "list the streams";
  const pages = new Pages(what);
  let input: ListStreamsInput = { Limit: STREAMS_PER_PAGE };
  while (true) {
    const page = await request(what, (settings) => client.listStreams(input, settings));
    const names = list(page.StreamNames, what, "StreamNames").map((name) =>
      text(name, what, "StreamNames")
    );
    const summaries = new Map(page.StreamSummaries?.map((one) => [one.StreamName, one]));
    for (const name of names) {
      yield { name, status: summaries.get(name)?.StreamStatus ?? undefined };
    }
    if (page.HasMoreStreams !== true) return;
    // Without a token, as older and local services have it, the last name says where to go on.
    const token = page.NextToken ?? undefined;
    pages.follow(token ?? names.at(-1), names[0]);
    const next = token === undefined
      ? { ExclusiveStartStreamName: names.at(-1)! }
      : { NextToken: token };
    input = { Limit: STREAMS_PER_PAGE, ...next };
  }
}

/** Lists the tags of a stream, page by page. */
export async function listTags(
  client: Kinesis,
  request: Request,
  stream: string,
): Promise<Map<string, string>> {
  const what = `list the tags of stream "${stream}"`;
  const pages = new Pages(what);
  const tags = new Map<string, string>();
  let next = {};
  while (true) {
    const input = { StreamName: stream, ...next };
    const page = await request(what, (settings) => client.listTagsForStream(input, settings));
    const keys = list(page.Tags, what, "Tags").map(({ Key, Value }) => {
      tags.set(text(Key, what, "Key"), Value ?? "");
      return Key;
    });
    if (page.HasMoreTags !== true) return tags;
    pages.follow(keys.at(-1), keys[0]);
    next = { ExclusiveStartTagKey: keys.at(-1) };
  }
}

/** Detects a listing that does not advance. */
class Pages {
  readonly #what: string;
  readonly #progress = new PageProgress();

  constructor(what: string) {
    this.#what = what;
  }

  /** Notes that a page follows, after `token`; `first` is the first entry of this one. */
  follow(token: string | undefined, first: string | undefined): void {
    if (token === undefined) throw invalidResponse(this.#what, "entries before the next page");
    const wrong = this.#progress.check(token, first);
    if (wrong === undefined) return;
    throw new KinesisError(`Cannot ${this.#what}: ${wrong}`, { code: "InvalidAnswer" });
  }
}
