import * as z from 'zod'

const file = z.object({
  key: z.string(),
  rows: z.number().int(),
  bytes: z.number().int(),
  sha256: z.string(),
  /** Over what the pages reach that it was made of. */
  first: z.string(),
  last: z.string(),
})

const document = z.object({
  format: z.literal(1),
  table: z.string(),
  version: z.number().int(),
  /** Digest of the contract: a replay goes on only with the contract it began with. */
  contract: z.string(),
  /** Positions that it reads; null where it is not bounded. */
  from: z.string().nullable(),
  to: z.string().nullable().optional(),
  revision: z.number().int().min(1),
  /** `leaving`: it is given up, and its files are being deleted. */
  state: z.enum(['running', 'complete', 'leaving', 'abandoned']),
  /** Day of the partition that its files are in; until the first one it may be a later day. */
  ingestDate: z.string(),
  /** Key of the last page that is done, and how many are. */
  after: z.string().nullable(),
  done: z.number().int(),
  /** Of the first page: where it begins, and when its last change was committed, ISO 8601 UTC. */
  first: z.string().nullable().default(null),
  since: z.string().nullable(),
  /** Pages there were when it began, or last went on; null where nobody counts them. */
  pages: z.number().int().nullable().default(null),
  /** Load files that were landed again, with the rows that the contract took and refused. */
  landedAgain: z
    .array(
      z.object({
        key: z.string(),
        rows: z.number().int(),
        landed: z.number().int(),
        refused: z.number().int(),
      }),
    )
    .default([]),
  changes: z.number().int(),
  rows: z.number().int(),
  refused: z.number().int(),
  /** What readers do not see yet; once it is shown they are files as others are. */
  files: z.array(file),
  startedAt: z.string(),
})

/** A replay as the state holds it: JSON. One of a stack of before ranges has no `to`, and its `from` is where its first page begins. */
export const replayDocument = document.transform(({ to, ...replay }) =>
  to === undefined ? { ...replay, from: null, to: null, first: replay.from } : { ...replay, to },
)

/** How far a replay of a table is. */
export type Replay = z.output<typeof replayDocument>
export type ReplayFile = Replay['files'][number]

/**
 * What is known of every replay. Durability: a replay is durable when `replace` resolves. Duplicates: the last one of a
 * table, version and revision counts. Order: by revision. Concurrency: one writer for each replay.
 */
export interface ReplayLedger {
  replace(replay: Replay): Promise<void>
  /** The replays of a table version. */
  of(table: string, version: number): Promise<readonly Replay[]>
  all(): Promise<readonly Replay[]>
}

/** How the names of a replay's files begin; compaction leaves them out until readers see the revision. */
export function replayFileName(revision: number): string {
  return `replay-r${String(revision).padStart(6, '0')}-`
}

/** Whether a history file has rows of a load, first landed or by a replay: they come back of the load's own files alone. */
export function isOfLoad(key: string): boolean {
  return /\/(?:replay-r\d+-)?load-[^/]*\.parquet$/.test(key)
}
