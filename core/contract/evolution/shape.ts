import * as z from 'zod'
import type { Column } from '../language/column.ts'
import type { Table } from '../language/table.ts'

/** A column as a released version promises it: everything but its wording. */
export interface ColumnShape extends Omit<Column, 'description' | 'row' | 'traits' | 'check'> {
  readonly name: string
  /** What of the check can be written down: its JSON Schema and the number of its functions. */
  readonly check?: string
}

/**
 * What a reader of the lake can see of a contract version, and what decides which rows are refused. Wording and owner
 * are left out. Plain JSON: options that are left out are absent, 64-bit integers are text.
 */
export interface TableShape extends Omit<Table, 'owner' | 'description' | 'columns'> {
  readonly columns: readonly ColumnShape[]
}

/** The shape of a contract. Options that the language gains later are in it without a change here. */
export function tableShape({ owner: _, description: __, columns, ...promised }: Table): TableShape {
  const shapes = Object.entries(columns).map(([name, column]) => columnShape(name, column))
  return plain({ ...promised, columns: shapes })
}

/** A table with this shape and no wording, for what is derived of the shape alone: lake columns, catalog, DDL. */
export function shapeTable({ columns, ...promised }: TableShape): Table {
  const entries = columns.map(({ name, check: _, ...column }) => [name, { ...column, description: '' }])
  return { ...promised, owner: '', description: '', columns: Object.fromEntries(entries) }
}

function columnShape(name: string, { description: _, row: __, check, ...column }: Column): ColumnShape {
  return { name, ...column, ...(check === undefined ? {} : { check: checkText(check) }) }
}

/* A function has no text that is the same wherever it is compiled, so only their number shows. */
function checkText(check: z.ZodType): string {
  const { $schema: _, ...schema } = z.toJSONSchema(check, { unrepresentable: 'any', io: 'input' })
  const functions = (check.def.checks ?? []).filter(({ _zod }) => _zod.def.check === 'custom').length
  return JSON.stringify(functions === 0 ? schema : { ...schema, functions })
}

/* JSON and back gives the value that a lock file holds, so that a shape equals itself read from there. */
function plain(shape: TableShape): TableShape {
  const text = JSON.stringify(shape, (_, value) => (typeof value === 'bigint' ? String(value) : value))
  return JSON.parse(text) as TableShape
}
