import { typeName } from '../value/type.ts'
import { type ColumnChange, compareColumns, storedType } from './compare-columns.ts'
import type { RuleHit } from './evolution-rules.ts'
import type { ColumnShape, TableShape } from './shape.ts'

/** What a change of a released version does: nothing, more of the same, or it breaks rules. */
export type ShapeChange =
  | { readonly kind: 'same' }
  | { readonly kind: 'additive'; readonly notes: readonly string[] }
  | { readonly kind: 'breaking'; readonly hits: readonly RuleHit[]; readonly notes: readonly string[] }

/**
 * Compares a released version with what it would become. Additive is only what no reader and no row of the source can
 * notice as a break: a new nullable column at the end, wider bounds, one more value of an enum.
 */
export function compareShapes(before: TableShape, after: TableShape): ShapeChange {
  const parts = [tableParts(before, after), columnSets(before.columns, after.columns)]
  const now = new Map(after.columns.map((column) => [column.name, column]))
  for (const column of before.columns) {
    const kept = now.get(column.name)
    if (kept !== undefined) parts.push(compareColumns(column, kept))
  }
  const hits = parts.flatMap((part) => part.hits)
  const notes = parts.flatMap((part) => part.notes)
  if (hits.length > 0) return { kind: 'breaking', hits, notes }
  return notes.length > 0 ? { kind: 'additive', notes } : { kind: 'same' }
}

function tableParts(before: TableShape, after: TableShape): ColumnChange {
  const hits: RuleHit[] = []
  const notes: string[] = []
  if (!equal(before.primaryKey, after.primaryKey))
    hits.push({
      rule: 'Q104',
      message: `the key was ${before.primaryKey.join(', ')}, now it is ${after.primaryKey.join(', ')}`,
    })
  if (!equal(before.partitionBy, after.partitionBy))
    hits.push({
      rule: 'Q105',
      message: `partitioned by ${grains(before)}, now by ${grains(after)}`,
    })
  if (!equal(before.source, after.source))
    hits.push({
      rule: 'I308',
      message: `read from ${sourceText(before)}, now from ${sourceText(after)}`,
    })
  const change = `unknownFields ${before.unknownFields} became ${after.unknownFields}`
  if (before.unknownFields !== after.unknownFields) {
    if (after.unknownFields === 'quarantine') hits.push({ rule: 'I307', message: change })
    else if (after.unknownFields === 'drop' && before.unknownFields === 'keep')
      hits.push({ rule: 'Q111', message: change })
    else notes.push(change)
  }
  const checks = tableChecks(before, after)
  return { hits: [...hits, ...checks.hits], notes: [...notes, ...checks.notes] }
}

function grains({ partitionBy }: TableShape): string {
  const texts = Object.entries(partitionBy).map(
    ([name, grain]) => `${name} (${typeof grain === 'string' ? grain : `${grain.bucket} buckets`})`,
  )
  return texts.length === 0 ? 'nothing' : texts.join(', ')
}

function sourceText({ source }: TableShape): string {
  return `${source.system} ${source.table}`
}

/* Checks across columns, by name. */
function tableChecks(before: TableShape, after: TableShape): ColumnChange {
  const [old, now] = [namedChecks(before), namedChecks(after)]
  const broken = [...now].filter(([name, text]) => old.get(name) !== text)
  const gone = [...old.keys()].filter((name) => !now.has(name))
  return {
    hits: broken.map(([name]) => ({
      rule: 'I305',
      message: `the check "${name}" ${old.has(name) ? 'changed' : 'is new'}`,
    })),
    notes: gone.map((name) => `the check "${name}" is gone`),
  }
}

function namedChecks({ checks = [] }: TableShape): ReadonlyMap<string, string> {
  return new Map(checks.map((check) => [check.name, JSON.stringify(check)]))
}

/* Which columns there are, and where they stand. */
function columnSets(before: readonly ColumnShape[], after: readonly ColumnShape[]): ColumnChange {
  const hits: RuleHit[] = []
  const notes: string[] = []
  const old = new Set(before.map(({ name }) => name))
  const now = new Set(after.map(({ name }) => name))
  const added = after.filter(({ name }) => !old.has(name))
  const renamed = new Set<string>()
  for (const column of before.filter(({ name }) => !now.has(name))) {
    const heir = added.find(
      (candidate) => sourceOf(candidate) === sourceOf(column) && storedType(candidate) === storedType(column),
    )
    if (heir !== undefined) renamed.add(heir.name)
    hits.push(
      heir === undefined
        ? { rule: 'Q101', message: `${column.name}: is gone` }
        : { rule: 'Q102', column: heir.name, message: `${column.name}: is called ${heir.name} now` },
    )
  }
  const lastOld = after.findLastIndex(({ name }) => old.has(name))
  for (const column of added.filter(({ name }) => !renamed.has(name))) {
    const { name, nullable, type } = column
    if (after.indexOf(column) < lastOld)
      hits.push({ rule: 'Q108', column: name, message: `${name}: is new and not at the end` })
    if (!nullable) hits.push({ rule: 'I302', column: name, message: `${name}: is new and never null` })
    notes.push(`${name}: new column, ${typeName(type)}`)
  }
  const order = before.filter(({ name }) => now.has(name)).map(({ name }) => name)
  const newOrder = after.filter(({ name }) => old.has(name)).map(({ name }) => name)
  const moved = newOrder.filter((name, index) => order[index] !== name)
  const [first] = moved
  if (first !== undefined)
    hits.push({ rule: 'Q103', column: first, message: `${moved.join(', ')}: not in the order of before` })
  return { hits, notes }
}

function sourceOf({ name, from }: ColumnShape): string {
  return from ?? name
}

function equal(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}
