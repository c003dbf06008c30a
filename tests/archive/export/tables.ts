/** Archives and the tables that are made of them, for the tests of exports. */

import { exportTable, type ExportTableOptions } from "../../../src/archive/export/export_table.ts";
import type { Cells } from "../../../src/archive/tables/split_event.ts";
import { VirtualClock } from "../../../src/base/clock.ts";
import type { EventData } from "../../../src/base/record.ts";
import { formatArchiveKey } from "../../../src/codec/mod.ts";
import { MemoryObjectStore, type ObjectStore } from "../../../src/objects/mod.ts";
import { archiveOf } from "../archives.ts";
import { joined, readWithHyparquet } from "../tables/parquet/read_parquet.ts";

/** The time of all tests: two days after the first archive. */
export const NOW = Date.parse("2015-07-12T12:00:00Z");

/** The first archive's time, in seconds. */
export const FIRST = Date.parse("2015-07-10T23:59:00Z") / 1000;

/** Puts an archive of these events, and returns its key. */
export async function putArchive(
  store: ObjectStore,
  events: readonly EventData[],
  createdAt: number = FIRST,
): Promise<string> {
  const key = formatArchiveKey({ stream: "clicks", client: "store", createdAt });
  await store.put(key, archiveOf(events, new Date(createdAt * 1000)));
  return key;
}

/** Puts archives of two events each, a minute apart, over midnight. */
export async function putArchives(store: ObjectStore, count: number): Promise<string[]> {
  const keys: string[] = [];
  for (let i = 0; i < count; i++) {
    const at = (n: number) => new Date(NOW - (i + n) * 20 * 3_600_000).toISOString();
    keys.push(
      await putArchive(
        store,
        [{ i, n: 0, at: at(0) }, { i: `${i}`, n: 1, at: at(1), more: { x: null } }],
        FIRST + i * 60,
      ),
    );
  }
  return keys;
}

/** Exports all archives of the stream "clicks". */
export function runExport(
  archives: ObjectStore,
  target: ObjectStore,
  options: Partial<ExportTableOptions> = {},
) {
  return exportTable(archives, target, {
    stream: "clicks",
    format: "parquet",
    clock: new VirtualClock({ now: NOW }),
    signal: new AbortController().signal,
    ...options,
  });
}

/** Keys of all objects that are not Triton's own. */
export async function outputsIn(target: ObjectStore): Promise<string[]> {
  return await Array.fromAsync(target.list("dt="), ({ key }) => key);
}

/** An object's bytes. */
export async function bytesOf(store: ObjectStore, key: string): Promise<Uint8Array<ArrayBuffer>> {
  return joined([await (await store.get(key)).bytes()]);
}

/** The rows of all Parquet files, by file and index. */
export async function rowsIn(target: ObjectStore): Promise<Cells[]> {
  const rows: Cells[] = [];
  for (const key of await outputsIn(target)) {
    rows.push(...await readWithHyparquet(await bytesOf(target, key)));
  }
  const place = (row: Cells) => `${row._file} ${String(row._index).padStart(9, "0")}`;
  return rows.sort((a, b) => place(a) < place(b) ? -1 : 1);
}

/** Where each row is from, such as `20150710/clicks-store-1436572740.tri 0`. */
export async function placesIn(target: ObjectStore): Promise<string[]> {
  return (await rowsIn(target)).map(({ _file, _index }) => `${_file} ${_index}`);
}

/** A store with what another one has. */
export async function copyOf(store: ObjectStore): Promise<MemoryObjectStore> {
  const copy = new MemoryObjectStore();
  for await (const { key } of store.list("")) await copy.put(key, await bytesOf(store, key));
  return copy;
}
