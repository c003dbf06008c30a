import { compareSequenceNumbers, type SequenceNumber } from "../../base/record.ts";
import type { ArchiveLink } from "../verify/chains.ts";
import type { LinkKeeper } from "../verify/link_keeper.ts";

/** Files of a shard that follow on each other, as if they were one; `key` is that of the last. */
export interface JoinedLink extends ArchiveLink {
  /** Key of the first of these files. */
  readonly firstKey: string;
}

/**
 * Joins the files of a shard that follow on each other, in whatever order they are added.
 *
 * A chain breaks only where files do not follow on each other, so this is enough to find all that is
 * wrong: a whole shard takes the memory of one link, however many files it has.
 */
export class ChainEnds implements LinkKeeper {
  readonly #links = new Set<JoinedLink>();
  /** By the record that a link ends with. */
  readonly #ends = new Map<SequenceNumber, JoinedLink>();
  /** By the record that a link follows. */
  readonly #starts = new Map<SequenceNumber, JoinedLink>();

  add(link: ArchiveLink): void {
    const { previous, last } = link;
    let joined: JoinedLink = { ...link, firstKey: link.key };
    if (isInOrder(link)) {
      const before = previous === undefined ? undefined : this.#ends.get(previous);
      const after = this.#starts.get(last);
      if (before !== undefined) joined = this.#join(before, joined);
      if (after !== undefined) joined = this.#join(joined, after);
      // Another file that claims the same place stays on its own, which shows that there are two.
      if (!this.#ends.has(joined.last)) this.#ends.set(joined.last, joined);
      const start = joined.previous;
      if (start !== undefined && !this.#starts.has(start)) this.#starts.set(start, joined);
    }
    this.#links.add(joined);
  }

  links(): readonly JoinedLink[] {
    return [...this.#links];
  }

  #join(one: JoinedLink, two: JoinedLink): JoinedLink {
    this.#remove(one);
    this.#remove(two);
    return {
      ...{ client: one.client, shardId: one.shardId, key: two.key, firstKey: one.firstKey },
      ...{ previous: one.previous, first: one.first, last: two.last },
      events: one.events + two.events,
      quarantined: one.quarantined + two.quarantined,
      firstArrival: one.firstArrival < two.firstArrival ? one.firstArrival : two.firstArrival,
      lastArrival: one.lastArrival > two.lastArrival ? one.lastArrival : two.lastArrival,
    };
  }

  #remove(link: JoinedLink): void {
    this.#links.delete(link);
    const { previous, last } = link;
    if (this.#ends.get(last) === link) this.#ends.delete(last);
    if (previous !== undefined && this.#starts.get(previous) === link) {
      this.#starts.delete(previous);
    }
  }
}

/** Whether the positions of a file are in order, so that others can follow on it. */
function isInOrder({ previous, first, last }: ArchiveLink): boolean {
  return compareSequenceNumbers(first, last) <= 0 &&
    (previous === undefined || compareSequenceNumbers(previous, first) < 0);
}
