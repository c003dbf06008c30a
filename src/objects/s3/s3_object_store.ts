import type {
  HeadObjectCommandOutput,
  ListObjectsV2CommandOutput,
  PutObjectCommandOutput,
  S3Client,
} from "@aws-sdk/client-s3";
import { statusOf } from "../../aws/sdk_error.ts";
import { sendRequest } from "../../aws/send_request.ts";
import { ObjectStoreError } from "../../base/errors.ts";
import type { RequestSettings } from "../../base/settings/bucket_settings.ts";
import { checkRange, isEmptyRange } from "../byte_range.ts";
import { checkKey, isBefore } from "../keys.ts";
import { partsOf, StreamedBody } from "../object_body.ts";
import type {
  FoldersOptions,
  GetOptions,
  HeadOptions,
  ListOptions,
  ObjectBody,
  ObjectContent,
  ObjectInfo,
  ObjectStore,
  PutOptions,
} from "../object_store.ts";
import {
  checkEncrypted,
  checkObject,
  checkPart,
  checkStored,
  decodeKey,
  rangeHeader,
  saysLength,
  saysStored,
  sizeOf,
  withClass,
} from "./s3_responses.ts";
import {
  discardS3Body,
  hashOf,
  type PutContent,
  readS3Body,
  releaseOf,
  sendPut,
} from "./s3_body.ts";
import { ChecksumSupport } from "./checksum_support.ts";
import { isTaken, s3Error } from "./s3_error.ts";
import { listPages } from "./s3_listing.ts";
import { ObjectGetter } from "./object_getter.ts";
import { type RequestFields, requestFields } from "./request_fields.ts";
import { s3Identity } from "../store_identity.ts";

/** Options for {@linkcode S3ObjectStore}. */
export interface S3ObjectStoreOptions extends RequestSettings {
  /** Name of the bucket, or the ARN of an access point. */
  readonly bucket: string;
  /** The folder of all keys in the bucket, such as `logs/triton`. Default: none. */
  readonly prefix?: string;
  /** URL of the client's server, if it is not AWS's: part of the store's identity. */
  readonly endpoint?: string | undefined;
}

/** The SDK, loaded when the first request is made: importing this file must not load it. */
let loading: Promise<typeof import("@aws-sdk/client-s3")> | undefined;
const sdk = () => loading ??= import("@aws-sdk/client-s3");

/**
 * An object store in S3, or in a store with its protocol.
 *
 * The caller creates the client, and should set `maxAttempts: 1`, because Triton itself retries.
 * `openObjectStore` does so, and uses `fetch`.
 *
 * @example Usage
 * ```ts
 * import { S3Client } from "@aws-sdk/client-s3";
 * import { S3ObjectStore } from "@triton/triton/archive";
 * import { equal } from "node:assert/strict";
 * const client = new S3Client({ region: "eu-west-1", maxAttempts: 1 });
 * const store = new S3ObjectStore(client, { bucket: "triton-prod", prefix: "events" });
 * equal(store.url, "s3://triton-prod/events");
 * ```
 */
export class S3ObjectStore implements ObjectStore {
  /** The bucket and folder, such as `s3://bucket/prefix`. */
  readonly url: string;
  /** The URL, and the endpoint if it is not AWS's. */
  readonly identity: string;
  readonly #client: S3Client;
  readonly #settings: RequestSettings;
  readonly #fields: RequestFields;
  /** The prefix of every key: empty, or ends with a slash. */
  readonly #folder: string;
  readonly #getter: ObjectGetter;
  readonly #checksums: ChecksumSupport;

  /**
   * Creates a store. No request is sent yet.
   *
   * @param client The client, which the store does not destroy.
   * @param options The bucket, a folder in it, and what is sent with the requests.
   */
  constructor(client: S3Client, options: S3ObjectStoreOptions) {
    const prefix = (options.prefix ?? "").replace(/^\/+|\/+$/g, "");
    this.#client = client;
    this.#getter = new ObjectGetter(client);
    this.#settings = options;
    this.#fields = requestFields(options.bucket, options);
    this.#folder = prefix === "" ? "" : `${prefix}/`;
    this.url = `s3://${options.bucket}${prefix === "" ? "" : `/${prefix}`}`;
    this.#checksums = new ChecksumSupport(this.url);
    this.identity = s3Identity(this.url, options.endpoint);
  }

  /** Lists the objects whose key begins with `prefix`, one request per page of up to 1,000. */
  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    const { signal, startAfter } = options;
    for await (const page of this.#pages(prefix, { signal, startAfter })) {
      for (const { Key, Size, LastModified, StorageClass } of page.Contents ?? []) {
        const key = decodeKey(Key!, page).slice(this.#folder.length);
        const info = { key, size: Number(Size), modifiedAt: LastModified! };
        if (key !== "") yield withClass(info, StorageClass);
      }
    }
  }

  /** Lists the folders directly below a folder, one request per page of up to 1,000. */
  async *folders(prefix: string, options: FoldersOptions = {}): AsyncGenerator<string> {
    const { signal, from } = options;
    // It is not documented whether S3 lists a folder that is itself `StartAfter`.
    const startAfter = from?.replace(/\/$/, "");
    for await (const page of this.#pages(prefix, { signal, startAfter, delimiter: "/" })) {
      for (const { Prefix } of page.CommonPrefixes ?? []) {
        const folder = decodeKey(Prefix!, page).slice(this.#folder.length);
        if (!isBefore(folder, from)) yield folder;
      }
    }
  }

  #pages(
    prefix: string,
    { signal, startAfter, delimiter }: ListOptions & { readonly delimiter?: string },
  ): AsyncGenerator<ListObjectsV2CommandOutput> {
    const input = {
      ...this.#fields.all,
      Prefix: this.#folder + prefix,
      StartAfter: startAfter === undefined ? undefined : this.#folder + startAfter,
      Delimiter: delimiter,
    };
    return listPages(this.#client, `Cannot list ${this.url}/${prefix}`, input, {
      ...{ signal, settings: this.#settings },
      onCommand: (command) => this.#getter.learnFrom(command),
    });
  }

  /**
   * Gets the description of an object, with metadata; undefined if it does not exist.
   *
   * S3 responds to a HEAD with a bare 404 if the object or the bucket is missing, so a second request
   * checks the bucket.
   */
  async head(key: string, options: HeadOptions = {}): Promise<ObjectInfo | undefined> {
    const { HeadObjectCommand } = await sdk();
    const what = `Cannot look at ${this.url}/${key}`;
    const input = { ...this.#fields.all, Key: this.#folder + key };
    const found = await this.#request(what, options.signal, async () => {
      try {
        return await this.#client.send(new HeadObjectCommand(input), {
          abortSignal: options.signal,
        });
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
      }
      return undefined;
    });
    if (found === undefined) return await this.#checkBucket(what, options.signal);
    checkObject(what, found);
    const { LastModified: modifiedAt, Metadata: metadata = {}, StorageClass } = found;
    const info = { key, size: sizeOf(what, found), modifiedAt: modifiedAt!, metadata };
    return withClass(info, StorageClass);
  }

  /** Gets an object or a part of one, as a stream. */
  async get(key: string, options: GetOptions = {}): Promise<ObjectBody> {
    const { GetObjectCommand } = await sdk();
    const { range, signal } = options;
    if (range !== undefined) checkRange(range);
    if (isEmptyRange(range)) return await this.#emptyPart(key, signal);
    const what = `Cannot get ${this.url}/${key}`;
    const input = { ...this.#fields.all, Key: this.#folder + key, Range: rangeHeader(range) };
    const response = await this.#request(what, signal, async () => {
      try {
        return await this.#getter.get(new GetObjectCommand(input), signal);
      } catch (error) {
        // The range begins past the end, or the object has no bytes.
        if (statusOf(error) !== 416) throw error;
      }
      return undefined;
    });
    if (response === undefined) return await this.#emptyPart(key, signal);
    const { output, body } = response;
    try {
      const wholeSize = saysLength(output)
        ? 0
        : sizeOf(what, await this.#headOf(what, input.Key, signal));
      const { size, length } = checkPart(what, output, range, wholeSize);
      return new StreamedBody(
        readS3Body(body, { what, length, signal }),
        size,
        releaseOf(response),
      );
    } catch (error) {
      await discardS3Body(body);
      throw error;
    }
  }

  /**
   * Writes an object atomically, in one request. If the response does not confirm that the object is
   * stored, as with some proxies, or is encrypted as the settings say, a second request checks it.
   */
  async put(
    key: string,
    body: ObjectContent,
    options: PutOptions = {},
  ): Promise<"created" | "exists"> {
    checkKey(key);
    const { signal, metadata } = options;
    const what = `Cannot put ${this.url}/${key}`;
    const parts = partsOf(body);
    const sha256 = hashOf(parts);
    const send = (sendsChecksum: boolean) =>
      this.#sendPut(key, { parts, sha256, sendsChecksum }, options);
    const response = await this.#request(what, signal, () => this.#checksums.use(send));
    if (response === "exists") return response;
    if (!saysStored(what, response, sha256.toString("base64"))) {
      const size = parts.reduce((sum, part) => sum + part.length, 0);
      const status = response.$metadata.httpStatusCode;
      checkStored(what, await this.head(key, { signal }), { status, size, metadata });
    }
    const { sse } = this.#settings;
    if (sse !== undefined && response.ServerSideEncryption !== sse) {
      checkEncrypted(what, await this.#headOf(what, this.#folder + key, signal), sse);
    }
    return "created";
  }

  async #sendPut(
    key: string,
    { sendsChecksum, ...content }: Omit<PutContent, "signal"> & { readonly sendsChecksum: boolean },
    { signal, ifAbsent, metadata }: PutOptions,
  ): Promise<PutObjectCommandOutput | "exists"> {
    const { PutObjectCommand } = await sdk();
    const command = new PutObjectCommand({
      ...this.#fields.put,
      Key: this.#folder + key,
      IfNoneMatch: ifAbsent ? "*" : undefined,
      Metadata: metadata,
      ChecksumSHA256: sendsChecksum ? content.sha256.toString("base64") : undefined,
    });
    try {
      return await sendPut(this.#client, command, { ...content, signal });
    } catch (error) {
      if (ifAbsent && isTaken(error)) return "exists";
      throw error;
    }
  }

  /** Sends a request: an abort rejects with the signal's reason, all else with Triton's own error. */
  #request<T>(
    what: string,
    signal: AbortSignal | undefined,
    send: () => Promise<T>,
  ): Promise<T> {
    return sendRequest(
      this.#client,
      signal,
      send,
      (error, mayPass) => s3Error(what, error, { mayPass, settings: this.#settings }),
    );
  }

  /** What S3 says of an object that is there, where another response has not said it. */
  async #headOf(
    what: string,
    Key: string,
    signal: AbortSignal | undefined,
  ): Promise<HeadObjectCommandOutput> {
    const { HeadObjectCommand } = await sdk();
    const command = new HeadObjectCommand({ ...this.#fields.all, Key });
    const send = () => this.#client.send(command, { abortSignal: signal });
    return await this.#request(what, signal, send);
  }

  /** A part without bytes: HTTP has no range for it, so only the size is requested. */
  async #emptyPart(key: string, signal: AbortSignal | undefined): Promise<ObjectBody> {
    const info = await this.head(key, { signal });
    if (info !== undefined) return new StreamedBody((async function* () {})(), info.size);
    throw new ObjectStoreError(`Cannot get ${this.url}/${key}: there is no such object`, {
      code: "NoSuchKey",
    });
  }

  async #checkBucket(what: string, signal: AbortSignal | undefined): Promise<undefined> {
    const { HeadBucketCommand } = await sdk();
    try {
      await this.#client.send(new HeadBucketCommand(this.#fields.bucket), {
        abortSignal: signal,
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (statusOf(error) === 403) return; // no permission to look, but it exists
      if (statusOf(error) !== 404) throw s3Error(what, error, { settings: this.#settings });
      throw new ObjectStoreError(`${what}: there is no such bucket`, {
        code: "NoSuchBucket",
        cause: error,
      });
    }
  }
}
