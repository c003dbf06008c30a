/**
 * Sends PutRecords, without the SDK's serializer and parser.
 *
 * The SDK walks its schema for every record and every result, which takes 2.5 µs a record. Here it
 * makes a request without records; then the body is replaced by one with them, and that of the
 * response is parsed by `JSON.parse`.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Kinesis, PutRecordsCommand, PutRecordsResultEntry } from "@aws-sdk/client-kinesis";
import { concatBytes } from "../../base/bytes.ts";
import type { PutEntry } from "../kinesis_api.ts";
import { EMPTY_RESPONSE, type WireResponse } from "./response_reader.ts";

/** The response to PutRecords, as far as it is used here; nothing in it is checked. */
export interface PutResponse {
  readonly Records?: readonly (PutRecordsResultEntry | null)[] | null;
}

/**
 * Sends a PutRecords.
 *
 * The SDK handles everything but the bodies: credentials, signature, errors.
 *
 * @param command The request without its records.
 * @param settings The SDK's options, such as `abortSignal`.
 * @returns The response.
 */
export async function sendPutRecords(
  client: Kinesis,
  command: PutRecordsCommand,
  entries: readonly PutEntry[],
  settings: { readonly abortSignal?: AbortSignal },
): Promise<PutResponse> {
  const { StreamName, StreamARN } = command.input;
  const body = putBody({ StreamName, StreamARN }, entries);
  let response: PutResponse | null = {};
  command.middlewareStack.add((next) => (args) => {
    (args.request as { body: unknown }).body = body;
    return next(args);
  }, { step: "serialize", priority: "low", name: "tritonPutRecords" });
  command.middlewareStack.add((next) => async (args) => {
    const result = await next(args);
    const wire = result.response as WireResponse;
    if (wire.statusCode < 300) { // as in the SDK
      response = await parse(wire);
      wire.body = EMPTY_RESPONSE; // for the SDK to read
    }
    return result;
  }, { step: "deserialize", priority: "low", name: "tritonPutResults" });
  await client.send(command, settings);
  return response ?? {};
}

/** The body of the request. */
export function putBody(
  stream: { readonly StreamName?: string | undefined; readonly StreamARN?: string | undefined },
  entries: readonly PutEntry[],
): Uint8Array {
  let body = `${JSON.stringify(stream).slice(0, -1)},"Records":[`;
  let comma = "";
  for (const { partitionKey, data } of entries) {
    const base64 = Buffer.from(data.buffer, data.byteOffset, data.length).toString("base64");
    body += `${comma}{"Data":"${base64}","PartitionKey":${JSON.stringify(partitionKey)}}`;
    comma = ",";
  }
  return Buffer.from(`${body}]}`);
}

async function parse(response: WireResponse): Promise<PutResponse | null> {
  const { body } = response;
  const chunks = body instanceof Uint8Array ? [body] : await Array.fromAsync(body);
  const text = Buffer.from(concatBytes(chunks)).toString();
  if (text === "") return {}; // as in the SDK
  try {
    return JSON.parse(text);
  } catch (error) {
    // As in the SDK's errors: an error in a body says little without the status.
    throw Object.assign(error as SyntaxError, { $response: response });
  }
}
