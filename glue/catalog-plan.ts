import { isReadableAs } from './readable-type.ts'

/** A database (no name), a history table or a view of the catalog, reduced to what a plan compares. */
export interface CatalogObject {
  readonly kind: 'database' | 'table' | 'view'
  readonly database: string
  readonly name: string
  /** In order, with Hive types. */
  readonly columns: readonly CatalogObjectColumn[]
  /** Everything else, by the words in which a plan names it. */
  readonly facts: Readonly<Record<string, string>>
}

export interface CatalogObjectColumn {
  readonly name: string
  readonly type: string
  readonly comment: string
}

/** What Glue has, and what Tidemark wrote there last: null when somebody else made it. */
export interface FoundObject {
  readonly now: CatalogObject
  readonly last: CatalogObject | null
}

/**
 * `breaking` takes something from readers of the lake; `drift` puts back what was changed by hand; `additive` is the
 * rest. A change that is several of them is the first.
 */
export type ChangeClass = 'breaking' | 'drift' | 'additive'

export interface CatalogChange {
  readonly action: 'create' | 'update' | 'delete'
  readonly kind: CatalogObject['kind']
  readonly database: string
  readonly name: string
  readonly class: ChangeClass
  /** `+ `, `~ ` and `- ` lines. */
  readonly lines: readonly string[]
  readonly advice: string
}

/* Facts whose change makes other rows, or none, of the files that are there. */
const BREAKING_FACTS = new Set(['location', 'base location', 'base partitions', 'primary key', 'format'])

/**
 * The changes that turn what Glue has into what the contracts say; none when they agree. Databases come first and
 * deletions last. Objects in `found` without a counterpart are deleted, so it holds only those that Tidemark made, and
 * others only where a contract needs their name.
 */
export function planCatalog(
  desired: readonly CatalogObject[],
  found: readonly FoundObject[],
): readonly CatalogChange[] {
  const before = new Map(found.map((one) => [idOf(one.now), one]))
  const kept = new Set(desired.map(idOf))
  const wanted = desired.flatMap((object) => {
    const known = before.get(idOf(object))
    return known === undefined ? [creation(object)] : update(object, known)
  })
  const gone = found.filter(({ now }) => now.kind !== 'database' && !kept.has(idOf(now)))
  return [...wanted, ...gone.map(({ now }) => deletion(now))]
}

/**
 * Those of the changes that have to be there before new functions write what they tell of: databases, history tables, and views
 * of the version that they have now, which must know a mark or a value before the first row that has it. A view that
 * turns to a new version follows the functions that fill it, and so does whatever takes something away.
 */
export function beforeFunctions(changes: readonly CatalogChange[]): readonly CatalogChange[] {
  const made = changes.filter(({ action, kind }) => action === 'create' && kind === 'table')
  const turns = ({ action, database, name }: CatalogChange) =>
    action === 'update' &&
    made.some(
      (one) =>
        one.database === database &&
        one.name.startsWith(`${name}_v`) &&
        /^\d+_history$/.test(one.name.slice(name.length + 2)),
    )
  return changes.filter((change) => change.class !== 'breaking' && !(change.kind === 'view' && turns(change)))
}

/* A view and a table cannot have one name. */
function idOf({ database, name }: CatalogObject): string {
  return `${database}.${name}`
}

function placeOf({ kind, database, name }: CatalogObject) {
  return { kind, database, name }
}

function creation(object: CatalogObject): CatalogChange {
  const lines = object.columns.map(({ name, type }) => `+ ${name} ${type}`)
  return { action: 'create', ...placeOf(object), class: 'additive', lines, advice: '' }
}

function deletion(object: CatalogObject): CatalogChange {
  const advice =
    object.kind === 'view'
      ? 'No contract has this table any more; queries of the view fail.'
      : 'No contract has this version any more; its floors, revisions and base are forgotten, its files stay.'
  const lines = object.columns.map(({ name, type }) => `- ${name} ${type}`)
  return { action: 'delete', ...placeOf(object), class: 'breaking', lines, advice }
}

function update(desired: CatalogObject, { now, last }: FoundObject): readonly CatalogChange[] {
  const shown = differences(now, desired)
  if (last === null && desired.kind !== 'database')
    return [
      {
        action: 'update',
        ...placeOf(desired),
        class: 'breaking',
        lines: shown.map(({ line }) => line),
        advice: 'Tidemark did not make this; it would be replaced. Rename it, or choose another prefix.',
      },
    ]
  if (shown.length === 0) return []
  const intended = last === null ? [] : differences(last, desired)
  /* A place that is not ours may be a mistyped root as well as a change by hand. */
  const moves = shown.filter(({ fact }) => fact === 'location')
  const broken = [...intended, ...moves].filter(({ isBreaking }) => isBreaking)
  const isDrift = last !== null && differences(last, now).length > 0
  return [
    {
      action: 'update',
      ...placeOf(desired),
      class: broken.length > 0 ? 'breaking' : isDrift ? 'drift' : 'additive',
      lines: shown.map(({ line }) => line),
      advice: adviceOf(broken.length > 0, isDrift, moves.length > 0),
    },
  ]
}

function adviceOf(isBreaking: boolean, isDrift: boolean, isMoved: boolean): string {
  if (isMoved) return 'Is --root right? The table would be read from another place.'
  if (isBreaking)
    return 'Athena cannot read files already written so, or readers lose something. Release a new version of the contract.'
  if (isDrift)
    return 'Changed by hand since it was applied; applying puts it back. To keep it, write it into the contract.'
  return ''
}

interface Difference {
  readonly line: string
  readonly isBreaking: boolean
  readonly fact?: string
}

function differences(before: CatalogObject, after: CatalogObject): readonly Difference[] {
  const old = new Map(before.columns.map((column) => [column.name, column]))
  const names = new Set(after.columns.map(({ name }) => name))
  const changed = after.columns.flatMap((column) => columnDifference(old.get(column.name), column))
  const removed = before.columns
    .filter(({ name }) => !names.has(name))
    .map(({ name, type }) => ({ line: `- ${name} ${type}`, isBreaking: true }))
  const all = [...changed, ...removed, ...factDifferences(before, after)]
  if (all.length > 0 || before.columns.every(({ name }, index) => name === after.columns[index]?.name))
    return all
  return [{ line: '~ order of columns', isBreaking: false }]
}

function columnDifference(
  before: CatalogObjectColumn | undefined,
  { name, type, comment }: CatalogObjectColumn,
): readonly Difference[] {
  if (before === undefined) return [{ line: `+ ${name} ${type}`, isBreaking: false }]
  if (before.type !== type)
    return [{ line: `~ ${name} ${before.type} -> ${type}`, isBreaking: !isReadableAs(before.type, type) }]
  return before.comment === comment ? [] : [{ line: `~ ${name} comment`, isBreaking: false }]
}

function factDifferences(before: CatalogObject, after: CatalogObject): readonly Difference[] {
  const facts = [...new Set([...Object.keys(after.facts), ...Object.keys(before.facts)])]
  return facts
    .filter((fact) => before.facts[fact] !== after.facts[fact])
    .map((fact) => ({ line: `~ ${fact}`, fact, isBreaking: BREAKING_FACTS.has(fact) }))
}
