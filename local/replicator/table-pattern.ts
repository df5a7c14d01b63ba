import { type SourceTableName, sourceTableName } from '../../core/source-table-name.ts'

/** Whether a pattern names one relation: no `*` outside quotes, no `!`. */
export function isRelationName(pattern: string): boolean {
  return !pattern.replace(/"(?:[^"]|"")*"/g, '').includes('*') && !pattern.startsWith('!')
}

/** Whether any pattern takes the table and no `!` pattern leaves it out; only `!` patterns means all others. */
export function matchesPatterns(table: SourceTableName, patterns: readonly string[]): boolean {
  const excluded = patterns.filter((pattern) => pattern.startsWith('!'))
  const included = patterns.filter((pattern) => !pattern.startsWith('!'))
  return (
    (included.length === 0 || included.some((pattern) => matches(table, pattern))) &&
    !excluded.some((pattern) => matches(table, pattern.slice(1)))
  )
}

/** Whether the patterns take the table, or it is one of `also` and no `!` pattern leaves it out. */
export function isFollowed(
  table: SourceTableName,
  patterns: readonly string[],
  also: readonly string[],
): boolean {
  if (matchesPatterns(table, patterns)) return true
  const isAlso = also.includes(sourceTableName(table))
  return isAlso && matchesPatterns(table, ['*', ...patterns])
}

/* A pattern with quotes is of `sourceTableName`'s texts, and what it quotes stands for itself; any other is of the plain names. */
function matches(table: SourceTableName, pattern: string): boolean {
  const text = pattern.includes('"') ? sourceTableName(table) : `${table.schema}.${table.name}`
  const parts = pattern.match(/"(?:[^"]|"")*"|\*|[^*"]+|"/gu) ?? []
  const source = parts.map((part) => (part === '*' ? '.*' : part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')))
  return new RegExp(`^${source.join('')}$`, 's').test(text)
}
