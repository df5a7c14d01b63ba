import * as z from 'zod'
import { type Load, loadStates } from './load.ts'

const counts = z.record(z.string(), z.number().int())
export const loadedFile = z.object({
  key: z.string(),
  rows: z.number().int(),
  bytes: z.number().int(),
  sha256: z.string().optional(),
  state: z.enum(['arrived', 'landed']),
  landed: counts,
  refused: counts,
  history: z.array(z.string()),
})
/* A later version may know other codes; a ledger that says so is still one. */
export const failureDocument = z
  .object({ code: z.custom<FailureName>(isName), message: z.string() })
  .nullable()
const tableLoad = z.object({
  table: z.string(),
  state: z.enum(loadStates),
  oid: z.number().int(),
  position: z.string().nullable(),
  estimatedRows: z.number().nullable(),
  rows: z.number().int(),
  bytes: z.number().int(),
  isRead: z.boolean(),
  readAt: z.string().optional(),
  files: z.array(loadedFile),
  failure: failureDocument,
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
})

/** A load as a file or an object holds it: JSON. */
export const loadDocument = z.object({
  format: z.literal(1),
  id: z.string(),
  startedAt: z.string(),
  window: z.string().nullable(),
  tables: z.array(tableLoad),
  runBefore: z.string().nullable().optional(),
})

type FailureName = NonNullable<Load['tables'][number]['failure']>['code']

function isName(value: unknown): value is FailureName {
  return typeof value === 'string'
}

/** Loads by their start, as `LoadLedger.all` gives them. */
export function byStart(one: Load, other: Load): number {
  return one.startedAt.localeCompare(other.startedAt) || one.id.localeCompare(other.id)
}
