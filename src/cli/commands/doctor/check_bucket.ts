import { honoursConditions, PROBE_KEY } from "../../../archiver/checks/conditional_store.ts";
import { BUCKET_SETTINGS } from "../../../base/settings/bucket_setting_list.ts";
import type { BucketSettings } from "../../../base/settings/bucket_settings.ts";
import { EMPTY_ARCHIVE } from "../../../codec/mod.ts";
import { TritonError } from "../../../base/errors.ts";
import type { ObjectStore } from "../../../objects/mod.ts";
import type { Findings } from "./findings.ts";

/** A key that never exists: the response must be "not found", not "forbidden". */
const ABSENT_KEY = "triton-doctor-nothing";

/**
 * Makes every kind of request that `triton store` and `cat` send to the object store.
 *
 * @param settings How objects are written.
 */
export async function checkBucket(
  store: ObjectStore,
  settings: BucketSettings,
  findings: Findings,
): Promise<void> {
  const listed = await findings.attempt("list", allow("ListBucket"), async () => {
    for await (const _ of store.list("")) break;
    return true;
  });
  if (listed !== undefined) findings.ok("list", `${store.url} can be listed`);
  await checkConditions(store, settings, findings);
  const head = await findings.attempt("head", allow("ListBucket"), async () => {
    if (await store.head(ABSENT_KEY) === undefined) return true;
    throw new TritonError(
      `Cannot trust ${store.url}: it reports ${ABSENT_KEY}, which does not exist`,
    );
  });
  if (head !== undefined) {
    findings.ok("head", "missing objects are reported as missing, not as forbidden");
  }
}

/** Puts an object twice and leaves it there: `triton store` puts the same one. */
async function checkConditions(
  store: ObjectStore,
  settings: BucketSettings,
  findings: Findings,
): Promise<void> {
  let isNew = false;
  const again = await findings.attempt("put", allow("PutObject"), () => {
    return honoursConditions(async (options) => {
      const result = await store.put(PROBE_KEY, EMPTY_ARCHIVE, options);
      isNew ||= result === "created";
      return result;
    });
  });
  if (again === undefined) return;
  findings.ok("put", "objects can be put");
  await checkSettings(store, { settings, isNew }, findings);
  if (again) findings.ok("conditional put", "If-None-Match works: no file is overwritten");
  else {
    findings.fail("conditional put", `${store.url} ignores If-None-Match`, {
      weakens:
        "the bucket ignores If-None-Match, so two workers, or a late upload of a worker that " +
        "was considered dead, can overwrite a file: records are then archived twice or lost",
      advice: "use a bucket in AWS, or a server that supports conditional writes",
    });
  }
  const got = await findings.attempt("get", allow("GetObject"), async () => {
    const bytes = await (await store.get(PROBE_KEY)).bytes();
    if (
      bytes.length === EMPTY_ARCHIVE.length && bytes.every((byte, i) => byte === EMPTY_ARCHIVE[i])
    ) {
      return true;
    }
    throw new TritonError(
      `Cannot trust ${store.url}: ${PROBE_KEY} does not hold what was put there`,
    );
  });
  if (got !== undefined) findings.ok("get", "objects can be read");
}

/**
 * Checks that objects can be put as the settings say. An object that was there before may have been put
 * otherwise, so it is put again, with the same bytes.
 */
async function checkSettings(
  store: ObjectStore,
  { settings, isNew }: { readonly settings: BucketSettings; readonly isNew: boolean },
  findings: Findings,
): Promise<void> {
  const flags = BUCKET_SETTINGS
    .filter(({ isForWriting, property }) => isForWriting && settings[property] !== undefined)
    .map(({ flag }) => flag);
  if (flags.length === 0) return;
  const names = flags.join(", ");
  const check = "put settings";
  const put = await findings.attempt(check, (code) => adviceOnSettings(code, names), async () => {
    if (!isNew) await store.put(PROBE_KEY, EMPTY_ARCHIVE);
    return await store.head(PROBE_KEY) ?? true;
  });
  if (put === undefined) return;
  const { storageClass = "STANDARD" } = settings;
  const found = put === true ? undefined : put.storageClass ?? "STANDARD";
  if (found === storageClass || settings.storageClass === undefined) {
    return findings.ok(check, `objects can be put with ${names}`);
  }
  findings.warn(
    check,
    `${store.url} ignores --storage-class ${storageClass}: objects have ${found}`,
    {
      advice: "leave out --storage-class, or use another server",
    },
  );
}

function adviceOnSettings(code: string, flags: string): string | undefined {
  if (code !== "AccessDenied") return undefined;
  return `see docs/permissions.md for what ${flags} need; if the bucket only allows puts with ` +
    `If-None-Match, remove ${PROBE_KEY} first`;
}

function allow(action: string): (code: string) => string | undefined {
  const resource = action === "ListBucket" ? "the bucket" : "the bucket's objects";
  return (code) => {
    if (code === "AccessDenied") return `allow s3:${action} on ${resource}`;
    return code === "NoSuchBucket" ? "create it, or pass another one as --bucket" : undefined;
  };
}
