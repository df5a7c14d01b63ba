import { sourceTableName } from '../../core/source-table-name.ts'
import type { Relation } from './pgoutput-decoder.ts'
import type { ControlOperation } from './record-renderer.ts'
import type { SourceTable } from './source-catalog.ts'
import type { SourceColumn } from './source-column.ts'
import { hasColumns, layoutTable, type TableLayout } from './table-layout.ts'

/** What a relation message says beyond what was known. */
export interface TableAlteration {
  readonly layout: TableLayout
  readonly operations: readonly ControlOperation[]
}

/** The tables of a stream, each with the columns that its rows have at this point of it. */
export class PublishedTables {
  /** By relation OID, from the relation's first message on. */
  private readonly layouts = new Map<number, TableLayout>()
  /** By `schema.name`: what the stream's caller said, until the first message. */
  private readonly expected: ReadonlyMap<string, TableLayout>
  private readonly byOid: ReadonlyMap<number, TableLayout>

  constructor(tables: readonly SourceTable[]) {
    const layouts = tables.map((table) => [table, layoutTable(table, table.columns, table.key)] as const)
    this.expected = new Map(layouts.map(([table, layout]) => [sourceTableName(table), layout]))
    this.byOid = new Map(layouts.map(([table, layout]) => [table.oid, layout]))
  }

  /** The layout of a relation's rows; undefined for a table that this stream leaves out. */
  layout(oid: number): TableLayout | undefined {
    return this.layouts.get(oid)
  }

  /** Takes a relation message whose rows have the columns already known. False: it needs `alter`. */
  accept(relation: Relation): boolean {
    const known = this.known(relation)
    if (known === undefined) return true
    if (
      !hasColumns(known, relation.columns) ||
      sourceTableName(known) !== sourceTableName(relation) ||
      !sameKey(known.key, keyOf(relation, known.key))
    )
      return false
    this.layouts.set(relation.oid, known)
    return true
  }

  /** Takes a relation message whose columns, name or key changed. */
  alter(relation: Relation, definition: readonly SourceColumn[]): TableAlteration | undefined {
    const known = this.known(relation)
    if (known === undefined) return undefined
    const layout = layoutTable(relation, definition, keyOf(relation, known.key))
    this.layouts.set(relation.oid, layout)
    return { layout, operations: compare(known, layout) }
  }

  /* By OID first: a renamed table is the same table. A table that was dropped and created anew has
     another OID under the same name. */
  private known(relation: Relation): TableLayout | undefined {
    return (
      this.layouts.get(relation.oid) ??
      this.byOid.get(relation.oid) ??
      this.expected.get(sourceTableName(relation))
    )
  }
}

/* Only the default identity is the primary key; its order is the key's own when the set is the same. */
function keyOf(relation: Relation, known: readonly string[]): readonly string[] {
  const names = relation.columns.map((column) => column.name)
  if (relation.identity !== 'd') return known.filter((name) => names.includes(name))
  const flagged = relation.columns.filter((column) => column.isKey).map((column) => column.name)
  return sameKey(known, flagged) ? known : flagged
}

function sameKey(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name) => right.includes(name))
}

function compare(before: TableLayout, after: TableLayout): readonly ControlOperation[] {
  const old = new Map(before.definition.map((column) => [column.name, column]))
  const names = new Set(after.definition.map((column) => column.name))
  const operations: ControlOperation[] = []
  if (sourceTableName(before) !== sourceTableName(after)) operations.push('rename-table')
  if (after.definition.some((column) => !old.has(column.name))) operations.push('add-column')
  if (before.definition.some((column) => !names.has(column.name))) operations.push('drop-column')
  if (after.definition.some((column) => hasOtherType(old.get(column.name), column)))
    operations.push('column-type-change')
  if (!sameKey(before.key, after.key)) operations.push('change-columns')
  return operations
}

function hasOtherType(before: SourceColumn | undefined, after: SourceColumn): boolean {
  return (
    before !== undefined && (before.typeOid !== after.typeOid || before.typeModifier !== after.typeModifier)
  )
}
