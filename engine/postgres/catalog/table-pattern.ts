import { PipelineError } from '../../../core/failures/failures.ts'
import { type SourceTableName, sourceTableName } from '../../../core/source-table-name.ts'

/** Whether a pattern names one relation: no `*` outside quotes, no `!`. */
export function isRelationName(pattern: string): boolean {
  return !pattern.replace(/"(?:[^"]|"")*"/g, '').includes('*') && !pattern.startsWith('!')
}

type Matcher = (table: SourceTableName) => boolean

/** Tells whether any pattern takes a table and no `!` pattern leaves it out; only `!` patterns means all others. */
export function tableMatcher(patterns: readonly string[]): Matcher {
  const included = patterns.filter((pattern) => !pattern.startsWith('!'))
  const isIncluded = included.length === 0 ? () => true : anyOf(included)
  const isExcluded = anyOf(patterns.flatMap((pattern) => (pattern.startsWith('!') ? pattern.slice(1) : [])))
  return (table) => isIncluded(table) && !isExcluded(table)
}

/** Tells whether the patterns take a table, or it is one of `also` and no `!` pattern leaves it out. */
export function followedMatcher(patterns: readonly string[], also: readonly string[]): Matcher {
  const isTaken = tableMatcher(patterns)
  const isLeft = tableMatcher(['*', ...patterns])
  const names = new Set(also)
  return (table) => isTaken(table) || (names.has(sourceTableName(table)) && isLeft(table))
}

/**
 * The tables that the patterns take. Throws `source/no-tables` for a pattern that takes none of them: a name that is
 * misspelt would be left out unnoticed.
 */
export function chosenTables<T extends SourceTableName>(
  patterns: readonly string[],
  tables: readonly T[],
  kind: string,
): readonly T[] {
  const found = tables.filter(tableMatcher(patterns))
  const [missing] = idlePatterns(patterns, found)
  if (missing !== undefined)
    throw new PipelineError('source/no-tables', `${missing} names no table that ${kind}`)
  return found
}

/** Patterns that take none of the tables; `!` patterns are none of them. */
export function idlePatterns(
  patterns: readonly string[],
  tables: readonly SourceTableName[],
): readonly string[] {
  const plain = new Set(tables.map(plainName))
  const quoted = new Set(tables.map(sourceTableName))
  return patterns.filter((pattern) => {
    if (pattern.startsWith('!')) return false
    if (isRelationName(pattern)) return !(pattern.includes('"') ? quoted : plain).has(pattern)
    return !tables.some(anyOf([pattern]))
  })
}

/*
 * A pattern with quotes is of `sourceTableName`'s texts, and what it quotes stands for itself; any other is of the plain
 * names. Names are looked up: there may be thousands of them, for thousands of tables.
 */
function anyOf(patterns: readonly string[]): Matcher {
  const names = new Set(patterns.filter(isRelationName))
  const quoted = new Set([...names].filter((name) => name.includes('"')))
  const plain = new Set([...names].filter((name) => !name.includes('"')))
  const others = patterns
    .filter((pattern) => !names.has(pattern))
    .map((pattern) => ({ isQuoted: pattern.includes('"'), form: formOf(pattern) }))
  return (table) =>
    plain.has(plainName(table)) ||
    (quoted.size > 0 && quoted.has(sourceTableName(table))) ||
    others.some(({ isQuoted, form }) => form.test(isQuoted ? sourceTableName(table) : plainName(table)))
}

function plainName({ schema, name }: SourceTableName): string {
  return `${schema}.${name}`
}

function formOf(pattern: string): RegExp {
  const parts = pattern.match(/"(?:[^"]|"")*"|\*|[^*"]+|"/gu) ?? []
  const source = parts.map((part) => (part === '*' ? '.*' : part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')))
  return new RegExp(`^${source.join('')}$`, 's')
}
