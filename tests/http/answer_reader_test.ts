import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import type { AnswerHead } from "../../src/http/answer_head.ts";
import { AnswerReader } from "../../src/http/answer_reader.ts";

/** Reads an answer that comes in these pieces. */
function read(pieces: readonly Buffer[], { method = "GET", closed = false } = {}) {
  let head: AnswerHead | undefined;
  const body: Buffer[] = [];
  let reusable: boolean | undefined;
  const reader = new AnswerReader(method, {
    head: (came) => {
      equal(head, undefined);
      head = came;
    },
    data: (bytes) => {
      ok(bytes.length > 0 && reusable === undefined);
      body.push(bytes);
    },
    end: (may) => {
      ok(head !== undefined && reusable === undefined);
      reusable = may;
    },
  });
  for (const piece of pieces) if (reusable === undefined) reader.push(piece);
  const whole = closed ? reader.close() : reusable !== undefined;
  const { statusCode, headers } = head ?? { headers: {} };
  return { statusCode, headers: { ...headers }, body: Buffer.concat(body), reusable, whole };
}

const text = (...lines: string[]) => Buffer.from(lines.join("\r\n"), "latin1");

/** Cuts bytes at places that are given as parts of the whole. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => Math.floor(place * bytes.length)), bytes.length]
    .sort((a, b) => a - b);
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
const chunksOf = (bytes: Uint8Array, places: readonly number[]) =>
  cut(Buffer.from(bytes), places).filter((chunk) => chunk.length > 0);

Deno.test("AnswerReader reads answers however they are framed, and wherever they are cut", () => {
  const framing = fc.constantFrom("length", "chunked", "until-end");
  fc.assert(
    fc.property(fc.uint8Array(), framing, places, places, (bytes, framing, chunks, cuts) => {
      const whole = Buffer.concat(
        {
          length: [text("HTTP/1.1 200 OK", `Content-Length: ${bytes.length}`, "", ""), bytes],
          chunked: [
            text("HTTP/1.1 200 OK", "Transfer-Encoding: Chunked", "", ""),
            ...chunksOf(bytes, chunks).flatMap((
              chunk,
            ) => [text(`${chunk.length.toString(16)};a=b`, ""), chunk, text("", "")]),
            text("0", "trailer: x", "", ""),
          ],
          "until-end": [text("HTTP/1.1 200 OK", "", ""), bytes],
        }[framing],
      );
      const answer = read(cut(whole, cuts), { closed: framing === "until-end" });
      deepEqual(answer.body, Buffer.from(bytes));
      deepEqual([answer.whole, answer.reusable], [true, framing !== "until-end"]);
    }),
  );
});

Deno.test("AnswerReader never takes a part of an answer for the whole", () => {
  const answers = [
    text("HTTP/1.1 200 OK", "content-length: 5", "", "12345"),
    text("HTTP/1.1 200 OK", "transfer-encoding: chunked", "", "5", "12345", "0", "", ""),
    text("HTTP/1.1 204 No Content", "", ""),
  ];
  for (const answer of answers) {
    for (let end = 0; end < answer.length; end++) {
      equal(read([answer.subarray(0, end)], { closed: true }).whole, false);
    }
    equal(read([answer]).whole, true);
  }
});

Deno.test("AnswerReader reads heads as they come", () => {
  const { statusCode, headers } = read([
    text(
      "HTTP/1.1 206 ",
      'ETag:\t"x" ',
      "A: 1",
      "X-Amz-Meta-City: K\xf6ln",
      "a: 2",
      "__proto__: y",
      "Content-Length:0",
      "",
      "",
    ),
  ]);
  equal(statusCode, 206);
  deepEqual(Object.entries(headers), [
    ["etag", '"x"'],
    ["a", "1, 2"],
    ["x-amz-meta-city", "K\xf6ln"],
    ["__proto__", "y"],
    ["content-length", "0"],
  ]);
});

Deno.test("AnswerReader expects no body where there is none", () => {
  const head = ["content-length: 5", "", ""];
  equal(read([text("HTTP/1.1 200 OK", ...head)], { method: "HEAD" }).whole, true);
  equal(read([text("HTTP/1.1 304 Not Modified", ...head)]).whole, true);
  equal(read([text("HTTP/1.1 204 No Content", "", "")]).reusable, true);
});

Deno.test("AnswerReader passes over what comes before the answer proper", () => {
  const early = ["HTTP/1.1 103 Early Hints", "link: x", "", "HTTP/1.1 100 Continue", ""];
  const answer = read([text(...early, "HTTP/1.1 200 OK", "content-length: 2", "", "ok")]);
  deepEqual([answer.statusCode, String(answer.body)], [200, "ok"]);
});

Deno.test("AnswerReader says when the connection serves no other request", () => {
  const length = "content-length: 1";
  const closing = [
    text("HTTP/1.0 200 OK", length, "", "x"),
    text("HTTP/1.1 200 OK", length, "Connection: keep-alive, Close", "", "x"),
    text("HTTP/1.1 200 OK", length, "", "xy"),
    text("HTTP/1.1 200 OK", length, "transfer-encoding: chunked", "", "1", "x", "0", "", ""),
    text("HTTP/1.1 200 OK", "transfer-encoding: chunked", "", "0", "", "HTTP/1.1"),
  ];
  for (const answer of closing) equal(read([answer]).reusable, false, String(answer));
  equal(read([text("HTTP/1.1 200 OK", length, "connection: keep-alive", "", "x")]).reusable, true);
});

Deno.test("AnswerReader refuses what is no answer", () => {
  const ok = "HTTP/1.1 200 OK";
  const refused = [
    text("SSH-2.0-OpenSSH_9.2", "", ""),
    text("HTTP/2 200", "", ""),
    text("HTTP/1.1 20 OK", "", ""),
    text("HTTP/1.1 101 Switching Protocols", "", ""),
    text(ok, "no colon", "", ""),
    text(ok, "a name: x", "", ""),
    text(ok, " folded: x", "", ""),
    text(ok, "content-length: -1", "", ""),
    text(ok, "content-length: 1", "content-length: 2", "", ""),
    text(ok, "transfer-encoding: gzip, chunked", "", ""),
    text(ok, "transfer-encoding: chunked", "", "five", ""),
    text(ok, "transfer-encoding: chunked", "", "1", "xy", ""),
    text(ok, "transfer-encoding: chunked", "", `1;${"a".repeat(20_000)}`),
    text(ok, `long: ${"a".repeat(70_000)}`),
  ];
  for (const answer of refused) {
    throws(() => read([answer]), { name: "HttpSyntaxError" }, String(answer).slice(0, 99));
  }
});
