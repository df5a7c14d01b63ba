import { lakeColumns } from '../language/lake-columns.ts'
import { type ColumnType, typeName } from '../value/type.ts'
import type { EvolutionRuleId, RuleHit } from './evolution-rules.ts'
import { type ColumnShape, shapeTable, type TableShape } from './shape.ts'

/** What became of one column: rules it breaks, and changes that break nothing, as sentences. */
export interface ColumnChange {
  readonly hits: readonly RuleHit[]
  readonly notes: readonly string[]
}

type Compare = (before: ColumnShape, after: ColumnShape) => ColumnChange

/** Compares a column of two shapes of one version; its place among the others is not looked at. */
export function compareColumns(before: ColumnShape, after: ColumnShape): ColumnChange {
  const changes = [nulls, personal, origin, types, bounds, checks, others].map((part) => part(before, after))
  return { hits: changes.flatMap(({ hits }) => hits), notes: changes.flatMap(({ notes }) => notes) }
}

/** The type of a column's values in lake files; `undefined` for a column that is not in the lake. */
export function storedType(column: ColumnShape): string | undefined {
  const parts = lakeColumns(shapeTable(only(column))).map(({ type }) => storageName(type))
  return parts.length === 0 ? undefined : parts.join(' + ')
}

const same: ColumnChange = { hits: [], notes: [] }
const note = (text: string): ColumnChange => ({ hits: [], notes: [text] })
const hit = (rule: EvolutionRuleId, { name }: ColumnShape, message: string): ColumnChange => ({
  hits: [{ rule, column: name, message: `${name}: ${message}` }],
  notes: [],
})

const nulls: Compare = (before, after) => {
  if (before.nullable === after.nullable) return same
  return after.nullable
    ? hit('Q106', after, 'never null became nullable')
    : hit('I301', after, 'nullable became never null')
}

const personal: Compare = (before, after) => {
  const [old, now] = [treatmentText(before), treatmentText(after)]
  return old === now ? same : hit('Q107', after, `${old} became ${now}`)
}

/** `email, hash`, or `clear`. */
export function treatmentText({ pii, treatment }: ColumnShape): string {
  return pii === undefined ? treatment : `${pii}, ${treatment}`
}

const origin: Compare = (before, after) => {
  const [old, now] = [before.from ?? before.name, after.from ?? after.name]
  return old === now ? same : hit('Q110', after, `read from ${old}, now from ${now}`)
}

const types: Compare = (before, after) => {
  const [old, now] = [storedType(before), storedType(after)]
  const change = `${typeName(before.type)} became ${typeName(after.type)}`
  /* Into or out of the lake is a change of the treatment. */
  if (old !== now && old !== undefined && now !== undefined) return hit('F201', after, change)
  if (JSON.stringify(before.type) === JSON.stringify(after.type)) return same
  if (before.type.kind === 'enum' && after.type.kind === 'enum') return enums(before.type, after.type, after)
  return takesAll(after.type, before.type) ? note(`${after.name}: ${change}`) : hit('I306', after, change)
}

type Enum = ColumnType & { readonly kind: 'enum' }

function enums(old: Enum, now: Enum, after: ColumnShape): ColumnChange {
  const gone = now.unknown === 'keep' ? [] : old.values.filter((value) => !now.values.includes(value))
  const added = now.values.filter((value) => !old.values.includes(value))
  if (gone.length > 0) return hit('I304', after, `no longer takes ${gone.join(', ')}`)
  if (old.unknown === 'keep' && now.unknown === undefined)
    return hit('I304', after, 'no longer takes values beyond its list')
  return note(`${after.name}: takes ${added.length === 0 ? 'other values' : added.join(', ')} as well`)
}

const TEXT_KINDS: readonly string[] = ['time', 'uuid', 'json', 'enum', 'string']
const INTEGERS: readonly string[] = ['smallint', 'integer', 'bigint']

/* Every value that the old type took is taken by the new one; only what is surely so counts. */
function takesAll(now: ColumnType, old: ColumnType): boolean {
  if (now.kind === 'string' && now.max === undefined) return TEXT_KINDS.includes(old.kind)
  if (now.kind === 'string' && old.kind === 'string')
    return old.max !== undefined && old.max <= (now.max ?? old.max)
  if (now.kind === 'list' && old.kind === 'list') return takesAll(now.of, old.of)
  return INTEGERS.includes(old.kind) && INTEGERS.indexOf(now.kind) >= INTEGERS.indexOf(old.kind)
}

const bounds: Compare = (before, after) => {
  const least = bound('min', before.min, after.min, (now, old) => now > old)
  const most = bound('max', before.max, after.max, (now, old) => now < old)
  return { hits: [...least.hits, ...most.hits], notes: [...least.notes, ...most.notes] }

  function bound(
    name: 'min' | 'max',
    old: number | undefined,
    now: number | undefined,
    isTighter: (now: number, old: number) => boolean,
  ): ColumnChange {
    if (old === now) return same
    const change = `${name} ${old ?? 'none'} became ${now ?? 'none'}`
    return now !== undefined && (old === undefined || isTighter(now, old))
      ? hit('I303', after, change)
      : note(`${after.name}: ${change}`)
  }
}

const checks: Compare = (before, after) => {
  if (before.check === after.check) return same
  if (after.check === undefined) return note(`${after.name}: its check is gone`)
  return hit('I305', after, before.check === undefined ? 'has a check now' : 'its check changed')
}

const COMPARED: ReadonlySet<string> = new Set([
  ...['name', 'nullable', 'pii', 'treatment', 'from', 'type', 'min', 'max', 'check'],
])

/*
 * Options without a comparison of their own. A policy or a default that was not there before lets more rows pass; any
 * other difference counts as a break, until someone says better.
 */
const others: Compare = (before, after) => {
  const old = new Map(Object.entries(before))
  const now = new Map(Object.entries(after))
  const names = [...new Set([...old.keys(), ...now.keys()])].filter((name) => !COMPARED.has(name))
  const changed = names.filter((name) => JSON.stringify(old.get(name)) !== JSON.stringify(now.get(name)))
  const isLooser = (name: string) => !old.has(name) && (name === 'beyond' || name === 'default')
  const notes = changed.filter(isLooser).map((name) => `${after.name}: has ${name} now`)
  const broken = changed.filter((name) => !isLooser(name))
  return broken.length === 0
    ? { hits: [], notes }
    : { ...hit('I309', after, `${broken.join(', ')} changed`), notes }
}

function storageName(type: ColumnType): string {
  if (type.kind === 'list') return `list<${storageName(type.of)}>`
  if (type.kind === 'struct') {
    const fields = Object.entries(type.fields).map(([name, field]) => `${name}:${storageName(field)}`)
    return `struct<${fields.join(',')}>`
  }
  return TEXT_KINDS.includes(type.kind) ? 'string' : typeName(type)
}

/* Lake columns are derived of tables; one column is enough of a table for its own. */
function only(column: ColumnShape): TableShape {
  const source = { system: '', table: '' }
  const nothing = { primaryKey: [], partitionBy: {}, unknownFields: 'keep' } as const
  return { name: '', version: 1, source, ...nothing, columns: [column] }
}
