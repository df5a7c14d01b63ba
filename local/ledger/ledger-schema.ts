import * as z from 'zod'
import type { LedgerLine } from '../../core/ledger/ledger.ts'
import type { BookSnapshot } from '../../core/ledger/ledger-snapshot.ts'

const count = z.number().int().min(0)
const counts = z.record(z.string(), count)

const block = z.object({
  contract: z.string(),
  origin: z.enum(['page', 'redrive', 'replay']),
  page: z.string(),
  ordinal: count,
  changes: count,
  rows: count,
  first: z.string(),
  last: z.string(),
  digest: z.string(),
})
const page = z.object({
  page: z.string(),
  table: z.string(),
  changes: count,
  firstPosition: z.string(),
  lastPosition: z.string(),
  shares: z.array(
    z.object({
      contract: z.string().nullable(),
      blocks: z.array(block),
      refused: count,
      fresh: count,
      filtered: count,
    }),
  ),
})
export const manifestFile = z.object({
  key: z.string(),
  rows: count,
  bytes: count,
  sha256: z.string().optional(),
  first: z.string().nullable(),
  last: z.string().nullable(),
})
export const manifestChange = z.object({
  table: z.string(),
  version: z.number().int(),
  day: z.string(),
  added: z.array(manifestFile),
  removed: z.array(z.string()),
})
const load = z.object({
  load: z.string(),
  key: z.string(),
  table: z.string(),
  rows: count,
  landed: counts,
  refused: counts,
  files: z.array(manifestChange),
})

/** A line of the journal. */
export const ledgerLine: z.ZodType<LedgerLine> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('delivered'), object: z.string(), blocks: z.array(block) }),
  z.object({ kind: z.literal('formatted'), pages: z.array(page) }),
  z.object({ kind: z.literal('redriven'), blocks: z.array(block) }),
  z.object({
    kind: z.literal('landed'),
    object: z.string(),
    blocks: z.array(block),
    files: z.array(manifestChange),
  }),
  z.object({ kind: z.literal('aside'), object: z.string() }),
  z.object({ kind: z.literal('files'), ...manifestChange.shape }),
  z.object({ kind: z.literal('load'), ...load.shape }),
  z.object({
    kind: z.literal('replayed'),
    contract: z.string(),
    contracts: z.array(z.string()),
    /* A line of before pages were named by key tells nothing of them: the replay can be done again. */
    pages: z.array(z.string()).default([]),
    from: z.string().nullable(),
    to: z.string().nullable(),
  }),
  z.object({ kind: z.literal('filtered'), control: counts, bookkeeping: count }),
])

const book: z.ZodType<BookSnapshot> = z.object({
  since: count,
  folded: z.array(z.tuple([count, count])),
  contracts: z.array(
    z.tuple([
      z.string(),
      z.object({
        captured: count,
        landed: count,
        refused: count,
        fresh: count,
        filtered: count,
        redriven: count,
      }),
    ]),
  ),
  sources: z.array(z.tuple([z.string(), z.object({ captured: count, through: z.string().nullable() })])),
  pages: z.array(page.extend({ place: count })),
  landed: z.array(z.tuple([z.string(), z.array(z.string())])),
  objects: z.array(z.tuple([z.string(), z.object({ blocks: z.array(block), isAside: z.boolean() })])),
  redrives: z.array(block),
  strays: z.array(z.string()),
  loads: z.array(load),
  control: counts,
  bookkeeping: count,
})

/** The books, and the number of the journal that goes on from them. */
export const ledgerTotals = z.object({ format: z.literal(1), journal: count, book })
