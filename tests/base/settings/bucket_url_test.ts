import { deepEqual, equal, throws } from "node:assert/strict";
import { parseS3Url } from "../../../src/base/settings/bucket_url.ts";

const POINT = "arn:aws:s3:eu-west-1:111122223333:accesspoint/logs";
const OUTPOST =
  "arn:aws-us-gov:s3-outposts:us-gov-west-1:111122223333:outpost/op-01ac5d28a6a232904/accesspoint/logs";

Deno.test("parseS3Url() finds bucket, folder and region, with and without s3://", () => {
  const places: [string, string, string, string?][] = [
    ["bucket", "bucket", ""],
    ["My.old_bucket/a//", "My.old_bucket", "a"],
    ["bucket/a/b/", "bucket", "a/b"],
    ["arn:aws:s3:::bucket/a", "bucket", "a"],
    [POINT, POINT, "", "eu-west-1"],
    [`${POINT}/a/b/`, POINT, "a/b", "eu-west-1"],
    [`${POINT.replace("accesspoint/", "accesspoint:")}/a`, POINT, "a", "eu-west-1"],
    [OUTPOST, OUTPOST, "", "us-gov-west-1"],
    [
      `${OUTPOST.replaceAll(/(outpost|accesspoint|904)\//g, "$1:")}/a`,
      OUTPOST,
      "a",
      "us-gov-west-1",
    ],
  ];
  for (const [text, bucket, prefix, region] of places) {
    const place = { bucket, prefix, ...region === undefined ? {} : { region } };
    deepEqual(parseS3Url(text), place);
    deepEqual(parseS3Url(`s3://${text}`), place);
    deepEqual(parseS3Url(`S3://${text}`), place);
  }
  for (const text of ["", "s3://", "./a", "/a", "s3:/b", "_a"]) equal(parseS3Url(text), undefined);
});

Deno.test("parseS3Url() refuses ARNs that cannot hold archives, and says what to use", () => {
  const refused: [string, RegExp][] = [
    [
      "arn:aws:s3::111122223333:accesspoint/mfzwi23gnjvgw.mrap",
      /SigV4A, which Triton does not have/,
    ],
    ["arn:aws:s3-object-lambda:eu-west-1:111122223333:accesspoint/x", /takes no files/],
    ["arn:aws:kinesis:eu-west-1:111122223333:stream/clicks", /^Use a bucket, or the ARN/],
    ["arn:aws:s3-outposts:eu-west-1:111122223333:accesspoint/x", /^Use a bucket, or the ARN/],
    ["arn:aws:s3:eu-west-1:111122223333:outpost/op-1/accesspoint/x", /^Use a bucket, or the ARN/],
    ["arn:aws:s3:eu-west-1:1111:accesspoint/x", /^Use a bucket, or the ARN/],
    ["arn:aws:s3:::", /^Use a bucket, or the ARN/],
  ];
  for (const [arn, message] of refused) {
    throws(() => parseS3Url(arn), { name: "RangeError", message });
    throws(() => parseS3Url(`s3://${arn}/folder`), { name: "RangeError", message });
  }
});
