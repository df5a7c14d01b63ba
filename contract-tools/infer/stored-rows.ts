import type { Change } from '../../core/change.ts'
import { ObservedRows } from '../../core/contract/infer/infer-from-values.ts'
import { decodePage } from '../../core/page.ts'
import type { WaitingEntry } from '../../core/ports/ports.ts'
import { changeOfEntry } from '../../formatters/change-of-entry.ts'
import { newestLoadRows } from '../../local/loads/newest-load-rows.ts'
import type { RunFolder } from '../../local/state/run-folder.ts'
import { readState } from '../../local/state/state-file.ts'
import { FolderQuarantine } from '../../local/stores/folder-quarantine.ts'
import { FolderRawStore } from '../../local/stores/folder-raw-store.ts'

/** What a folder has stored of one source table, looked at within bounds. */
export interface StoredRows {
  readonly rows: ObservedRows
  /** Fields that every delete carried: the key, as a source sends it. Undefined when none was seen. */
  readonly inDeletes: ReadonlySet<string> | undefined
  /** One row with the most fields, for a sample; undefined when there is none. */
  readonly example: Change | undefined
}

/** A waiting change beside the reasons that keep it. */
export type Refused = Pick<WaitingEntry, 'contract' | 'reasons'> & { readonly change: Change }

/* Bounds the time; memory is bounded by a page, and no row but one is kept. */
export const maxSampleRows = 100_000

/**
 * The newest rows that are stored raw: whole pages of changes until there are `limit` rows, then rows of the newest load's
 * files as far as any are missing.
 */
export async function rawRows(folder: RunFolder, table: string, limit: number): Promise<StoredRows> {
  const look = new Look()
  await readState(folder, async (state) => {
    const store = await FolderRawStore.in(state)
    for await (const page of store.newestFirst(table)) {
      for (const change of decodePage(page)) look.add(change)
      if (look.rows.rows >= limit) break
    }
  })
  const missing = limit - look.rows.rows
  if (missing > 0) for await (const row of newestLoadRows(folder, table, missing)) look.add(row)
  return look.result()
}

/** Up to `limit` changes of a table that wait in quarantine; `each` sees them one by one. */
export async function quarantinedRows(
  folder: RunFolder,
  table: string,
  limit: number,
  each: (refused: Refused) => void,
): Promise<StoredRows> {
  const store = await FolderQuarantine.open(folder, { mode: 'read' })
  const look = new Look()
  try {
    let seen = 0
    for await (const entry of store.list({ table })) {
      if (entry.stage !== 'format') continue
      const change = changeOfEntry(entry)
      look.add(change)
      each({ change, contract: entry.contract, reasons: entry.reasons })
      seen += 1
      if (seen >= limit) break
    }
    return look.result()
  } finally {
    await store.close()
  }
}

class Look {
  readonly rows = new ObservedRows()
  private inDeletes: ReadonlySet<string> | undefined
  private example: Change | undefined

  add(change: Change): void {
    const { operation, data } = change
    if (operation === 'truncate' || operation === 'refused') return
    if (operation === 'delete') {
      const names = Object.keys(data)
      this.inDeletes = new Set(names.filter((name) => this.inDeletes?.has(name) ?? true))
      return
    }
    this.rows.add(data)
    if (fieldsOf(change) > fieldsOf(this.example)) this.example = change
  }

  result(): StoredRows {
    const { rows, inDeletes, example } = this
    return { rows, inDeletes, example }
  }
}

function fieldsOf(change: Change | undefined): number {
  return Object.values(change?.data ?? {}).filter((value) => value !== null).length
}
