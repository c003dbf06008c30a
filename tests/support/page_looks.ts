/** What a page must look like, whatever it shows. */

import { deepStrictEqual, equal } from "node:assert/strict";
import type { Browser, Viewport } from "./browser.ts";

/** The texts with too little contrast, by WCAG AA. */
const FAINT = `(() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    throw new Error("nothing is behind");
  };
  const luminance = (color) => {
    const [r, g, b] = color.map((part) => {
      const value = part / 255;
      return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text; (text = texts.nextNode()) !== null;) {
    if (text.data.trim() === "" || text.parentElement.closest("[hidden], script") !== null) continue;
    const [a, b] = [parse(getComputedStyle(text.parentElement).color), behind(text.parentElement)]
      .map((color) => luminance(color.slice(0, 3)));
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint.push([text.data.trim(), contrast]);
  }
  return faint;
})()`;

/** The elements that overflow to the right, outside of what scrolls on its own. */
const WIDE = `[...document.querySelectorAll("body *")].filter((element) =>
  getComputedStyle(element).position !== "absolute" &&
  element.parentElement.closest(".scroll") === null &&
  element.getBoundingClientRect().right > innerWidth + 0.5
).map((element) => element.outerHTML.slice(0, 80))`;

/** Checks that nothing of a page is cut off or hard to read. */
export async function checkLooks(
  browser: Browser,
  url: string,
  viewport: Viewport,
  name = url,
): Promise<void> {
  const what = `${name}, ${viewport.scheme}, ${viewport.width}`;
  await browser.open(url, viewport);
  deepStrictEqual(await browser.evaluate(WIDE), [], what);
  equal(await browser.evaluate("document.documentElement.scrollWidth"), viewport.width, what);
  deepStrictEqual(await browser.evaluate(FAINT), [], what);
}
