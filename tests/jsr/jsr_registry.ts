/**
 * A stand-in for the JSR registry: takes what `deno publish` sends, and serves it as jsr.io does.
 *
 * Both halves of https://jsr.io/docs/api that Deno speaks: the management API that takes a tarball
 * with the files as they are published (`deno publish` itself leaves out what `publish` excludes,
 * and rewrites specifiers of the import map), and the registry API that importing asks.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { readTarball } from "./tarball.ts";
import { moduleGraph } from "./module_graph.ts";

/** One published version, as the registry API tells of it. */
interface PublishedVersion {
  readonly createdAt: string;
  /** By path, such as `/mod.ts`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What `<version>_meta.json` holds. */
  readonly meta: {
    readonly manifest: Readonly<Record<string, { size: number; checksum: string }>>;
    readonly exports: Readonly<Record<string, string>>;
    readonly moduleGraph2: Readonly<Record<string, unknown>>;
  };
}

const PUBLISH = /^\/api\/scopes\/([^/]+)\/packages\/([^/]+)\/versions\/([^/]+)$/;
const PACKAGE = /^\/api\/scopes\/([^/]+)\/packages\/([^/]+)$/;
const META = /^\/(@[^/]+\/[^/]+)\/meta\.json$/;
const VERSION_META = /^\/(@[^/]+\/[^/]+)\/([^/]+)_meta\.json$/;
const FILE = /^\/(@[^/]+\/[^/]+)\/([^/]+)(\/.+)$/;

/** A running registry, on a free port of 127.0.0.1. */
export class JsrRegistry implements AsyncDisposable {
  readonly #packages = new Map<string, Map<string, PublishedVersion>>();
  readonly #server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => this.#answer(request),
  );

  /** What `JSR_URL` is to be set to. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  /** The published files of a package's version, by path. */
  files(name: string, version: string): ReadonlyMap<string, Uint8Array> {
    return this.#version(name, version)!.files;
  }

  /** Stops serving. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const [, scope, name, version] = PUBLISH.exec(url.pathname) ?? [];
    if (scope === undefined) {
      const known = PACKAGE.exec(url.pathname);
      if (known !== null) return Response.json({ scope: known[1], name: known[2] });
      return this.#serve(url.pathname);
    }
    const fullName = `@${scope}/${name}`;
    if (request.method === "POST") {
      return await this.#publish(fullName, version!, request, url.searchParams.get("config")!);
    }
    const found = this.#version(fullName, version!);
    return found === undefined ? notFound() : Response.json({ scope, name, version });
  }

  async #publish(name: string, version: string, request: Request, config: string) {
    const files = await readTarball(request.body!);
    const { exports } = JSON.parse(new TextDecoder().decode(files.get(config)));
    const manifest = Object.fromEntries(
      [...files].map(([path, bytes]) => [path, { size: bytes.length, checksum: checksum(bytes) }]),
    );
    const meta = { manifest, exports, moduleGraph2: await moduleGraph(files) };
    const versions = this.#packages.get(name) ?? new Map();
    this.#packages.set(name, versions);
    // As if it had been published a while ago: Deno does not take versions younger than a day.
    const createdAt = new Date(Date.now() - 48 * 3_600_000).toISOString();
    versions.set(version, { createdAt, files, meta });
    return Response.json({ id: version, status: "success", error: null });
  }

  #serve(path: string): Response {
    const [, named] = META.exec(path) ?? [];
    if (named !== undefined) return this.#packageMeta(named);
    const [, name, version] = VERSION_META.exec(path) ?? [];
    if (name !== undefined) {
      const meta = this.#version(name, version!)?.meta;
      return meta === undefined ? notFound() : Response.json(meta);
    }
    const [, owner, of, file] = FILE.exec(path) ?? [];
    const bytes = owner && this.#version(owner, of!)?.files.get(file!);
    return bytes ? new Response(bytes as Uint8Array<ArrayBuffer>) : notFound();
  }

  #packageMeta(fullName: string): Response {
    const versions = this.#packages.get(fullName);
    if (versions === undefined) return notFound();
    const [scope, name] = fullName.slice(1).split("/");
    const entries = [...versions].map(([version, { createdAt }]) => [version, { createdAt }]);
    const latest = [...versions.keys()].at(-1);
    return Response.json({ scope, name, latest, versions: Object.fromEntries(entries) });
  }

  #version(name: string, version: string): PublishedVersion | undefined {
    return this.#packages.get(name)?.get(version);
  }
}

function checksum(bytes: Uint8Array): string {
  return `sha256-${createHash("sha256").update(bytes).digest("hex")}`;
}

function notFound(): Response {
  return Response.json({ code: "packageVersionNotFound", message: "Not found" }, { status: 404 });
}
