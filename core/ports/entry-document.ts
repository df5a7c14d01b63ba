import * as z from 'zod'

/* How the parts of a `CatalogEntry` are written as JSON, wherever a catalog keeps them. Other than this is not ours. */

export const catalogTableDocument = z.object({
  name: z.string(),
  version: z.number().int(),
  description: z.string(),
  owner: z.string(),
  source: z.string(),
  primaryKey: z.array(z.string()),
  location: z.string(),
  baseLocation: z.string(),
  basePartitions: z.array(
    z.object({
      name: z.string(),
      column: z.string(),
      rule: z.union([z.enum(['day', 'month']), z.object({ bucket: z.number().int() })]),
    }),
  ),
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      contractType: z.string(),
      description: z.string(),
      contractColumn: z.string(),
    }),
  ),
})

export const floorDocument = z.object({
  position: z.string(),
  reason: z.enum(['load', 'truncate']),
  since: z.string().optional(),
})

const file = z.object({
  key: z.string(),
  rows: z.number().int(),
  bytes: z.number().int(),
  sha256: z.string().optional(),
})

export const baseDocument = z.object({
  build: z.number().int(),
  position: z.string(),
  openSince: z.string(),
  historyFrom: z.string().nullable(),
  folded: z.array(z.string()),
  parts: z.array(z.object({ values: z.record(z.string(), z.string()), files: z.array(file) })),
  tombstones: z.array(file),
  rows: z.number().int(),
})
