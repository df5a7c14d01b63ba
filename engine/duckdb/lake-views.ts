import type { DuckDBConnection } from '@duckdb/node-api'
import { splitLakeName, versionedName } from '../../core/contract/language/lake-table-name.ts'
import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import { asOfSelect, positionAt } from '../../lake/sql/as-of-select.ts'
import { currentSelect } from '../../lake/sql/current-select.ts'
import { duckdbSources } from '../../lake/sql/duckdb-sources.ts'
import { historySelect } from '../../lake/sql/history-select.ts'
import { plannedCurrent } from '../../lake/sql/planned-current.ts'
import { identifier } from '../../lake/sql/sql-text.ts'
import { isChange } from '../../lake/sql/table-shape.ts'
import type { QueryNames } from './check-query.ts'
import { FileDamage } from './file-damage.ts'

interface LakeView {
  readonly entry: CatalogEntry
  readonly schema: string
  readonly view: string
}

const MACROS = ['_as_of', '_at'] as const

/**
 * The views and macros of a lake in a session. To make those of a table opens its files, which takes as long as a query
 * does: they are made for a query that names them. For one that asks what tables there are, or names one that is
 * unknown, views of the others are made without files, of the same columns.
 */
export class LakeViews {
  readonly damage: FileDamage
  /** Names of all macros, in small letters. */
  readonly macros: ReadonlySet<string>
  private readonly connection: DuckDBConnection
  private readonly root: string
  private readonly all: readonly LakeView[]
  /** By the names of their views and macros, in small letters. */
  private readonly known = new Map<string, readonly LakeView[]>()
  private readonly made = new Set<LakeView>()
  private readonly described = new Set<LakeView>()
  private readonly macrosMade = new Set<string>()

  constructor(connection: DuckDBConnection, entries: readonly CatalogEntry[], root: string) {
    this.connection = connection
    this.root = root
    this.damage = new FileDamage(entries)
    this.all = lakeViews(entries)
    this.macros = new Set(this.all.flatMap((view) => MACROS.map((suffix) => nameOf(view, suffix))))
    for (const view of this.all)
      for (const suffix of ['', '_history', ...MACROS]) {
        const name = nameOf(view, suffix)
        this.known.set(name, [...(this.known.get(name) ?? []), view])
      }
  }

  /** Makes what a query names. What keeps a damaged file from being opened, `damage` knows. */
  async make({ relations, own, functions, isOfCatalog }: QueryNames): Promise<void> {
    for (const name of [...relations, ...functions])
      for (const view of this.known.get(name) ?? []) await this.open(view, functions)
    const isUnknown = (name: string) => !this.known.has(name) && !own.has(name)
    if (!isOfCatalog && ![...relations].some(isUnknown)) return
    for (const view of this.all)
      if (!this.made.has(view) && !this.described.has(view)) await this.describe(view)
  }

  private async open(lake: LakeView, functions: ReadonlySet<string>): Promise<void> {
    const statements: string[] = []
    if (!this.made.has(lake)) {
      if (this.described.has(lake))
        statements.push(`DROP VIEW ${placeOf(lake)}`, `DROP VIEW ${placeOf(lake, '_history')}`)
      statements.push(...viewStatements(lake, this.root, await this.currentOf(lake)))
      this.made.add(lake)
    }
    for (const suffix of MACROS) {
      if (!functions.has(nameOf(lake, suffix)) || this.macrosMade.has(placeOf(lake, suffix))) continue
      statements.push(macroStatement(lake, suffix, this.root))
      this.macrosMade.add(placeOf(lake, suffix))
    }
    for (const statement of statements)
      await this.connection.run(statement).catch((cause) => this.damage.note(lake.entry, cause))
  }

  /* A damaged file is told of by the view. */
  private async currentOf({ entry }: LakeView): Promise<string> {
    const ask = async (sql: string) => (await this.connection.runAndReadAll(sql)).getRows()
    return plannedCurrent(ask, entry, this.root).catch(() =>
      currentSelect(entry, duckdbSources(entry, this.root)),
    )
  }

  private async describe(lake: LakeView): Promise<void> {
    const entry = { ...lake.entry, partitions: [], base: null }
    const current = currentSelect(entry, duckdbSources(entry, this.root))
    for (const statement of viewStatements({ ...lake, entry }, this.root, current))
      await this.connection.run(statement)
    this.described.add(lake)
  }
}

function lakeViews(entries: readonly CatalogEntry[]): readonly LakeView[] {
  const newest = new Map<string, number>()
  for (const { table } of entries)
    newest.set(table.name, Math.max(newest.get(table.name) ?? 0, table.version))
  return entries.map((entry) => {
    const { name, version } = entry.table
    const isNewest = newest.get(name) === version
    const { domain, table: view } = isNewest ? splitLakeName(name) : versionedName(entry.table)
    /* With the catalog in front: a database may have the name of one of DuckDB's own. */
    return { entry, schema: `memory.${identifier(domain)}`, view }
  })
}

function nameOf({ view }: LakeView, suffix: string): string {
  return `${view}${suffix}`.toLowerCase()
}

function placeOf({ schema, view }: LakeView, suffix = ''): string {
  return `${schema}.${identifier(`${view}${suffix}`)}`
}

function viewStatements(lake: LakeView, root: string, current: string): readonly string[] {
  return [
    `CREATE SCHEMA IF NOT EXISTS ${lake.schema}`,
    `CREATE VIEW ${placeOf(lake, '_history')} AS SELECT * FROM (${historySelect(lake.entry, root)}) h WHERE ${isChange()}`,
    `CREATE VIEW ${placeOf(lake)} AS ${current}`,
  ]
}

function macroStatement(lake: LakeView, suffix: (typeof MACROS)[number], root: string): string {
  const sources = duckdbSources(lake.entry, root)
  const position = suffix === '_as_of' ? '_as_of' : positionAt(sources.history, '_at')
  const select = asOfSelect(lake.entry, sources, position)
  return `CREATE MACRO ${placeOf(lake, suffix)}(${suffix}) AS TABLE ${select}`
}
