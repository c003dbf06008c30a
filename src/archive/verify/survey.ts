import type { ArchiveManifest } from "../../codec/tri/archive_manifest.ts";
import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../../base/record.ts";
import type { ArchiveEntry } from "../archive_entry.ts";
import { ChosenFiles } from "./chosen_files.ts";
import { type ArchiveLink, type ArchiveProblem, checkChain, inChainOrder } from "./chains.ts";
import { gapId } from "./gap_id.ts";
import type { RecordedGap } from "./recorded_gaps.ts";
import { elsewhere, rangeAfter, type RecordedMove } from "./recorded_moves.ts";
import { AllLinks, type LinkKeeper } from "./link_keeper.ts";
import type { InspectedArchive } from "./manifests.ts";
import type { ArchivedShard } from "./verify_report.ts";

/** The last archived record of a shard, as somebody else knows it. */
export interface KnownCheckpoint {
  /** The client. */
  readonly client: string;
  /** The shard. */
  readonly shardId: ShardId;
  /** The last record that was archived. */
  readonly sequenceNumber: SequenceNumber;
  /**
   * Whether the client is known to archive. Else it may be a consumer, and its position counts only
   * if there are files of the client.
   */
  readonly isArchivers?: boolean | undefined;
}

/** What decides how chains are judged. */
export interface JudgeOptions {
  /** Whether files before those that were added may exist. */
  readonly isPart: boolean;
  /** Whether files after those that were added may exist. */
  readonly endsEarly: boolean;
  /** The client whose files were added; undefined if those of all. */
  readonly client: string | undefined;
  readonly gaps: readonly RecordedGap[];
  /** Those of them that were recorded before the files were listed. */
  readonly earlierGaps: readonly RecordedGap[];
  /** Up to where shards are archived, by the database. */
  readonly checkpoints: readonly KnownCheckpoint[];
  /** Moves of the archive between stores, in order. */
  readonly moves: readonly RecordedMove[];
  /** Identity of the store that is verified. */
  readonly here: string;
}

/** The sum of all manifests of an archive. */
export class ArchiveSurvey {
  readonly #keeper: () => LinkKeeper;
  readonly #chains = new Map<string, LinkKeeper>();
  readonly #ofOthers: ArchiveLink[] = [];
  readonly #unprovable: ArchiveEntry[] = [];
  readonly #problems: ArchiveProblem[] = [];
  readonly quarantine: { key: string; records: number }[] = [];
  /** Which files are verified; the chains are those of all files. */
  readonly chosen: ChosenFiles;
  files = 0;
  otherFiles = 0;
  empty = 0;
  size = 0;
  events = 0;
  bytes = 0;
  quarantined = 0;

  /** `keeper` makes what keeps the links of a shard. Default: all links are kept. */
  constructor(
    chosen: ChosenFiles = new ChosenFiles(),
    keeper: () => LinkKeeper = () => new AllLinks(),
  ) {
    this.chosen = chosen;
    this.#keeper = keeper;
  }

  /** Keys of files without a manifest. */
  get unprovable(): string[] {
    return this.#unprovable.map(({ key }) => key).filter((key) => this.chosen.has(key));
  }

  add(file: InspectedArchive): void {
    const { key, size } = file.entry;
    if (this.chosen.has(key)) this.#count(file, size);
    else this.otherFiles++;
    switch (file.type) {
      case "empty":
        break;
      case "unprovable":
        this.#unprovable.push(file.entry);
        break;
      case "damaged":
        this.addProblem({ type: "damaged", keys: [key], message: file.error.message });
        break;
      case "provable":
        this.#addManifest(file.entry, file.manifest);
    }
  }

  /** Adds only the links of a file that is not itself verified: a neighbour of those that are. */
  addNeighbour(file: InspectedArchive): void {
    if (file.type === "provable" && isAtHome(file.entry, file.manifest)) {
      this.#ofOthers.push(...linksOf(file.entry, file.manifest));
    }
  }

  addProblem(problem: ArchiveProblem): void {
    this.#problems.push(problem);
  }

  #count(file: InspectedArchive, size: number): void {
    this.files++;
    this.size += size;
    if (file.type === "empty") this.empty++;
    if (file.type !== "provable") return;
    const { events, bytes, quarantined } = file.manifest;
    this.events += events;
    this.bytes += bytes;
    this.quarantined += quarantined;
    if (quarantined > 0) this.quarantine.push({ key: file.entry.key, records: quarantined });
  }

  #addManifest(entry: ArchiveEntry, manifest: ArchiveManifest): void {
    const { key } = entry;
    this.#problems.push(...checkCounts(key, manifest));
    if (!isAtHome(entry, manifest)) {
      const message = `it says that it belongs to stream "${manifest.stream}" and client ` +
        `"${manifest.client}"`;
      return this.addProblem({ type: "misplaced", keys: [key], message });
    }
    for (const link of linksOf(entry, manifest)) {
      const id = chainId(link);
      const chain = this.#chains.get(id) ?? this.#keeper();
      this.#chains.set(id, chain);
      chain.add(link);
    }
  }

  /** The links that are kept of a shard. */
  linksOf(owner: ChainOwner): readonly ArchiveLink[] {
    return this.#chains.get(chainId(owner))?.links() ?? [];
  }

  /** Each shard of each client, in order. */
  shards(): ArchivedShard[] {
    return [...this.#chains.keys()].sort()
      .map((id) => this.#chains.get(id)!.links().filter(({ key }) => this.chosen.has(key)))
      .filter(({ length }) => length > 0)
      .map(summarize);
  }

  /** All that is wrong: what was added, and what the chains show. */
  problems(options: JudgeOptions): ArchiveProblem[] {
    const { client: wanted, earlierGaps } = options;
    const named = earlierGaps.filter(({ client }) => (wanted ?? client) === client);
    const links = this.#someLinks();
    const owners = [...links, ...named].map((owner) => [chainId(owner), owner] as const);
    const ids = new Map<string, ChainOwner>(owners);
    const problems = [...this.#problems];
    for (const [, shard] of [...ids].sort(([a], [b]) => a < b ? -1 : 1)) {
      const links = this.linksOf(shard);
      problems.push(...this.#judge(shard, links, options), ...this.#checkEnd(links, options));
    }
    return [...problems, ...this.#checkMissing(options)];
  }

  /** A link of each shard. */
  #someLinks(): ArchiveLink[] {
    return [...this.#chains.values()].map((chain) => chain.links()[0]!);
  }

  /** Shards that are archived by the database, and of which there is no file at all. */
  #checkMissing(options: JudgeOptions): ArchiveProblem[] {
    const { isPart, client: wanted, checkpoints } = options;
    if (isPart) return [];
    const archivers = new Set(this.#someLinks().map(({ client }) => client));
    return checkpoints.flatMap(({ client, shardId, sequenceNumber, isArchivers }) => {
      const explained = (wanted ?? client) !== client ||
        !(isArchivers || archivers.has(client)) || this.#chains.has(chainId({ client, shardId })) ||
        this.#unprovable.some((entry) => entry.client === client) ||
        rangeAfter(elsewhere({ client, shardId }, options), undefined, sequenceNumber);
      if (explained) return [];
      const message =
        `the database says that it is archived up to ${sequenceNumber}, but no file ` +
        "holds any of it";
      const id = gapId({ client, shardId, upTo: sequenceNumber });
      return [{ type: "gap", keys: [], client, shardId, id, message }];
    });
  }

  #judge(
    { client, shardId }: ChainOwner,
    links: readonly ArchiveLink[],
    options: JudgeOptions,
  ): ArchiveProblem[] {
    const { isPart, endsEarly, gaps, earlierGaps } = options;
    const id = chainId({ client, shardId });
    const isSame = (one: ChainOwner) => chainId(one) === id;
    const chain = inChainOrder([...links, ...this.#ofOthers.filter(isSame)]);
    // What another program archived before, nobody can link to.
    const follows = this.#unprovable.some((entry) => entry.client === client);
    const problems = checkChain(chain, {
      beginsAnywhere: isPart || follows,
      endsAnywhere: endsEarly,
      gaps: gaps.filter(isSame),
      namedBy: earlierGaps.filter(isSame),
      elsewhere: elsewhere({ client, shardId }, options),
    });
    const ours = new Set(links.map(({ key }) => key));
    return problems.filter(({ keys }) => keys.length === 0 || keys.some((key) => ours.has(key)));
  }

  /** Holds the end of a chain against what the database knows: the last files may be missing. */
  #checkEnd(links: readonly ArchiveLink[], options: JudgeOptions): ArchiveProblem[] {
    const { checkpoints } = options;
    if (links.length === 0) return [];
    const { client, shardId, last, lastKey } = summarize(links);
    const known = checkpoints.find((one) => one.client === client && one.shardId === shardId);
    if (known === undefined || compareSequenceNumbers(known.sequenceNumber, last) <= 0) return [];
    if (this.#unprovable.some((entry) => entry.client === client && entry.key > lastKey)) return [];
    if (rangeAfter(elsewhere({ client, shardId }, options), last, known.sequenceNumber)) return [];
    const message =
      `the database says that it is archived up to ${known.sequenceNumber}, but no file goes ` +
      `further than ${last}`;
    const id = gapId({ client, shardId, after: last, upTo: known.sequenceNumber });
    return [{ type: "gap", keys: [lastKey], client, shardId, after: last, id, message }];
  }
}

/** Whose chain it is. */
export type ChainOwner = Pick<ArchiveLink, "client" | "shardId">;

function chainId({ client, shardId }: ChainOwner): string {
  return `${client} ${shardId}`;
}

/** Whether a file is where it belongs by its manifest. */
export function isAtHome(entry: ArchiveEntry, { stream, client }: ArchiveManifest): boolean {
  return stream === entry.stream && client === entry.client;
}

function linksOf({ key, client }: ArchiveEntry, { shards }: ArchiveManifest): ArchiveLink[] {
  return [...shards].map(([shardId, range]) => ({ key, client, shardId, ...range }));
}

/** Whether the shards of a manifest add up to its totals. */
function checkCounts(key: string, manifest: ArchiveManifest): ArchiveProblem[] {
  return (["events", "quarantined"] as const).flatMap((name) => {
    const sum = manifest.shards.values().reduce((sum, shard) => sum + shard[name], 0);
    if (sum === manifest[name]) return [];
    const message = `its manifest says "${name}" is ${
      manifest[name]
    }, but that of its shards is ${sum}`;
    return [{ type: "count", keys: [key], message }];
  });
}

function summarize(links: readonly ArchiveLink[]): ArchivedShard {
  const [start] = inChainOrder(links) as [ArchiveLink];
  let end = start;
  const total = { events: 0, quarantined: 0, firstArrival: Infinity, lastArrival: -Infinity };
  for (const link of links) {
    if (compareSequenceNumbers(link.last, end.last) > 0) end = link;
    total.events += link.events;
    total.quarantined += link.quarantined;
    total.firstArrival = Math.min(total.firstArrival, link.firstArrival.getTime());
    total.lastArrival = Math.max(total.lastArrival, link.lastArrival.getTime());
  }
  return {
    client: start.client,
    shardId: start.shardId,
    files: links.length,
    events: total.events,
    quarantined: total.quarantined,
    previous: start.previous,
    first: start.first,
    last: end.last,
    lastKey: end.key,
    firstArrival: new Date(total.firstArrival),
    lastArrival: new Date(total.lastArrival),
  };
}
