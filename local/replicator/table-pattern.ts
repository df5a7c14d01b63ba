/** Whether a pattern names one relation: no `*`, no `!`. */
export function isRelationName(pattern: string): boolean {
  return !pattern.includes('*') && !pattern.startsWith('!')
}

/** Whether any pattern takes the table and no `!` pattern leaves it out; only `!` patterns means all others. */
export function matchesPatterns(
  table: { readonly schema: string; readonly name: string },
  patterns: readonly string[],
): boolean {
  const excluded = patterns.filter((pattern) => pattern.startsWith('!'))
  const included = patterns.filter((pattern) => !pattern.startsWith('!'))
  const name = `${table.schema}.${table.name}`
  return (
    (included.length === 0 || included.some((pattern) => matches(name, pattern))) &&
    !excluded.some((pattern) => matches(name, pattern.slice(1)))
  )
}

/** Whether the patterns take the table, or it is one of `also` and no `!` pattern leaves it out. */
export function isFollowed(
  table: { readonly schema: string; readonly name: string },
  patterns: readonly string[],
  also: readonly string[],
): boolean {
  if (matchesPatterns(table, patterns)) return true
  const isAlso = also.includes(`${table.schema}.${table.name}`)
  return isAlso && matchesPatterns(table, ['*', ...patterns])
}

function matches(name: string, pattern: string): boolean {
  const source = pattern.split('*').map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${source.join('.*')}$`, 's').test(name)
}
