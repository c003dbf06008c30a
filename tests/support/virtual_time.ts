// Where it was before it became a part of the test kit.
export { runUntil } from "../../src/testing/mod.ts";
