/**
 * Object stores: S3, a directory, and one in memory, behind one interface.
 *
 * @module
 */

export type {
  ByteRange,
  FoldersOptions,
  GetOptions,
  HeadOptions,
  ListOptions,
  ObjectBody,
  ObjectContent,
  ObjectInfo,
  ObjectStore,
  PutOptions,
} from "./object_store.ts";
export { DirectoryObjectStore } from "./directory/directory_object_store.ts";
export {
  MemoryObjectStore,
  type MemoryObjectStoreOptions,
  type ObjectRequest,
} from "./memory/memory_object_store.ts";
export {
  type OpenedObjectStore,
  openObjectStore,
  type OpenObjectStoreOptions,
} from "./open_object_store.ts";
export type { S3Options } from "./s3/s3_client.ts";
export type {
  BucketSettings,
  EndpointSettings,
  RequestSettings,
  ServerSideEncryption,
} from "../base/settings/bucket_settings.ts";
export { S3ObjectStore, type S3ObjectStoreOptions } from "./s3/s3_object_store.ts";
