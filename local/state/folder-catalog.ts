import * as z from 'zod'
import { printTableVersion, tableVersionKey } from '../../core/contract/language/table-version.ts'
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
import { type Item, type ItemPut, put } from '../../core/ports/item-table.ts'
import type { Catalog } from '../../core/ports/ports.ts'
import type { SqliteItems } from '../sqlite/sqlite-items.ts'

const FLOOR = 'floor '

const entryForm = z.object({
  table: catalogTableDocument,
  partitions: z.array(z.string()).default([]),
  floors: z.array(floorDocument),
  revisions: z.array(z.number().int()).default([]),
  base: baseDocument.nullable().default(null),
})

/**
 * The catalog as items of the state file, a partition of them for each table version: what its contract says, its ingest
 * days, each floor, its revisions, its base. A call writes the items that it changes, in one transaction. Keeps the guarantees
 * of `Catalog`; one process writes, any process reads. What was read is read again only when it is another. Memory: the entries.
 */
export class FolderCatalog implements Catalog {
  readonly items: SqliteItems
  private readonly changes = new Mutex()
  /** A call's items are on their way to the disk: what is known is what was before, or what is in a moment. */
  private isWriting = false
  private known: { readonly entries: readonly CatalogEntry[]; readonly newest: number } | undefined

  constructor(items: SqliteItems) {
    this.items = items
  }

  /** In the order of names and versions. */
  async entries(): Promise<readonly CatalogEntry[]> {
    /* No call takes an item away: of another catalog another item is the newest. */
    if (this.isWriting && this.known !== undefined) return this.known.entries
    const { newest } = this.items
    if (this.known?.newest !== newest) this.known = { entries: this.read(), newest }
    return this.known.entries
  }

  /** Puts entries that were made again in the place of all that is there, whole or not. */
  async restore(entries: readonly CatalogEntry[]): Promise<void> {
    await this.items.replaceAll(entries.flatMap((entry) => itemsToPut(entry).map(({ item }) => item)))
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

  /* Changes wait for each other. An edit keeps entries in their places, and puts new ones behind them. */
  private change(edit: (entries: readonly CatalogEntry[]) => readonly CatalogEntry[]): Promise<void> {
    return this.changes.run(async () => {
      const before = await this.entries()
      const entries = edit(before)
      const puts = entries.flatMap((entry, index) =>
        entry === before[index] ? [] : itemsToPut(entry, before[index]),
      )
      if (puts.length === 0) return
      this.isWriting = true
      try {
        await this.items.write(puts)
        const isLonger = entries.length > before.length
        this.known = { entries: isLonger ? entries.toSorted(byName) : entries, newest: this.items.newest }
      } finally {
        this.isWriting = false
      }
    })
  }

  private read(): readonly CatalogEntry[] {
    const entries: CatalogEntry[] = []
    let items: Item[] = []
    for (const item of this.items.snapshot()) {
      if (items[0] !== undefined && items[0].pk !== item.pk) {
        entries.push(this.entryOf(items[0].pk, items))
        items = []
      }
      items.push(item)
    }
    if (items[0] !== undefined) entries.push(this.entryOf(items[0].pk, items))
    return entries.sort(byName)
  }

  private entryOf(key: string, items: readonly Item[]): CatalogEntry {
    const parts = items.map(({ sk, document }) => [sk, JSON.parse(String(document))] as const)
    const floors = parts.flatMap(([sk, floor]) => (sk.startsWith(FLOOR) ? [floor] : []))
    const parsed = entryForm.safeParse({ ...Object.fromEntries(parts), floors })
    if (parsed.success) return parsed.data
    throw new PipelineError(
      'run/bad-folder',
      `${this.items.path}: ${key} in the catalog is not of this version`,
      { cause: parsed.error },
    )
  }
}

/* The items of an entry that are others than those of the entry before it; what is empty from the start has none. */
function itemsToPut(entry: CatalogEntry, before?: CatalogEntry): readonly ItemPut[] {
  const known = new Map(before === undefined ? [] : partsOf(before))
  const pk = tableVersionKey(entry.table)
  return partsOf(entry).flatMap(([sk, part]) =>
    part === known.get(sk) || (isEmpty(part) && isEmpty(known.get(sk)))
      ? []
      : [put({ pk, sk, document: JSON.stringify(part) })],
  )
}

function partsOf({
  table,
  partitions,
  floors,
  revisions,
  base,
}: CatalogEntry): readonly (readonly [sk: string, part: unknown])[] {
  return [
    ['table', table],
    ['partitions', partitions],
    ...floors.map((floor) => [`${FLOOR}${floor.position}`, floor] as const),
    ['revisions', revisions],
    ['base', base],
  ]
}

function isEmpty(part: unknown): boolean {
  return part === undefined || part === null || (Array.isArray(part) && part.length === 0)
}

function byName({ table: one }: CatalogEntry, { table: other }: CatalogEntry): number {
  if (one.name !== other.name) return one.name < other.name ? -1 : 1
  return one.version - other.version
}
