import type { Socket } from "node:net";
import type { Greeting } from "./login.ts";
import { encodeMessage, readAnswer } from "./wire.ts";

/** Checks that the server satisfies `target_session_attrs`. */
export async function checkServer(
  socket: Socket,
  { settings }: Greeting,
  attributes: string,
): Promise<void> {
  if (attributes === "any") return;
  const isStandby = (settings.get("in_hot_standby") ?? await inRecovery(socket)) === "on";
  const isReadOnly = isStandby || await isOn(socket, "SHOW transaction_read_only");
  const fits = {
    "primary": !isStandby,
    "standby": isStandby,
    "read-write": !isReadOnly,
    "read-only": isReadOnly,
  }[attributes];
  if (fits) return;
  const found = isStandby ? "a standby" : isReadOnly ? "read-only" : "a primary";
  throw Object.assign(
    new Error(`the server is ${found}, but target_session_attrs asks for ${attributes}`),
    { code: "WRONG_SERVER" },
  );
}

/** Queries whether the server is a standby: before PostgreSQL 14 it does not report that. */
async function inRecovery(socket: Socket): Promise<string> {
  const isStandby = await isOn(socket, "SELECT pg_catalog.pg_is_in_recovery()");
  return isStandby ? "on" : "off";
}

/** Queries one boolean value. */
async function isOn(socket: Socket, statement: string): Promise<boolean> {
  socket.write(encodeMessage("Q", `${statement}\0`));
  let value = "";
  for (;;) {
    const { type, body } = await readAnswer(socket);
    if (type === "D") value = body.subarray(6).toString("utf8");
    if (type === "Z") return value === "on" || value === "t";
  }
}
