import type {
  ListObjectsV2Command,
  ListObjectsV2CommandInput,
  ListObjectsV2CommandOutput,
  S3Client,
} from "@aws-sdk/client-s3";
import { PageProgress } from "../../aws/http/page_progress.ts";
import { sendRequest } from "../../aws/send_request.ts";
import type { RequestSettings } from "../../base/settings/bucket_settings.ts";
import { nextToken } from "./s3_responses.ts";
import { s3Error } from "./s3_error.ts";

/** Options of {@linkcode listPages}. */
export interface ListPagesOptions {
  readonly signal: AbortSignal | undefined;
  /** What is sent with each request: part of `input`, and of the errors' advice. */
  readonly settings: RequestSettings;
  /** Called with each command before it is sent. */
  readonly onCommand: (command: ListObjectsV2Command) => void;
}

/**
 * Lists objects and folders, one request per page of up to 1,000.
 *
 * @param what What cannot be done if a request fails, such as `"Cannot list s3://bucket/"`.
 */
export async function* listPages(
  client: S3Client,
  what: string,
  input: ListObjectsV2CommandInput,
  { signal, settings, onCommand }: ListPagesOptions,
): AsyncGenerator<ListObjectsV2CommandOutput> {
  const { ListObjectsV2Command } = await import("@aws-sdk/client-s3");
  const progress = new PageProgress();
  let token: string | undefined;
  do {
    // Keys may hold characters that XML cannot.
    const pageInput = { ...input, ContinuationToken: token, EncodingType: "url" } as const;
    const command = new ListObjectsV2Command(pageInput);
    onCommand(command);
    const page = await sendRequest(
      client,
      signal,
      () => client.send(command, { abortSignal: signal }),
      (error, mayPass) => s3Error(what, error, { mayPass, settings }),
    );
    token = nextToken(what, page, progress);
    yield page;
  } while (token !== undefined);
}
