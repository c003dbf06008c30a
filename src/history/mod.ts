/**
 * A stream from a moment in the past on: its archive, then what is live.
 *
 * @module
 */

export { type HistoryGap, HistoryGapError, type OnGap } from "./history_error.ts";
export type { HistoryReaderOptions, HistoryRecord, HistoryServices } from "./history_options.ts";
export { HistoryReader } from "./history_reader.ts";
export { openHistory, type OpenHistoryOptions } from "./open_history.ts";
