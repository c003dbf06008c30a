import { honoursConditions, PROBE_KEY } from "../../../archiver/conditional_store.ts";
import { EMPTY_ARCHIVE } from "../../../codec/mod.ts";
import { TritonError } from "../../../base/errors.ts";
import type { ObjectStore } from "../../../objects/mod.ts";
import type { Findings } from "./findings.ts";

/** Nobody writes this key: asking for it must say so, and not that it is forbidden. */
const ABSENT_KEY = "triton-doctor-nothing";

/** Uses everything that `triton store` and `cat` ask of the object store. */
export async function checkBucket(store: ObjectStore, findings: Findings): Promise<void> {
  const listed = await findings.attempt("list", allow("ListBucket"), async () => {
    for await (const _ of store.list("")) break;
    return true;
  });
  if (listed !== undefined) findings.ok("list", `${store.url} can be listed`);
  await checkConditions(store, findings);
  const head = await findings.attempt("head", allow("ListBucket"), async () => {
    if (await store.head(ABSENT_KEY) === undefined) return true;
    throw new TritonError(`Cannot tell which objects there are: ${ABSENT_KEY} is said to be there`);
  });
  if (head !== undefined) findings.ok("head", "what is not there is told from what is forbidden");
}

/** Puts an object twice that stays there for good: `triton store` asks for it in the same way. */
async function checkConditions(store: ObjectStore, findings: Findings): Promise<void> {
  const again = await findings.attempt("put", allow("PutObject"), () => {
    return honoursConditions((options) => store.put(PROBE_KEY, EMPTY_ARCHIVE, options));
  });
  if (again === undefined) return;
  findings.ok("put", "objects can be put");
  if (again) findings.ok("conditional put", "If-None-Match is honoured: no file is overwritten");
  else {
    findings.fail("conditional put", `${store.url} ignores If-None-Match`, {
      weakens:
        "the bucket ignores If-None-Match, so two workers, or a late upload of one that was " +
        "taken for dead, can overwrite a file: records are then archived twice, or lost",
      advice: "use a bucket of AWS, or a server that honours conditional writes",
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

function allow(action: string): (code: string) => string | undefined {
  const resource = action === "ListBucket" ? "the bucket" : "the bucket's objects";
  return (code) => {
    if (code === "AccessDenied") return `allow s3:${action} on ${resource}`;
    return code === "NoSuchBucket" ? "create it, or name another one by --bucket" : undefined;
  };
}
