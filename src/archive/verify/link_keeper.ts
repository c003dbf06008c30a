import type { ArchiveLink } from "./chains.ts";

/** What a survey knows of the files of one shard of one client. */
export interface LinkKeeper {
  /** Adds what one file holds of the shard. */
  add(link: ArchiveLink): void;
  /** The links that show what is wrong; at least one. */
  links(): readonly ArchiveLink[];
}

/** Keeps every link, from which the files of a shard can be counted, too. */
export class AllLinks implements LinkKeeper {
  readonly #links: ArchiveLink[] = [];

  add(link: ArchiveLink): void {
    this.#links.push(link);
  }

  links(): readonly ArchiveLink[] {
    return this.#links;
  }
}
