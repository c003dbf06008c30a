/** A directory with an archive, a configuration and a database, for the tests of commands. */

import { join } from "node:path";
import { VirtualClock } from "../../src/base/clock.ts";
import { DirectoryObjectStore } from "../../src/objects/mod.ts";
import { type FileSpec, putFiles, START } from "../archive/chain_archives.ts";
import { type CommandResult, type FakeWorld, runCommand } from "./fake_context.ts";

/** The place of a test. */
export interface ArchivePlace {
  /** The directory of the archives. */
  readonly bucket: string;
  /** URL of the database, which does not exist yet. */
  readonly database: string;
  /** The object store of the archives. */
  readonly store: DirectoryObjectStore;
  /** Puts archives, and returns their keys. */
  put(...specs: readonly FileSpec[]): Promise<string[]>;
  /** Runs a command on the archive of stream "clicks", on 2026-01-03. */
  run(command: string, args?: readonly string[], world?: FakeWorld): Promise<CommandResult>;
}

/** Runs a test in a new directory. */
export async function withArchive(test: (place: ArchivePlace) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "triton-cli-" });
  try {
    const config = join(directory, "triton.yaml");
    await Deno.writeTextFile(
      config,
      "clicks:\n  name: clicks\n  partition_key: id\n  region: us-west-1\n",
    );
    const bucket = join(directory, "bucket");
    await Deno.mkdir(bucket);
    const env = { TRITON_CONFIG: config, TRITON_BUCKET: `file://${bucket}` };
    const clock = new VirtualClock({ now: START + 2 * 86_400_000 });
    const store = new DirectoryObjectStore(bucket);
    await test({
      bucket,
      store,
      database: `sqlite://${join(directory, "triton.db")}`,
      put: (...specs) => putFiles(store, ...specs),
      run: (command, args = [], world = {}) =>
        runCommand([...command.split(" "), "--stream", "clicks", ...args], {
          clock,
          ...world,
          env: { ...env, ...world.env },
        }),
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
