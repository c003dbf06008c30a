/**
 * Reading the project's documentation: its files, links and blocks of code.
 *
 * @module
 */

import { dirname, join } from "node:path";

/** The project's folder. */
export const ROOT = new URL("../..", import.meta.url).pathname;

/** A block of code. */
export interface CodeBlock {
  /** The language, such as `console`; empty if none is given. */
  readonly language: string;
  readonly text: string;
}

/** A page of documentation. */
export interface Page {
  /** The file, from the project's folder, such as `docs/format.md`. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly CodeBlock[];
}

/** All pages: those in the project's folder, and those in `docs`. */
export function readPages(): Page[] {
  const pagesIn = (folder: string) =>
    [...Deno.readDirSync(join(ROOT, folder))]
      .filter(({ name }) => name.endsWith(".md"))
      .map(({ name }) => join(folder, name));
  return [...pagesIn("."), ...pagesIn("docs")].sort().map(readPage);
}

/** Reads a page. */
export function readPage(path: string): Page {
  const text = Deno.readTextFileSync(join(ROOT, path));
  const blocks = [...text.matchAll(/^```(\w*)[^\n]*\n([\s\S]*?)^```$/gm)];
  return {
    path,
    text,
    blocks: blocks.map(([, language, text]) => ({ language: language!, text: text! })),
  };
}

/** The links of a page to files of the project, with the anchors in them. */
export function localLinks({ path, text }: Page): { target: string; anchor: string | undefined }[] {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "`code`");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link]) => link!)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [file, anchor] = link.split("#");
      return { target: file === "" ? path : join(dirname(path), file!), anchor };
    });
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf({ text }: Page): string[] {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, "");
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-")
  );
}
