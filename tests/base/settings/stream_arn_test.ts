import { deepEqual, equal, throws } from "node:assert/strict";
import { isArn, parseStreamArn } from "../../../src/base/settings/stream_arn.ts";

const ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks_prod";

Deno.test("parseStreamArn() takes name and region from the ARN, in each partition", () => {
  deepEqual(parseStreamArn(ARN), { name: "clicks_prod", region: "eu-west-1", arn: ARN });
  const china = "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/a.b-c";
  deepEqual(parseStreamArn(china, "cn-north-1").name, "a.b-c");
  equal(isArn("arn_of_things"), false);
});

Deno.test("parseStreamArn() says what is wrong with others", () => {
  const faults: readonly (readonly [string, string])[] = [
    [
      `${ARN}/consumer/fast:1`,
      `it is a consumer with enhanced fan-out, which Triton does not use; use "${ARN}"`,
    ],
    [`${ARN}/x`, `use "${ARN}"`],
    [
      "arn:aws:firehose:eu-west-1:123456789012:deliverystream/x",
      "it is of firehose, not of Kinesis Data Streams; use arn:aws:kinesis:REGION:ACCOUNT:stream/NAME",
    ],
    [
      "arn:aws:s3:::bucket",
      "it is of s3, not of Kinesis Data Streams; use arn:aws:kinesis:REGION:ACCOUNT:stream/NAME",
    ],
    ["arn:aws:kinesis:eu-west-1:12345:stream/x", "use arn:aws:kinesis:REGION:ACCOUNT:stream/NAME"],
    ["arn:", "use arn:aws:kinesis:REGION:ACCOUNT:stream/NAME"],
  ];
  for (const [arn, why] of faults) {
    throws(() => parseStreamArn(arn), {
      name: "RangeError",
      message: `Cannot use "${arn}" as a stream: ${why}`,
    });
  }
  throws(() => parseStreamArn(ARN, "us-east-1"), {
    message:
      `Cannot use "${ARN}" as a stream: it is in eu-west-1, and the region is set to us-east-1; leave out the region`,
  });
});
