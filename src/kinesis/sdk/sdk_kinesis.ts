import type { Kinesis, ListShardsInput } from "@aws-sdk/client-kinesis";
import { PageProgress } from "../../aws/http/page_progress.ts";
import { KinesisError } from "../../base/errors.ts";
import type { ShardId } from "../../base/record.ts";
import { sendRequest } from "../../aws/send_request.ts";
import { readServiceTime } from "../../aws/service_time.ts";
import { invalidResponse, list, present, text } from "./response_parts.ts";
import { toIteratorInput, toPutResult, toSettings, toShard, whole } from "./convert.ts";
import { PackedRecords } from "./packed_records.ts";
import { ResponseMemory, ResponseReader, type WireResponse } from "./response_reader.ts";
import { RecordsGetter } from "./get_records.ts";
import { listStreams, listTags } from "./list_streams.ts";
import { sendPutRecords } from "./put_records.ts";
import type {
  GetRecordsOptions,
  KinesisApi,
  KinesisRecord,
  PutEntry,
  PutResult,
  RecordBatch,
  RequestOptions,
  Shard,
  StartPosition,
  StreamDescription,
  StreamSummary,
} from "../kinesis_api.ts";
import { toKinesisError } from "./kinesis_error.ts";

/** The SDK, loaded when the first records are read: importing this file must not load it. */
let loading: Promise<typeof import("@aws-sdk/client-kinesis")> | undefined;
const sdk = () => loading ??= import("@aws-sdk/client-kinesis");

/** What a response lacks whose results are fewer or more than the records. */
const ONE_EACH = "one result for each record";

/**
 * Kinesis over the AWS SDK.
 *
 * The caller creates and destroys the client. Set `maxAttempts: 1`, since Triton itself retries, and a
 * request handler for HTTP/1.1, since the client's default, HTTP/2, fails on local servers without
 * TLS. `openKinesis` does both.
 *
 * @example Usage
 * ```ts
 * import { SdkKinesis } from "@triton/triton/kinesis";
 * import { Kinesis } from "@aws-sdk/client-kinesis";
 * const client = new Kinesis({ region: "eu-west-1", maxAttempts: 1 });
 * const kinesis = new SdkKinesis(client);
 * client.destroy();
 * ```
 */
export class SdkKinesis implements KinesisApi {
  readonly #client: Kinesis;
  /** What the ARN of a stream has before its name; undefined if requests use names. */
  readonly #arns: string | undefined;
  readonly #region: string | undefined;
  readonly #getter: RecordsGetter;
  readonly #memory = new ResponseMemory();

  /**
   * Wraps a client.
   *
   * @param client The SDK's client, of the class with a method for each operation.
   * @param options With the `streamArn` of any stream, requests name streams by ARNs of its account.
   * `region` is that of the client, for error messages.
   */
  constructor(
    client: Kinesis,
    { streamArn, region }: {
      readonly streamArn?: string | undefined;
      readonly region?: string | undefined;
    } = {},
  ) {
    this.#client = client;
    this.#region = region;
    this.#arns = streamArn?.slice(0, streamArn.indexOf("/") + 1);
    this.#getter = new RecordsGetter(client);
  }

  /**
   * Lists the streams of the account in the region, by name, to the last page.
   *
   * @param options `signal` cancels the requests.
   * @returns The streams.
   * @throws {KinesisError} If a request is refused or cannot be sent.
   */
  listStreams({ signal }: RequestOptions = {}): AsyncGenerator<StreamSummary> {
    return listStreams(this.#client, (what, send) => this.#request(what, signal, send));
  }

  /**
   * Lists the tags of a stream.
   *
   * @param stream The stream's name.
   * @param options `signal` cancels the requests.
   * @returns The value of each tag.
   * @throws {KinesisError} If a request is refused or cannot be sent.
   */
  listTags(stream: string, { signal }: RequestOptions = {}): Promise<Map<string, string>> {
    const request = <T>(what: string, send: (settings: SdkSettings) => Promise<T>) =>
      this.#request(what, signal, send);
    return listTags(this.#client, request, stream);
  }

  /**
   * Describes a stream (by `DescribeStreamSummary`, which has the higher rate limit).
   *
   * @param stream The stream's name.
   * @param options `signal` cancels the request.
   * @returns The description.
   * @throws {KinesisError} If the request is refused or cannot be sent.
   */
  async describeStream(stream: string, options: RequestOptions = {}): Promise<StreamDescription> {
    const what = `describe stream "${stream}"`;
    const { DescribeStreamSummaryCommand } = await sdk();
    const command = new DescribeStreamSummaryCommand(this.#named(stream));
    let serverTime: Date | undefined;
    command.middlewareStack.add((next) => async (args) => {
      const result = await next(args);
      serverTime = readServiceTime((result.response as WireResponse).headers);
      return result;
    }, { step: "deserialize", name: "tritonServerTime" });
    const send = (settings: SdkSettings) => this.#client.send(command, settings);
    const response = await this.#request(what, options.signal, send);
    const summary = present(response.StreamDescriptionSummary, what, "StreamDescriptionSummary");
    return {
      name: summary.StreamName ?? stream,
      status: present(summary.StreamStatus, what, "StreamStatus"),
      createdAt: present(summary.StreamCreationTimestamp, what, "StreamCreationTimestamp"),
      retentionHours: present(summary.RetentionPeriodHours, what, "RetentionPeriodHours"),
      ...toSettings(summary),
      serverTime,
    };
  }

  /**
   * Lists all shards of a stream, closed ones included, to the last page.
   *
   * @param stream The stream's name.
   * @param options `signal` cancels the requests.
   * @returns The shards, in the service's order.
   * @throws {KinesisError} If a request is refused or cannot be sent.
   */
  async *listShards(stream: string, options: RequestOptions = {}): AsyncGenerator<Shard> {
    const what = `list the shards of stream "${stream}"`;
    const progress = new PageProgress();
    let input: ListShardsInput = this.#named(stream);
    while (true) {
      const send = (settings: SdkSettings) => this.#client.listShards(input, settings);
      const page = await this.#request(what, options.signal, send);
      const shards = list(page.Shards, what, "Shards");
      // Every stream has a shard: the response is not from Kinesis.
      if (shards.length === 0 && input.NextToken === undefined) {
        throw invalidResponse(what, "Shards");
      }
      for (const shard of shards) yield toShard(shard, what);
      const token = page.NextToken ?? undefined;
      if (token === undefined) return;
      const wrong = progress.check(token, shards[0]?.ShardId);
      if (wrong !== undefined) {
        throw new KinesisError(`Cannot ${what}: ${wrong}`, { code: "InvalidAnswer" });
      }
      input = { NextToken: token };
    }
  }

  /**
   * Gets an iterator, which is valid for five minutes.
   *
   * @param shard The shard to read.
   * @param position Where to start.
   * @param options `signal` cancels the request.
   * @returns The iterator.
   * @throws {KinesisError} If the request is refused or cannot be sent.
   */
  async getShardIterator(
    shard: { readonly stream: string; readonly shardId: ShardId },
    position: StartPosition,
    options: RequestOptions = {},
  ): Promise<string> {
    const what = `open shard "${shard.shardId}" of stream "${shard.stream}"`;
    const input = {
      ...this.#named(shard.stream),
      ShardId: shard.shardId,
      ...toIteratorInput(position),
    };
    const send = (settings: SdkSettings) => this.#client.getShardIterator(input, settings);
    const response = await this.#request(what, options.signal, send);
    return text(response.ShardIterator, what, "ShardIterator");
  }

  /**
   * Reads records at an iterator.
   *
   * @param iterator The iterator of `getShardIterator` or of the last batch.
   * @param options `limit` of records; `shard` is named in errors; `signal` cancels the request;
   * `onRecords` receives the records while they arrive, of two responses at a time.
   * @returns The records, unless `onRecords` received them, and the next iterator.
   * @throws {KinesisError} If the request is refused or cannot be sent; with the code
   * `ExpiredIteratorException` if the iterator has expired.
   */
  async getRecords(iterator: string, options: GetRecordsOptions = {}): Promise<RecordBatch> {
    const { shard, limit = 10_000 } = options;
    const what = shard === undefined
      ? "read from a shard"
      : `read shard "${shard.shardId}" of stream "${shard.stream}"`;
    const named = this.#arns === undefined || shard === undefined ? {} : this.#named(shard.stream);
    const input = { ShardIterator: iterator, Limit: limit, ...named };
    const send = (settings: SdkSettings) => this.#getter.get(input, settings);
    const response = await this.#request(what, options.signal, send);
    const serverTime = readServiceTime(response.headers);
    const records: KinesisRecord[] = [];
    await using reader = new ResponseReader(response, this.#memory, options.signal);
    const read = () => this.#request(what, options.signal, () => reader.next());
    // Returns before more is read: V8 would keep records that are held for longer as old objects.
    const takePiece = async () => {
      const piece = await read();
      if (piece === undefined) return false;
      const isPacked = piece instanceof PackedRecords;
      if (options.onRecords === undefined) {
        records.push(...isPacked ? piece.unpack() : whole(piece, what));
      } else {
        try {
          await options.onRecords({ records: isPacked ? piece : whole(piece, what), serverTime });
        } finally {
          reader.release();
        }
      }
      return true;
    };
    using _turn = options.onRecords &&
      await this.#memory.responses.take(options.signal, shard?.stream);
    while (await takePiece());
    const { hasRecords, NextShardIterator, MillisBehindLatest } = reader.rest;
    if (hasRecords !== true) throw invalidResponse(what, "Records");
    const next = NextShardIterator ?? undefined;
    // Otherwise a response with neither would count as the end of a closed shard.
    if (next === undefined) present(MillisBehindLatest, what, "MillisBehindLatest");
    return {
      records,
      nextIterator: next === undefined ? next : text(next, what, "NextShardIterator"),
      millisBehindLatest: MillisBehindLatest ?? 0,
      serverTime,
    };
  }

  /**
   * Puts up to 500 records.
   *
   * @param stream The stream's name.
   * @param entries The records.
   * @param options `signal` cancels the request; it is then unknown whether the stream has the records.
   * @returns The result for each record, in the order of `entries`.
   * @throws {KinesisError} If the request as a whole is refused or cannot be sent.
   */
  async putRecords(
    stream: string,
    entries: readonly PutEntry[],
    options: RequestOptions = {},
  ): Promise<PutResult[]> {
    const what = `put ${entries.length} records into stream "${stream}"`;
    const { PutRecordsCommand } = await sdk();
    const input = { ...this.#named(stream), Records: [] };
    const send = (settings: SdkSettings) =>
      sendPutRecords(this.#client, new PutRecordsCommand(input), entries, settings);
    const response = await this.#request(what, options.signal, send);
    const results = list(response.Records, what, "Records");
    if (results.length !== entries.length) throw invalidResponse(what, ONE_EACH);
    return results.map((result) => toPutResult(present(result, what, ONE_EACH), what));
  }

  /** How requests name a stream. */
  #named(stream: string): { readonly StreamName: string } | { readonly StreamARN: string } {
    return this.#arns === undefined ? { StreamName: stream } : { StreamARN: this.#arns + stream };
  }

  /** Sends one request: an abort rejects with the signal's reason, all else with a KinesisError. */
  #request<T>(
    what: string,
    signal: AbortSignal | undefined,
    send: (settings: SdkSettings) => Promise<T>,
  ): Promise<T> {
    const settings = signal === undefined ? {} : { abortSignal: signal };
    return sendRequest(
      this.#client,
      signal,
      () => send(settings),
      (error, mayPass) => toKinesisError(what, error, { mayPass, region: this.#region }),
    );
  }
}

/** The SDK's options of a request. */
interface SdkSettings {
  readonly abortSignal?: AbortSignal;
}
