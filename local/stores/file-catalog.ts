import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import type { Base, CatalogEntry, CatalogTable, Floor } from '../../core/catalog-entry.ts'
import { baseDocument, catalogTableDocument, floorDocument } from '../../core/entry-document.ts'
import { PipelineError } from '../../core/failures.ts'
import type { Catalog } from '../../core/ports.ts'
import { readJsonFile, writeJsonFile } from '../pipeline/json-file.ts'

const entry = z.object({
  table: catalogTableDocument,
  partitions: z.array(z.string()),
  floors: z.array(floorDocument),
  revisions: z.array(z.number().int()),
  base: baseDocument.nullable(),
})
const catalogFile = z.object({ format: z.literal(2), entries: z.array(entry) })

/**
 * The catalog in one JSON file, replaced as a whole. Keeps the guarantees of `Catalog`; one process writes,
 * any process reads.
 */
export class FileCatalog implements Catalog {
  private readonly path: string
  private turn: Promise<unknown> = Promise.resolve()

  constructor(path: string) {
    this.path = path
  }

  async entries(): Promise<readonly CatalogEntry[]> {
    const file = await readJsonFile(this.path, catalogFile)
    if (file === undefined && (await hasLake(dirname(this.path))))
      throw new PipelineError('run/damaged', `${this.path} is missing, and the folder has a lake`)
    return file?.entries ?? []
  }

  /** Writes entries that were made again in the place of a catalog that is not there. */
  async restore(entries: readonly CatalogEntry[]): Promise<void> {
    await writeJsonFile(this.path, { format: 2, entries })
  }

  registerTables(tables: readonly CatalogTable[]): Promise<void> {
    return this.change((entries) => {
      const known = new Map(entries.map((found) => [nameOf(found.table), found]))
      for (const table of tables) {
        const before = known.get(nameOf(table))
        /* A floor is the source's: a new version of its contract stands on the same ones. */
        const sibling = entries.find((other) => other.table.source === table.source)
        const { partitions = [], revisions = [], base = null } = before ?? {}
        const floors = (before ?? sibling)?.floors ?? []
        known.set(nameOf(table), { table, partitions, revisions, floors, base })
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
        throw new PipelineError('lake/conflict', `${table} v${version}: build ${build} was published since`)
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
        const isThere = known.floors.some(({ position }) => position === floor.position)
        if (known.table.source !== sourceTable || isThere) return known
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
      const found = entries.find((known) => known.table.name === table && known.table.version === version)
      if (found === undefined)
        throw new PipelineError('lake/unreadable', `${table} v${version} is not in the catalog`)
      return entries.map((known) => (known === found ? edit(found) : known))
    })
  }

  /* Changes wait for each other; a change that changes nothing writes nothing. */
  private change(edit: (entries: readonly CatalogEntry[]) => readonly CatalogEntry[]): Promise<void> {
    const done = this.turn.then(async () => {
      const before = await this.entries()
      const after = edit(before)
      if (JSON.stringify(after) === JSON.stringify(before)) return
      await writeJsonFile(this.path, { format: 2, entries: after })
    })
    this.turn = done.catch(() => undefined)
    return done
  }
}

/* It is written before the first file of the lake. */
async function hasLake(root: string): Promise<boolean> {
  const found = await stat(join(root, 'lake')).catch(() => undefined)
  return found !== undefined
}

function nameOf({ name, version }: CatalogTable): string {
  return `${name} v${version}`
}
