import type { SourceColumn } from '../catalog/source-column.ts'
import type { ControlOperation } from '../records/record-renderer.ts'

/** A table as its rows have it: columns in their order, a key. */
export interface TableForm {
  readonly definition: readonly SourceColumn[]
  readonly key: readonly string[]
}

/**
 * What was done to a table so that it is as it is after. A column that has another name is renamed where its place says
 * for certain that it is the same; else the old name is dropped and the new one added.
 */
export function definitionDifferences(before: TableForm, after: TableForm): readonly ControlOperation[] {
  const renamed = renamedColumns(before.definition, after.definition)
  const nameOf = (name: string) => renamed.get(name) ?? name
  const definition = before.definition.map((column) => ({ ...column, name: nameOf(column.name) }))
  const operations: ControlOperation[] = []
  if (renamed.size > 0) operations.push('rename-column')
  operations.push(...columnsDifferences(definition, after.definition, hasOtherType))
  if (!hasSameOrder(definition, after.definition)) operations.push('other-column')
  if (!hasSameNames(before.key.map(nameOf), after.key)) operations.push('change-columns')
  return operations
}

/** The same of a table that took the name of another one: places and types of the two have nothing in common but names. */
export function successorDifferences(before: TableForm, after: TableForm): readonly ControlOperation[] {
  const hasOther = (left: SourceColumn, right: SourceColumn) =>
    left.type !== right.type || left.typeModifier !== right.typeModifier
  const operations = columnsDifferences(before.definition, after.definition, hasOther)
  return hasSameNames(before.key, after.key) ? operations : [...operations, 'change-columns']
}

/** Whether two keys have the same columns, in whatever order. */
export function hasSameNames(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name) => right.includes(name))
}

function columnsDifferences(
  before: readonly SourceColumn[],
  after: readonly SourceColumn[],
  hasOther: (left: SourceColumn, right: SourceColumn) => boolean,
): readonly ControlOperation[] {
  const old = new Map(before.map((column) => [column.name, column]))
  const names = new Set(after.map(({ name }) => name))
  const operations: ControlOperation[] = []
  if (after.some(({ name }) => !old.has(name))) operations.push('add-column')
  if (before.some(({ name }) => !names.has(name))) operations.push('drop-column')
  const isRetyped = after.some((column) => {
    const known = old.get(column.name)
    return known !== undefined && hasOther(known, column)
  })
  if (isRetyped) operations.push('column-type-change')
  return operations
}

/* By their old names. Where one column that kept its name has another place, places say nothing. */
function renamedColumns(
  before: readonly SourceColumn[],
  after: readonly SourceColumn[],
): ReadonlyMap<string, string> {
  const old = new Map(before.map((column) => [column.name, column]))
  const names = new Set(after.map(({ name }) => name))
  const areKept = after.every(({ name, position }) => {
    const known = old.get(name)?.position ?? 0
    return known === 0 || position === 0 || known === position
  })
  if (!areKept) return new Map()
  const lost = new Map(
    before.flatMap((column) => (names.has(column.name) ? [] : [[column.position, column]])),
  )
  return new Map(
    after.flatMap(({ name, position }) => {
      const known = old.has(name) || position === 0 ? undefined : lost.get(position)
      return known === undefined ? [] : [[known.name, name]]
    }),
  )
}

function hasOtherType(before: SourceColumn, after: SourceColumn): boolean {
  return before.typeOid !== after.typeOid || before.typeModifier !== after.typeModifier
}

/* Columns keep their order for as long as they live. */
function hasSameOrder(before: readonly SourceColumn[], after: readonly SourceColumn[]): boolean {
  const [left, right] = [before, after].map((columns) => columns.map(({ name }) => name))
  const common = (names: readonly string[] = [], others: readonly string[] = []) =>
    names.filter((name) => others.includes(name))
  const rest = common(right, left)
  return common(left, right).every((name, index) => name === rest[index])
}
