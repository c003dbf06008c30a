import { html, type HtmlValue } from "./html.ts";

/** Renders a document: `head` comes after its title, `body` is all of it. */
export function renderDocument(
  { title, head, body }: {
    readonly title: string;
    readonly head: HtmlValue;
    readonly body: HtmlValue;
  },
): string {
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>${title}</title>
        <link rel="icon" href="data:,">
        ${head}
      </head>
      <body>
        ${body}
      </body>
    </html>
  `.text;
}
