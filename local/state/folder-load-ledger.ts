import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { isOver, type Load, type LoadLedger, loadState } from '../../core/load/load.ts'
import { byStart, loadDocument } from '../../core/load/load-document.ts'
import { isErrno } from '../../engine/files/durable.ts'
import { JsonDocument } from '../documents/json-document.ts'
import { readJsonFile } from '../documents/json-file.ts'
import type { Edit } from '../documents/json-journal.ts'

interface OpenLoad {
  readonly file: JsonDocument
  readonly saved: Load
}

/**
 * The load ledger on a folder: one JSON file for each load; a step of one table of many writes that table alone. Keeps the
 * guarantees of `LoadLedger`. Memory: the loads that are not over.
 */
export class FolderLoadLedger implements LoadLedger {
  private readonly folder: string
  private readonly wholeBytes: number | undefined
  /** Loads that are not over, as they were last saved. */
  private readonly open = new Map<string, OpenLoad>()

  /** `wholeBytes`: as `JsonDocument`. */
  constructor(folder: string, wholeBytes?: number) {
    this.folder = folder
    this.wholeBytes = wholeBytes
  }

  async save(load: Load): Promise<void> {
    const before = this.open.get(load.id)
    const file = before?.file ?? new JsonDocument(join(this.folder, `${load.id}.json`), this.wholeBytes)
    this.open.set(load.id, { file, saved: load })
    const edits = before === undefined ? undefined : editsOf(before.saved, load)
    const document = { format: 1, ...load }
    await (edits === undefined ? file.write(document) : file.edit(document, edits))
    if (isOver(loadState(load))) await this.letGo(load.id)
  }

  /** Closes what a stop left open. */
  async close(): Promise<void> {
    for (const id of this.open.keys()) await this.letGo(id)
  }

  private async letGo(id: string): Promise<void> {
    const file = this.open.get(id)?.file
    this.open.delete(id)
    await file?.close()
  }

  async all(): Promise<readonly Load[]> {
    const names = await readdir(this.folder).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return []
      throw error
    })
    const loads = await Promise.all(
      names
        .filter((name) => name.endsWith('.json'))
        .map((name) => readJsonFile(join(this.folder, name), loadDocument)),
    )
    return loads
      .flatMap((load) => {
        if (load === undefined) return []
        const { format: _, ...rest } = load
        return [rest]
      })
      .sort(byStart)
  }
}

/* Undefined when more than single tables is another. */
function editsOf({ tables: before, ...head }: Load, { tables, ...rest }: Load): readonly Edit[] | undefined {
  if (before.length !== tables.length || !isDeepStrictEqual(head, rest)) return undefined
  return tables.flatMap((table, index) =>
    table === before[index] ? [] : [{ at: ['tables', index], value: table }],
  )
}
