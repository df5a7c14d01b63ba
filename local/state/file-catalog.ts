import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { Mutex } from '../../core/mutex.ts'
import {
  type Base,
  type CatalogEntry,
  type CatalogTable,
  type Floor,
  requireEntry,
} from '../../core/ports/catalog-entry.ts'
import { baseDocument, catalogTableDocument, floorDocument } from '../../core/ports/entry-document.ts'
import type { Catalog } from '../../core/ports/ports.ts'
import { JsonDocument } from '../documents/json-document.ts'
import { readJsonFile } from '../documents/json-file.ts'
import { type Edit, jsonStamp } from '../documents/json-journal.ts'

const entry = z.object({
  table: catalogTableDocument,
  partitions: z.array(z.string()),
  floors: z.array(floorDocument),
  revisions: z.array(z.number().int()),
  base: baseDocument.nullable(),
})
const catalogFile = z.object({ format: z.literal(2), entries: z.array(entry) })

export interface FileCatalogOptions {
  /** As `JsonDocument`. */
  readonly wholeBytes?: number | undefined
  /** Nobody else writes it while this is open, as under the lock of a folder: then it is read once. */
  readonly isOwn?: boolean
}

/**
 * The catalog in one JSON file; a change of one entry of many writes that entry alone. Keeps the guarantees of `Catalog`;
 * one process writes, any process reads. What was read is read again only when it is another.
 */
export class FileCatalog implements Catalog {
  private readonly path: string
  private readonly file: JsonDocument
  private readonly isOwn: boolean
  private readonly changes = new Mutex()
  private written: readonly CatalogEntry[] | undefined
  private known: { readonly entries: readonly CatalogEntry[]; readonly stamp: string } | undefined

  constructor(path: string, { wholeBytes, isOwn = false }: FileCatalogOptions = {}) {
    this.path = path
    this.file = new JsonDocument(path, wholeBytes)
    this.isOwn = isOwn
  }

  async entries(): Promise<readonly CatalogEntry[]> {
    if (this.isOwn && this.written !== undefined) return this.written
    const stamp = await jsonStamp(this.path)
    if (stamp !== undefined && stamp === this.known?.stamp) return this.known.entries
    const file = await readJsonFile(this.path, catalogFile)
    if (file === undefined && (await hasLake(dirname(this.path))))
      throw new PipelineError('run/damaged', `${this.path} is missing, and the folder has a lake`)
    const entries = file?.entries ?? []
    this.known = stamp === undefined ? undefined : { entries, stamp }
    return entries
  }

  /** Writes entries that were made again in the place of a catalog that is not there. */
  async restore(entries: readonly CatalogEntry[]): Promise<void> {
    await this.file.write({ format: 2, entries })
    await this.file.close()
  }

  close(): Promise<void> {
    return this.file.close()
  }

  registerTables(tables: readonly CatalogTable[]): Promise<void> {
    return this.change((entries) => {
      const known = new Map(entries.map((found) => [printTableVersion(found.table), found]))
      const siblings = new Map(entries.map((found) => [found.table.source, found]))
      for (const table of tables) {
        const before = known.get(printTableVersion(table))
        /* A floor is the source's: a new version of its contract stands on the same ones. */
        const sibling = siblings.get(table.source)
        const { partitions = [], revisions = [], base = null } = before ?? {}
        const floors = (before ?? sibling)?.floors ?? []
        known.set(printTableVersion(table), { table, partitions, revisions, floors, base })
      }
      return [...known.values()]
    })
  }

  registerPartition(table: string, version: number, ingestDate: string): Promise<void> {
    return this.changeOne(table, version, (found) =>
      found.partitions.includes(ingestDate)
        ? found
        : { ...found, partitions: [...found.partitions, ingestDate].sort() },
    )
  }

  publishRevision(table: string, version: number, revision: number): Promise<void> {
    return this.changeOne(table, version, (found) =>
      found.revisions.includes(revision)
        ? found
        : { ...found, revisions: [...found.revisions, revision].sort((a, b) => a - b) },
    )
  }

  publishBase(table: string, version: number, base: Base, before: number | null): Promise<void> {
    return this.changeOne(table, version, (found) => {
      const build = found.base?.build ?? null
      if (build === base.build) return found
      if (build !== before)
        throw new PipelineError(
          'lake/conflict',
          `${printTableVersion({ name: table, version })}: build ${build} was published since`,
        )
      return { ...found, base }
    })
  }

  dropPartitions(table: string, version: number, ingestDates: readonly string[]): Promise<void> {
    return this.changeOne(table, version, (found) => ({
      ...found,
      partitions: found.partitions.filter((date) => !ingestDates.includes(date)),
    }))
  }

  addFloor(sourceTable: string, floor: Floor): Promise<void> {
    return this.change((entries) =>
      entries.map((known) => {
        if (known.table.source !== sourceTable) return known
        if (known.floors.some(({ position }) => position === floor.position)) return known
        const floors = [...known.floors, floor].sort((a, b) => (a.position < b.position ? -1 : 1))
        return { ...known, floors }
      }),
    )
  }

  private changeOne(
    table: string,
    version: number,
    edit: (entry: CatalogEntry) => CatalogEntry,
  ): Promise<void> {
    return this.change((entries) => {
      const found = requireEntry(entries, { name: table, version })
      return entries.map((known) => (known === found ? edit(found) : known))
    })
  }

  /* Changes wait for each other; a change that changes nothing writes nothing. Entries keep their places. */
  private change(edit: (entries: readonly CatalogEntry[]) => readonly CatalogEntry[]): Promise<void> {
    return this.changes.run(async () => {
      const before = await this.entries()
      const entries = edit(before)
      const edits: Edit[] = []
      for (const [index, value] of entries.entries())
        if (value !== before[index] && !isDeepStrictEqual(value, before[index]))
          edits.push({ at: ['entries', index], value })
      if (edits.length === 0) return
      const document = { format: 2, entries }
      /* Of a file that somebody else replaced meanwhile it is no edit. */
      await (before === this.written ? this.file.edit(document, edits) : this.file.write(document))
      this.written = entries
      if (this.isOwn) return
      const stamp = await jsonStamp(this.path)
      this.known = stamp === undefined ? undefined : { entries, stamp }
    })
  }
}

/* It is written before the first file of the lake. */
async function hasLake(root: string): Promise<boolean> {
  const found = await stat(join(root, 'lake')).catch(() => undefined)
  return found !== undefined
}
