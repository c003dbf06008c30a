import { deepStrictEqual, ok } from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

/** All source texts, with strings that span lines as one. */
function* sources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (isDirectory) yield* sources(`${folder}${name}/`);
    else if (name.endsWith(".ts")) {
      yield Deno.readTextFileSync(new URL(`${folder}${name}`, ROOT))
        .replace(/["'`] ?\+\s*\n?\s*["'`]/g, "").replaceAll('\\"', '"');
    }
  }
}

/** The messages that a page quotes, without what stands for names and numbers. */
function quoted(page: string): { readonly message: string; readonly parts: readonly string[] }[] {
  return [...page.matchAll(/\*\*`([^`]+)`\*\*/g)].map(([, message]) => ({
    message: message!,
    parts: message!.split("…").filter((part) => /\w{2}/.test(part)),
  }));
}

Deno.test("docs/troubleshooting.md quotes messages as the sources have them", () => {
  const page = Deno.readTextFileSync(new URL("docs/troubleshooting.md", ROOT));
  const messages = quoted(page.replaceAll(/\n {2}/g, " "));
  ok(messages.length > 50, `${messages.length}`);
  const files = [...sources("src/")];
  const unknown = messages.filter(({ parts }) =>
    parts.length === 0 || !files.some((file) => parts.every((part) => file.includes(part)))
  );
  deepStrictEqual(unknown.map(({ message }) => message), []);
});
