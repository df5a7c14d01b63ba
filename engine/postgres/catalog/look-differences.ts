import type { DriftOperation } from '../../../core/source-drift.ts'
import type { PartitionLook, TableLook } from './table-look.ts'

type Keys = readonly (readonly string[])[]

/** What keeps changes of a table from the stream, or rows from a load, as the source is now. */
export function troublesOf(look: TableLook, keys: Keys): readonly DriftOperation[] {
  const leaves = leavesOf(look)
  const troubles: DriftOperation[] = []
  if (!look.publication.isWhole) troubles.push('publication')
  /* A key whose columns have gone, or have other names, is no matter of the identity. */
  if (hasKeyColumns(Object.values(look.columns), keys) && leaves.some((leaf) => !carriesKey(leaf, keys)))
    troubles.push('replica-identity')
  if (leaves.some(({ persistence, kind }) => persistence !== 'p' || kind === 'f'))
    troubles.push('unlogged-partition')
  if (look.hidesRows) troubles.push('row-security')
  return troubles
}

/** What happened to a table between two looks; what its rows are like now says nothing of it. */
export function lookDifferences(
  before: TableLook,
  after: TableLook,
  keys: Keys,
): ReadonlySet<DriftOperation> {
  const found = new Set<DriftOperation>()
  const old = troublesOf(before, keys)
  for (const trouble of troublesOf(after, keys)) if (!old.includes(trouble)) found.add(trouble)
  if (before.schema !== after.schema || before.name !== after.name) found.add('rename-table')
  if (before.publication.version !== after.publication.version) found.add('publication')
  for (const operation of partitionDifferences(before, after)) found.add(operation)
  for (const operation of columnDifferences(before, after)) found.add(operation)
  for (const operation of typeDifferences(before, after)) found.add(operation)
  return found
}

function partitionDifferences(before: TableLook, after: TableLook): readonly DriftOperation[] {
  const found: DriftOperation[] = []
  for (const [oid, partition] of Object.entries(after.partitions)) {
    const known = before.partitions[oid]
    /* One that is made where it is has published every row of it. */
    if (known === undefined ? !partition.isBorn : known.link !== partition.link)
      found.push('partition-attached')
    else if (known !== undefined && isEmptied(known, partition)) found.push('partition-truncated')
  }
  if (Object.keys(before.partitions).some((oid) => after.partitions[oid] === undefined))
    found.push('partition-detached')
  return found
}

/* Another persistence gives it another place, too, and takes no row. */
function isEmptied(before: PartitionLook, after: PartitionLook): boolean {
  return before.store !== after.store && after.isEmpty && before.persistence === after.persistence
}

function columnDifferences(before: TableLook, after: TableLook): readonly DriftOperation[] {
  const found: DriftOperation[] = []
  const numberOf = new Map(Object.entries(before.columns).map(([number, { name }]) => [name, number]))
  for (const [number, column] of Object.entries(after.columns)) {
    const known = before.columns[number]
    const namesake = numberOf.get(column.name)
    if (namesake !== undefined && namesake !== number) found.push('other-column')
    else if (known === undefined) found.push(column.hasDefault ? 'column-default' : 'add-column')
    else if (known.name !== column.name) found.push('rename-column')
    if (known !== undefined && known.type !== column.type) found.push('column-type-change')
  }
  const names = new Set(Object.values(after.columns).map(({ name }) => name))
  for (const [number, { name }] of Object.entries(before.columns))
    if (after.columns[number] === undefined && !names.has(name)) found.push('drop-column')
  return found
}

function typeDifferences(before: TableLook, after: TableLook): readonly DriftOperation[] {
  return Object.entries(after.types).flatMap(([oid, type]): readonly DriftOperation[] => {
    const known = before.types[oid]
    if (known === undefined) return []
    const labels = type.labels ?? {}
    /* A label keeps its OID under another text; one that is new is in no row yet. */
    const isRenamed = Object.entries(known.labels ?? {}).some(([label, text]) => labels[label] !== text)
    return [
      ...(isRenamed ? (['enum-label'] as const) : []),
      ...(known.attributes !== type.attributes ? (['composite-type'] as const) : []),
      ...(known.base !== type.base ? (['domain-type'] as const) : []),
    ]
  })
}

/** Whether a table of these columns has those of one of the keys. */
export function hasKeyColumns(columns: Iterable<{ readonly name: string }>, keys: Keys): boolean {
  const names = new Set([...columns].map(({ name }) => name))
  return keys.length === 0 || keys.some((key) => key.every((name) => names.has(name)))
}

/* The tables that hold the rows: a partitioned one has none of its own. */
function leavesOf(look: TableLook): readonly Pick<PartitionLook, 'columns' | 'persistence' | 'kind'>[] {
  return [look.own, ...Object.values(look.partitions)].filter(({ kind }) => kind !== 'p')
}

function carriesKey({ columns }: Pick<PartitionLook, 'columns'>, keys: Keys): boolean {
  return (
    columns === null || keys.length === 0 || keys.some((key) => key.every((name) => columns.includes(name)))
  )
}
