/** Names of the columns of a table before and after, and which of them a contract reads. */
export interface ColumnNames {
  readonly before: Iterable<{ readonly name: string }>
  readonly after: Iterable<{ readonly name: string }>
  readonly isRead: (column: string) => boolean
}

/**
 * What is told of a table of which columns have their names again: a column that a contract reads has come in the place
 * of one that none reads, so rows in between brought its values under a name that nobody knew. That is `column-returned`,
 * in the place of how else it would be told; what else was found stays.
 */
export function withReturned<T extends string>(
  found: Iterable<T>,
  { before, after, isRead }: ColumnNames,
): readonly (T | 'column-returned')[] {
  const old = new Set([...before].map(({ name }) => name))
  const now = new Set([...after].map(({ name }) => name))
  const gained = [...now].filter((name) => !old.has(name))
  const lost = [...old].filter((name) => !now.has(name))
  if (!gained.some(isRead) || lost.every(isRead)) return [...found]
  const over = new Set<string>([
    ...(gained.every(isRead) ? ['add-column', 'rename-column'] : []),
    ...(lost.some(isRead) ? [] : ['drop-column']),
  ])
  return ['column-returned', ...[...found].filter((one) => !over.has(one))]
}
