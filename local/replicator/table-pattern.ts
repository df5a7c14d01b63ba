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

function matches(name: string, pattern: string): boolean {
  const source = pattern.split('*').map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${source.join('.*')}$`, 's').test(name)
}
