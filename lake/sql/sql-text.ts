const NAME = /^[a-z_][a-z0-9_]{0,127}$/

/** A quoted SQL name. Throws RangeError for one that a contract could not have: no SQL is built from anything else. */
export function identifier(name: string): string {
  if (!NAME.test(name)) throw new RangeError('not an identifier of the lake')
  return `"${name}"`
}

/** A quoted SQL string. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** A path as DuckDB's file functions take it: what a glob gives a meaning stands for itself. */
export function globPath(path: string): string {
  return path.replace(/[[*?]/g, '[$&]')
}

export function columnList(names: readonly string[], alias?: string): string {
  return names
    .map((name) => (alias === undefined ? identifier(name) : `${alias}.${identifier(name)}`))
    .join(', ')
}
