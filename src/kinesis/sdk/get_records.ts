/**
 * Sends GetRecords, without the SDK's parser.
 *
 * The SDK walks its schema for every field of every record, which takes 5 µs a record, and it holds
 * the body, its text and all of its parts at once, 30 MB for each shard that is far behind. Here the
 * SDK makes the request, and the body is left to be read by `response_reader.ts`.
 *
 * @module
 */

import type { GetRecordsCommand, Kinesis } from "@aws-sdk/client-kinesis";
import { EMPTY_RESPONSE, type WireResponse } from "./response_reader.ts";

/**
 * Sends a GetRecords.
 *
 * The SDK handles everything but the body of a successful response: credentials, signature, errors.
 *
 * @param settings The SDK's options, such as `abortSignal`.
 * @returns The response, whose body must be read or cancelled.
 */
export async function sendGetRecords(
  client: Kinesis,
  command: GetRecordsCommand,
  settings: { readonly abortSignal?: AbortSignal },
): Promise<WireResponse> {
  let response: WireResponse | undefined;
  command.middlewareStack.add((next) => async (args) => {
    const result = await next(args);
    const wire = result.response as WireResponse;
    if (wire.statusCode < 300) { // as in the SDK
      response = { ...wire };
      wire.body = EMPTY_RESPONSE; // for the SDK to read
    }
    return result;
  }, { step: "deserialize", priority: "low", name: "tritonGetRecords" });
  const options = { ...settings, streamsBody: true };
  await client.send(command, options);
  return response ?? { statusCode: 200, headers: {}, body: EMPTY_RESPONSE };
}
