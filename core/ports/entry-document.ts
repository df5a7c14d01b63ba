import * as z from 'zod'
import type { ColumnType } from '../contract/value/type.ts'
import { formerType } from './former-column.ts'

/* How the parts of a `CatalogEntry` are written as JSON, wherever a catalog keeps them. Other than this is not ours. */

const columnType: z.ZodType<ColumnType> = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.object({
      kind: z.enum(['bigint', 'integer', 'smallint', 'double', 'real', 'boolean']),
    }),
    z.object({ kind: z.enum(['date', 'timestamp', 'timestampMicros', 'time', 'uuid', 'json', 'binary']) }),
    z.object({ kind: z.literal('string'), max: z.number().int().optional() }),
    z.object({ kind: z.literal('decimal'), precision: z.number().int(), scale: z.number().int() }),
    z.object({
      kind: z.literal('enum'),
      values: z.array(z.string()),
      unknown: z.literal('keep').optional(),
    }),
    z.object({ kind: z.literal('list'), of: columnType }),
    z.object({
      kind: z.literal('struct'),
      fields: z.record(z.string(), columnType.and(fieldOptions)),
      unknown: z.literal('drop').optional(),
    }),
  ]),
)
const fieldOptions = z.object({ nullable: z.boolean().optional(), from: z.string().optional() })

const columnNames = { name: z.string(), description: z.string(), contractColumn: z.string() }
const column = z.object({ ...columnNames, type: columnType })
const anyColumn = z.union([
  column,
  z
    .object({ ...columnNames, type: z.string(), contractType: z.string() })
    .transform(({ contractType, type, ...names }) => ({ ...names, type: formerType(type, contractType) }))
    .pipe(column),
])

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
  columns: z.array(anyColumn),
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
