/**
 * From stream to archive, exactly once.
 *
 * @module
 */

export { Archiver } from "./archiver.ts";
export type { ArchivedFile } from "./archive_writer.ts";
export type { ArchiverOptions, NewestArchived } from "./archiver_options.ts";
export type { CloseReason } from "./rotation.ts";
export type { Services as ArchiverServices } from "./services.ts";
