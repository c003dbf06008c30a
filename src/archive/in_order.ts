/**
 * Yields what `work` makes of each item, in the order of the items, several at work at once.
 *
 * What fails, fails when its turn comes; no new work is begun once the consumer has stopped.
 *
 * @param limit How many are at work at once.
 * @param work What to do with an item.
 */
export async function* inOrder<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const queue: Promise<R>[] = [];
  for await (const item of items) {
    const result = work(item);
    result.catch(() => {}); // seen when its turn comes
    queue.push(result);
    if (queue.length >= limit) yield await queue.shift()!;
  }
  while (queue.length > 0) yield await queue.shift()!;
}
