import { CheckpointError } from "../base/errors.ts";
import { type ArchiverServices, type Patience, persist } from "./services.ts";

/**
 * Makes sure that the archive is in this object store, and has the ledger write that down.
 *
 * The ledger of an older Triton does not say where the archive is. It gets this store only if the
 * files are there that its checkpoints come from.
 *
 * @throws {CheckpointError} With code `OtherStore` if the archive is elsewhere.
 */
export async function claimStore(
  services: Pick<ArchiverServices, "ledger" | "store"> & Patience,
): Promise<void> {
  const { ledger, store } = services;
  const known = await persist("ledger", services, () => ledger.store());
  if (known === undefined) await checkFiles(services);
  await persist("ledger", services, () => ledger.useStore(store.identity));
}

async function checkFiles(services: Parameters<typeof claimStore>[0]): Promise<void> {
  const { ledger, store, signal } = services;
  const files = await persist("ledger", services, () => ledger.newestFiles());
  for (const { key } of files) {
    const found = await persist("object store", services, () => store.head(key, { signal }));
    if (found !== undefined) continue;
    throw new CheckpointError(
      `Cannot archive "${ledger.stream}" to ${store.identity}: "${key}", which the database knows ` +
        "to be archived, is not there; name the bucket that holds it, or move the archive with " +
        '"triton checkpoint move-bucket"',
      { code: "OtherStore", retryable: false },
    );
  }
}
