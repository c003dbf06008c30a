/**
 * Listings that must come to an end.
 *
 * @module
 */

/** Pages in a row that may be empty: S3 gives some where many objects were deleted. */
const MAX_EMPTY_PAGES = 1000;

/** Follows a listing from page to page, and notices when it does not move on. */
export class PageProgress {
  readonly #tokens = new Set<string>();
  readonly #firsts = new Set<string>();
  #emptyPages = 0;

  /**
   * Takes note of a page that another one is to follow.
   *
   * @param token What the next page is to be requested with.
   * @param first The page's first entry; undefined if it is empty.
   * @returns What is wrong with it; undefined if the next page may be requested.
   */
  check(token: string, first: string | undefined): string | undefined {
    if (token === "") return "the server says that there is more, and not how to request it";
    if (this.#tokens.has(token)) return "the server gives the same continuation token again";
    this.#tokens.add(token);
    if (first !== undefined) {
      if (this.#firsts.has(first)) return "the server gives the same page again";
      this.#firsts.add(first);
    }
    this.#emptyPages = first === undefined ? this.#emptyPages + 1 : 0;
    if (this.#emptyPages > MAX_EMPTY_PAGES) {
      return `the server gives more than ${MAX_EMPTY_PAGES} empty pages`;
    }
    return undefined;
  }
}
