import { equal, rejects } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { START_ROW } from "../../src/checkpoint/rows.ts";
import { MemoryCheckpointer } from "../../src/exports/checkpoint.ts";
import { CheckpointError } from "../../src/base/errors.ts";
import { openHistory } from "../../src/history/mod.ts";
import { MemoryObjectStore } from "../../src/objects/mod.ts";
import { openStream, type OpenStreamOptions, type StreamAddress } from "../../src/stream/mod.ts";

/** What a stream answers that has one shard, into which a record comes with each request. */
const answers = (number: number): Readonly<Record<string, unknown>> => ({
  DescribeStreamSummary: {
    StreamDescriptionSummary: {
      ...{ StreamName: "clicks", StreamStatus: "ACTIVE", RetentionPeriodHours: 24 },
      StreamCreationTimestamp: 1_795_000_000,
    },
  },
  ListShards: {
    Shards: [{
      ShardId: "shardId-000000000000",
      SequenceNumberRange: { StartingSequenceNumber: "1" },
    }],
  },
  GetShardIterator: { ShardIterator: "i" },
  GetRecords: {
    ...{ MillisBehindLatest: 0, NextShardIterator: "i" },
    Records: [{
      ...{ SequenceNumber: `${number}`, PartitionKey: "a", Data: "gA==" },
      ApproximateArrivalTimestamp: 1_795_000_001,
    }],
  },
});

async function startServer() {
  let requests = 1;
  const server = createServer((request, response) => {
    const operation = String(request.headers["x-amz-target"]).split(".").at(-1)!;
    request.on("error", () => {}); // a reader that is closed aborts its requests
    // A reader that is disposed aborts the request that is in progress.
    request.on("error", () => {}).resume().on("end", () => {
      response.setHeader("content-type", "application/x-amz-json-1.1");
      response.end(JSON.stringify(answers(++requests)[operation]));
    });
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** A database that refuses every position, once a start was written down. */
class Refusing extends MemoryCheckpointer {
  override save(...[stream, positions]: Parameters<MemoryCheckpointer["save"]>): Promise<void> {
    if (positions.has(START_ROW)) return super.save(stream, positions);
    return Promise.reject(new CheckpointError("Cannot save", { code: "42501", retryable: false }));
  }
}

/** Waits until sockets are closed, also by an abort of the request that is in progress. */
async function whenClosed(sockets: ReadonlySet<Socket>, signal: AbortSignal): Promise<void> {
  for (let [socket] = sockets; socket !== undefined; [socket] = sockets) {
    await once(socket, "close", { signal }).catch(() => signal.throwIfAborted());
  }
}

type Open = (
  stream: StreamAddress,
  options: OpenStreamOptions,
) => AsyncIterable<unknown> & AsyncDisposable;

const READERS: Readonly<Record<string, Open>> = {
  openStream,
  openHistory: (stream, { from: _, onInvalid: __, ...options }) =>
    openHistory(stream, {
      ...{ ...options, from: "2026-11-01", onGap: () => {} },
      ...{ bucket: new MemoryObjectStore() },
    }),
};

for (const [name, open] of Object.entries(READERS)) {
  Deno.test(`${name}() closes its connections even if the last position cannot be saved`, async () => {
    await using server = await startServer();
    const reader = open({ name: "clicks", region: "us-east-1", endpoint: server.endpoint }, {
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
      checkpointer: new Refusing(),
      autoCheckpoint: { every: 100 },
      pollIntervalMs: 10,
    });
    let count = 0;
    for await (const _ of reader) if (++count === 2) break;
    await rejects(async () => await reader[Symbol.asyncDispose](), { message: "Cannot save" });
    const deadline = AbortSignal.timeout(5_000);
    await whenClosed(server.sockets, deadline);
    equal(server.sockets.size, 0);
  });
}
