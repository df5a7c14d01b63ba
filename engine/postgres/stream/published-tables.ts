import { sourceTableName } from '../../../core/source-table-name.ts'
import { hasKeyColumns } from '../catalog/look-differences.ts'
import { withReturned } from '../catalog/returned-columns.ts'
import type { SourceTable } from '../catalog/source-catalog.ts'
import type { SourceColumn } from '../catalog/source-column.ts'
import type { Relation } from '../records/pgoutput-decoder.ts'
import type { ControlOperation } from '../records/record-renderer.ts'
import { hasColumns, layoutTable, type TableLayout } from '../records/table-layout.ts'
import { definitionDifferences, hasSameNames } from './definition-differences.ts'

/** What the last relation message of a table says of the rows that follow it. */
export interface TableStanding {
  readonly layout: TableLayout
  /** Another table has this name in the lake: rows of the two are never mixed. */
  readonly isOther: boolean
  /** The replica identity leaves out columns of the lake's key: an update or delete does not say which row it was. */
  readonly lacksKey: boolean
}

/** What a relation message says beyond what was known. */
export interface TableAlteration {
  readonly standing: TableStanding
  readonly operations: readonly ControlOperation[]
  /** The followed table whose name it gave up: its changes go to another name from here on. */
  readonly strayed: TableLayout | undefined
}

export interface PublishedTablesOptions {
  /** A table under each name that its rows may have; one that was renamed is there twice. */
  readonly tables: readonly SourceTable[]
  /** The keys of the lake's tables of a source table; a change must bring one of them. */
  readonly keysOf?: ((table: string) => readonly (readonly string[])[]) | undefined
  /** Whether a contract of a source table reads a column. */
  readonly reads?: ((table: string, column: string) => boolean) | undefined
}

/**
 * The tables of a stream, each with the columns that its rows have at this point of it. A table is known by its OID: a
 * name says only where its rows go, and only a pair that the caller named goes to the lake's table of that name.
 */
export class PublishedTables {
  private readonly standings = new Map<number, TableStanding>()
  private readonly expected = new Map<number, readonly TableLayout[]>()
  private readonly byName = new Map<string, TableLayout>()
  private readonly partitioned: ReadonlySet<number>
  private readonly keysOf: PublishedTablesOptions['keysOf']
  private readonly reads: PublishedTablesOptions['reads']
  /* What was told of a relation's standing; one that is well again is told anew. */
  private readonly told = new Map<number, string>()
  private root: number | undefined

  constructor({ tables, keysOf, reads }: PublishedTablesOptions) {
    this.keysOf = keysOf
    this.reads = reads
    this.partitioned = new Set(tables.flatMap(({ oid, isPartitioned }) => (isPartitioned ? oid : [])))
    for (const table of tables) {
      const layout = layoutTable(table, table.columns, table.key)
      this.expected.set(table.oid, [...(this.expected.get(table.oid) ?? []), layout])
      this.byName.set(sourceTableName(table), layout)
    }
  }

  /** How a relation's rows are to be read; undefined for a table that this stream leaves out. */
  standing(oid: number): TableStanding | undefined {
    return this.standings.get(oid)
  }

  /** Takes a relation message that says nothing new. False: it needs `alter`. */
  accept(relation: Relation): boolean {
    const { root } = this
    this.root = this.partitioned.has(relation.oid) ? relation.oid : undefined
    const known = this.known(relation)
    if (known === undefined) {
      this.root = root
      return this.rootLacking(relation) === undefined
    }
    const standing = this.stand(relation, known)
    if (
      !hasColumns(known, relation.columns) ||
      sourceTableName(known) !== sourceTableName(relation) ||
      !hasSameNames(known.key, keyOf(relation, known.key)) ||
      troubleOf(standing) !== (this.told.get(relation.oid) ?? '')
    )
      return false
    this.standings.set(relation.oid, standing)
    return true
  }

  /** Takes a relation message whose columns, name, key or identity changed. */
  alter(relation: Relation, definition: readonly SourceColumn[]): TableAlteration | undefined {
    const known = this.known(relation)
    if (known === undefined) return this.alterLeaf(relation)
    const layout = layoutTable(relation, definition, keyOf(relation, known.key))
    const standing = this.stand(relation, layout)
    this.standings.set(relation.oid, standing)
    /* Of a table that took the name of another nothing is told to that one but this. */
    const operations: ControlOperation[] = standing.isOther ? [] : this.differences(known, layout)
    if (troubleOf(standing) !== (this.told.get(relation.oid) ?? '')) {
      if (standing.isOther) operations.push('other-table')
      else if (
        standing.lacksKey &&
        hasKeyColumns(relation.columns, this.keysOf?.(sourceTableName(relation)) ?? [])
      )
        /* Of a key whose columns are gone or renamed, that is what is told. */
        operations.push('replica-identity')
    }
    this.told.set(relation.oid, troubleOf(standing))
    return { standing, operations, strayed: this.strayedFrom(relation, known) }
  }

  private differences(known: TableLayout, layout: TableLayout): ControlOperation[] {
    const table = sourceTableName(layout)
    const found = withReturned(definitionDifferences(known, layout), {
      before: known.definition,
      after: layout.definition,
      isRead: (column) => this.reads?.(table, column) === true,
    })
    const keys = this.keysOf?.(table) ?? []
    /* The key of every contract, which was away for a while. */
    const isOurs = keys.length > 0 && keys.every((key) => hasSameNames(key, layout.key))
    return found.map((one) => (one === 'change-columns' && isOurs ? 'key-returned' : one))
  }

  /* Told when the name changes, and of one that has another name already when a stream begins. */
  private strayedFrom(relation: Relation, known: TableLayout): TableLayout | undefined {
    const before = sourceTableName(known)
    if (before === sourceTableName(relation)) return undefined
    return this.expected.get(relation.oid)?.find((named) => sourceTableName(named) === before)
  }

  /*
   * The message of a partition comes right after that of its root, and its rows under the root's: what its identity leaves
   * out is told of the root.
   */
  private alterLeaf(relation: Relation): TableAlteration | undefined {
    const standing = this.rootLacking(relation)
    if (standing === undefined) return undefined
    this.told.set(relation.oid, LACKS_KEY)
    return { standing, operations: ['replica-identity'], strayed: undefined }
  }

  private rootLacking(leaf: Relation): TableStanding | undefined {
    const standing = this.root === undefined ? undefined : this.standings.get(this.root)
    if (standing === undefined || standing.isOther) return undefined
    const lacksKey = this.lacksKey(leaf, standing.layout)
    if (!lacksKey) this.told.delete(leaf.oid)
    return lacksKey && !this.told.has(leaf.oid) ? standing : undefined
  }

  private stand(relation: Relation, layout: TableLayout): TableStanding {
    const isPair = this.expected
      .get(relation.oid)
      ?.some((named) => sourceTableName(named) === sourceTableName(relation))
    return {
      layout,
      isOther: isPair !== true && this.byName.has(sourceTableName(relation)),
      lacksKey: this.lacksKey(relation, layout),
    }
  }

  private lacksKey({ columns, identity }: Relation, layout: TableLayout): boolean {
    const carried = new Set(columns.flatMap(({ name, isKey }) => (isKey ? name : [])))
    const keys = this.keysOf?.(sourceTableName(layout)) ?? []
    /* Without a contract the primary key is the key, and the default identity. */
    if (keys.length === 0) return identity !== 'd' && !layout.key.every((name) => carried.has(name))
    return !keys.some((key) => key.every((name) => carried.has(name)))
  }

  /* By OID first: a renamed table is the same table. Under a name that is known, also for a table that took it over: its rows are set aside whole. */
  private known(relation: Relation): TableLayout | undefined {
    const expected = this.expected.get(relation.oid)
    return (
      this.standings.get(relation.oid)?.layout ??
      expected?.find((layout) => sourceTableName(layout) === sourceTableName(relation)) ??
      expected?.[0] ??
      this.byName.get(sourceTableName(relation))
    )
  }
}

const LACKS_KEY = 'lacks-key'

function troubleOf({ isOther, lacksKey }: TableStanding): string {
  if (isOther) return 'other-table'
  return lacksKey ? LACKS_KEY : ''
}

/* Only the default identity is the primary key; its order is the key's own when the set is the same. */
function keyOf(relation: Relation, known: readonly string[]): readonly string[] {
  const names = relation.columns.map((column) => column.name)
  if (relation.identity !== 'd') return known.filter((name) => names.includes(name))
  const flagged = relation.columns.filter((column) => column.isKey).map((column) => column.name)
  return hasSameNames(known, flagged) ? known : flagged
}
