import { equal, throws } from "node:assert/strict";
import { openStream, openWriter } from "../../src/stream/mod.ts";
import { reachStream } from "../../src/stream/reach_stream.ts";

const ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks_prod";

Deno.test("openStream() and openWriter() take the ARN of a stream, by itself or as its name", () => {
  equal(openStream(ARN).stream, "clicks_prod");
  equal(openStream({ name: ARN, region: "eu-west-1" }).stream, "clicks_prod");
  equal(reachStream(ARN, undefined).region, "eu-west-1"); // where openHistory looks for the bucket
  equal(openWriter({ name: ARN, partitionKey: "id" }).stream, "clicks_prod");
});

Deno.test("openStream() refuses an ARN of something else, and a region that contradicts it", () => {
  throws(() => openStream({ name: ARN, region: "us-east-1" }), /the region is set to us-east-1/);
  throws(
    () => openStream("arn:aws:sns:eu-west-1:123456789012:topic"),
    /it is of sns, not of Kinesis/,
  );
});
