/** Maximum number of empty pages in a row: S3 returns some after many objects were deleted. */
const MAX_EMPTY_PAGES = 1000;

/** Follows a listing from page to page, and detects when it does not advance. */
export class PageProgress {
  readonly #tokens = new Set<string>();
  readonly #firsts = new Set<string>();
  #emptyPages = 0;

  /**
   * Notes a page that is not the last one.
   *
   * @param token The token for the next page.
   * @param first The page's first entry; undefined if it is empty.
   * @returns What is wrong with it; undefined if the next page may be requested.
   */
  check(token: string, first: string | undefined): string | undefined {
    if (token === "") {
      return "the server says that there are more pages, but returns no continuation token";
    }
    if (this.#tokens.has(token)) return "the server returns the same continuation token again";
    this.#tokens.add(token);
    if (first !== undefined) {
      if (this.#firsts.has(first)) return "the server returns the same page again";
      this.#firsts.add(first);
    }
    this.#emptyPages = first === undefined ? this.#emptyPages + 1 : 0;
    if (this.#emptyPages > MAX_EMPTY_PAGES) {
      return `the server returns more than ${MAX_EMPTY_PAGES} empty pages`;
    }
    return undefined;
  }
}
