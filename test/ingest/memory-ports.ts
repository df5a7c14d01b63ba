import type { Page } from '../../core/page.ts'
import type { Base, CatalogEntry, CatalogTable, Floor } from '../../core/ports/catalog-entry.ts'
import type {
  Catalog,
  Logger,
  ObjectStore,
  Quarantine,
  QuarantineEntry,
  RawStore,
  WaitingEntry,
} from '../../core/ports/ports.ts'

/** The raw store of `core/ports/ports.ts` in memory. */
export class MemoryRawStore implements Pick<RawStore, 'put' | 'list'> {
  readonly pages = new Map<string, Page>()

  async put(pages: readonly Page[]): Promise<void> {
    for (const page of pages) if (!this.pages.has(page.key)) this.pages.set(page.key, page)
  }

  async *list(table: string): AsyncIterable<Page> {
    for (const page of this.pages.values()) if (page.table === table) yield page
  }
}

/** The quarantine of `core/ports/ports.ts` in memory. */
export class MemoryQuarantine implements Quarantine {
  readonly entries = new Map<string, QuarantineEntry>()

  async put(entries: readonly QuarantineEntry[]): Promise<void> {
    for (const entry of entries) if (!this.entries.has(entry.id)) this.entries.set(entry.id, entry)
  }

  async *list(): AsyncIterable<WaitingEntry> {
    for (const entry of this.entries.values()) yield { ...entry, since: '2026-03-02T08:15:31.000Z' }
  }

  async release(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.entries.delete(id)
  }

  async purge(): Promise<void> {}
}

/** The object store of `core/ports/ports.ts` in memory; counts what is written. */
export class MemoryObjects implements ObjectStore {
  readonly objects = new Map<string, Buffer>()
  puts = 0

  async put(key: string, content: Uint8Array | readonly Uint8Array[]): Promise<void> {
    this.puts += 1
    this.objects.set(key, content instanceof Uint8Array ? Buffer.from(content) : Buffer.concat(content))
  }

  async get(key: string): Promise<Buffer> {
    const content = this.objects.get(key)
    if (content === undefined) throw new Error(`no object ${key}`)
    return content
  }

  async list(prefix: string): Promise<readonly string[]> {
    return [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort()
  }

  async delete(key: string): Promise<void> {
    this.objects.delete(key)
  }
}

/** The catalog of `core/ports/ports.ts` in memory. */
export class MemoryCatalog implements Catalog {
  private known: readonly CatalogEntry[] = []

  async registerTables(tables: readonly CatalogTable[]): Promise<void> {
    this.known = tables.map((table) => ({ table, partitions: [], floors: [], revisions: [], base: null }))
  }

  async registerPartition(table: string, version: number, ingestDate: string): Promise<void> {
    this.known = this.known.map((entry) =>
      entry.table.name === table && entry.table.version === version
        ? { ...entry, partitions: [...new Set([...entry.partitions, ingestDate])].sort() }
        : entry,
    )
  }

  async addFloor(sourceTable: string, floor: Floor): Promise<void> {
    this.known = this.known.map((entry) =>
      entry.table.source === sourceTable && !entry.floors.some(({ position }) => position === floor.position)
        ? { ...entry, floors: [...entry.floors, floor] }
        : entry,
    )
  }

  async publishRevision(table: string, version: number, revision: number): Promise<void> {
    this.known = this.known.map((entry) =>
      entry.table.name === table && entry.table.version === version
        ? { ...entry, revisions: [...new Set([...entry.revisions, revision])] }
        : entry,
    )
  }

  async publishBase(table: string, version: number, base: Base): Promise<void> {
    this.known = this.known.map((entry) =>
      entry.table.name === table && entry.table.version === version ? { ...entry, base } : entry,
    )
  }

  async dropPartitions(table: string, version: number, ingestDates: readonly string[]): Promise<void> {
    this.known = this.known.map((entry) =>
      entry.table.name === table && entry.table.version === version
        ? { ...entry, partitions: entry.partitions.filter((date) => !ingestDates.includes(date)) }
        : entry,
    )
  }

  async entries(): Promise<readonly CatalogEntry[]> {
    return this.known
  }
}

/** A logger that keeps its lines as text. */
export class MemoryLog implements Logger {
  readonly lines: string[] = []

  info(event: string, fields: Readonly<Record<string, string | number | boolean>> = {}): void {
    this.lines.push(`info ${event} ${JSON.stringify(fields)}`)
  }

  warn(event: string, fields: Readonly<Record<string, string | number | boolean>> = {}): void {
    this.lines.push(`warn ${event} ${JSON.stringify(fields)}`)
  }
}
