import { deepStrictEqual } from "node:assert/strict";
import type { LogRecord } from "@logtape/logtape";
import { TextLines } from "../../../src/cli/text/log_lines.ts";

function record(message: string, properties: Record<string, unknown>): LogRecord {
  return {
    ...{ category: ["triton"], level: "info", timestamp: 0, properties },
    ...{ message: [message], rawMessage: message },
  };
}

Deno.test("TextLines names the stream once there are several, unless the message does", () => {
  const lines = new TextLines();
  const format = (message: string, properties: Record<string, unknown>) =>
    lines.format(record(message, properties), (text) => text, false).slice(29, -1);
  const shown = [
    format("Reading shard-0", { stream: "clicks" }),
    format("Reading shard-1", { stream: "clicks" }),
    format("Archiving orders", { stream: "orders" }),
    format("Reading shard-0", { stream: "orders" }),
    format("Reading shard-0", { stream: "clicks" }),
    format("Stopping", {}),
    format("Reading", { stream: "a\x1b[2Jb" }),
  ];
  deepStrictEqual(shown, [
    "Reading shard-0",
    "Reading shard-1",
    "Archiving orders",
    "Reading shard-0 (orders)",
    "Reading shard-0 (clicks)",
    "Stopping",
    "Reading (a\\u001b[2Jb)",
  ]);
});
