import * as z from 'zod'
import { groupBy } from '../../core/group-by.ts'
import { Mutex } from '../../core/mutex.ts'
import { sourceTableName } from '../../core/source-table-name.ts'
import type { SourceTable } from '../../engine/postgres/catalog/source-catalog.ts'
import type { SourceColumn } from '../../engine/postgres/catalog/source-column.ts'
import { type TableLook, tableLook } from '../../engine/postgres/catalog/table-look.ts'
import type { AlteredTable } from '../../engine/postgres/stream/change-translator.ts'
import { readJsonFile, writeJsonFile } from '../documents/json-file.ts'

const knownTable = z.object({
  schema: z.string(),
  name: z.string(),
  oid: z.number().int(),
  isPartitioned: z.boolean(),
  /** As of the last change that was read, not as of today. */
  columns: z.array(z.custom<SourceColumn>(isColumn)),
  key: z.array(z.string()),
  /** The last look at the source; none before the first, nor of a table that has lost its name. */
  look: tableLook.nullable(),
})
const knownFile = z.object({ format: z.literal(1), tables: z.array(knownTable) })
export type KnownTable = z.infer<typeof knownTable>

/* Tables that had a name one after another: of a backlog only the last of them matter. */
const MAX_OF_NAME = 20

/**
 * Every table that a folder has followed, by OID and name, as the changes that were read last had it: so that a backlog is
 * read by what was, also of tables that were altered, renamed or dropped meanwhile. On disk when `saved` resolves.
 */
export class KnownTables {
  private readonly path: string
  /** By `pairOf`, in the order in which they were taken in. */
  private known: Map<string, KnownTable>
  private isChanged = false
  private readonly writes = new Mutex()

  private constructor(path: string, known: readonly KnownTable[]) {
    this.path = path
    this.known = byPair(known)
  }

  static async open(path: string): Promise<KnownTables> {
    return new KnownTables(path, (await readJsonFile(path, knownFile))?.tables ?? [])
  }

  get tables(): readonly KnownTable[] {
    return [...this.known.values()]
  }

  /** For a slot that is made anew: there is no backlog, and another server has other OIDs. */
  clear(): void {
    if (this.known.size > 0) this.keep([])
  }

  /** Takes tables in that are followed from now on; of those that are known nothing changes but that they are looked at. */
  follow(sources: readonly SourceTable[]): void {
    const fresh = sources.filter((table) => this.find(table) === undefined)
    if (fresh.length === 0) return
    const added = fresh.map(
      ({ schema, name, oid, isPartitioned, columns, key }): KnownTable => ({
        schema,
        name,
        oid,
        isPartitioned,
        look: null,
        columns: [...columns],
        key: [...key],
      }),
    )
    const named = groupBy([...this.tables, ...added], sourceTableName)
    const kept = new Set([...named.values()].flatMap((tables) => tables.slice(-MAX_OF_NAME)))
    this.keep([...this.tables, ...added].filter((table) => kept.has(table)))
  }

  /** Notes what the stream says of a table from here on. */
  alter({ oid, schema, name, columns, key }: AlteredTable): void {
    const before = this.find({ oid, schema, name })
    if (before === undefined) return
    this.replace({ ...before, columns: [...columns], key: [...key] })
  }

  look(table: Pick<KnownTable, 'oid' | 'schema' | 'name'>, look: TableLook | null): void {
    const before = this.find(table)
    if (before !== undefined && JSON.stringify(before.look) !== JSON.stringify(look))
      this.replace({ ...before, look })
  }

  find(table: Pick<KnownTable, 'oid' | 'schema' | 'name'>): KnownTable | undefined {
    return this.known.get(pairOf(table))
  }

  /** Tables whose names others have. */
  displaced(others: readonly SourceTable[]): readonly KnownTable[] {
    return this.tables.filter((table) =>
      others.some(
        ({ schema, name, oid }) => schema === table.schema && name === table.name && oid !== table.oid,
      ),
    )
  }

  /** Whether a name, `schema.table`, was that of one table after another. */
  hasFormer(name: string): boolean {
    return (
      new Set(this.tables.flatMap((table) => (sourceTableName(table) === name ? table.oid : []))).size > 1
    )
  }

  /** The tables of a stream: those of today, and `former` ones, each as the last change that was read had it. */
  streamed(sources: readonly SourceTable[], former: readonly KnownTable[]): readonly SourceTable[] {
    const today = sources.map((table): SourceTable => {
      const known = this.find(table)
      return known === undefined ? table : { ...table, columns: known.columns, key: known.key }
    })
    const followed = new Set(sources.map(pairOf))
    const before = former
      .filter((table) => !followed.has(pairOf(table)))
      .map(
        ({ schema, name, oid, isPartitioned, columns, key }): SourceTable => ({
          schema,
          name,
          oid,
          isPartitioned,
          columns,
          key,
          replicaIdentity: 'default',
        }),
      )
    return [...before, ...today]
  }

  /** Resolves when what was noted before is on disk. */
  saved(): Promise<void> {
    if (!this.isChanged) return this.writes.idle()
    this.isChanged = false
    const { tables } = this
    return this.writes.run(async () => {
      try {
        await writeJsonFile(this.path, { format: 1, tables })
      } catch (error) {
        /* What could not be written is written the next time. */
        this.isChanged = true
        throw error
      }
    })
  }

  private replace(table: KnownTable): void {
    this.known.set(pairOf(table), table)
    this.isChanged = true
  }

  private keep(known: readonly KnownTable[]): void {
    this.known = byPair(known)
    this.isChanged = true
  }
}

function byPair(tables: readonly KnownTable[]): Map<string, KnownTable> {
  return new Map(tables.map((table) => [pairOf(table), table]))
}

/* A table, and a name of it. */
function pairOf(table: Pick<KnownTable, 'oid' | 'schema' | 'name'>): string {
  return `${table.oid} ${sourceTableName(table)}`
}

/* Written by this program from a catalog. */
function isColumn(value: unknown): value is SourceColumn {
  return typeof value === 'object' && value !== null && 'name' in value && 'baseTypeOid' in value
}
