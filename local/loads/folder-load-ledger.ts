import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { type Load, type LoadLedger, loadStates } from '../../core/load.ts'
import { readJsonFile, writeJsonFile } from '../pipeline/json-file.ts'
import { isErrno } from '../stores/durable.ts'

const counts = z.record(z.string(), z.number().int())
const file = z.object({
  key: z.string(),
  rows: z.number().int(),
  bytes: z.number().int(),
  state: z.enum(['arrived', 'landed']),
  landed: counts,
  refused: counts,
  history: z.array(z.string()),
})
const tableLoad = z.object({
  table: z.string(),
  state: z.enum(loadStates),
  oid: z.number().int(),
  position: z.string().nullable(),
  estimatedRows: z.number().nullable(),
  rows: z.number().int(),
  bytes: z.number().int(),
  isRead: z.boolean(),
  files: z.array(file),
  /* A later version may know other codes; a ledger that says so is still one. */
  failure: z.object({ code: z.custom<FailureName>(isName), message: z.string() }).nullable(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
})
const loadFile = z.object({
  format: z.literal(1),
  id: z.string(),
  startedAt: z.string(),
  window: z.string().nullable(),
  tables: z.array(tableLoad),
})

type FailureName = NonNullable<Load['tables'][number]['failure']>['code']

/** The load ledger on a folder: one JSON file for each load, replaced as a whole. Keeps the guarantees of `LoadLedger`. */
export class FolderLoadLedger implements LoadLedger {
  private readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  save(load: Load): Promise<void> {
    return writeJsonFile(join(this.folder, `${load.id}.json`), { format: 1, ...load })
  }

  async all(): Promise<readonly Load[]> {
    const names = await readdir(this.folder).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return []
      throw error
    })
    const loads = await Promise.all(
      names
        .filter((name) => name.endsWith('.json'))
        .map((name) => readJsonFile(join(this.folder, name), loadFile)),
    )
    return loads
      .flatMap((load) => {
        if (load === undefined) return []
        const { format: _, ...rest } = load
        return [rest]
      })
      .sort((a, b) => a.startedAt.localeCompare(b.startedAt) || a.id.localeCompare(b.id))
  }
}

function isName(value: unknown): value is FailureName {
  return typeof value === 'string'
}
