import { hash } from 'node:crypto'

/** PostgreSQL's limit, and the contract language's. */
const MAX_LENGTH = 63

/** Lake names that no contract column may have: history is partitioned by it, and engines read the folder's value. */
export const reservedNames: readonly string[] = ['ingest_date']

/** A source column that needs a name in the lake. */
export interface Named {
  readonly name: string
  /** Whether it takes a second column, `<name>_micros`, beside its own. */
  readonly hasMicros: boolean
}

/**
 * A source name as lower snake case of a to z, 0 to 9 and _, from a letter: `firstName` is
 * `first_name`, `prénom` is `prenom`. Leading underscores go, system columns own them. A name with
 * no such character at all is `fallback`.
 */
export function lakeName(source: string, fallback: string): string {
  const name = snakeCase(source)
    .replace(/[^a-z0-9_]/g, '_')
    .replace(/^_+/, '')
  const lettered = /^\d/.test(name) ? `${fallback}_${name}` : name
  return (lettered === '' ? fallback : lettered).slice(0, MAX_LENGTH)
}

/**
 * `lakeName`, with eight digits of the source name's SHA-256 behind it when letters or digits had no place in it: `заказы`
 * and `клиенты` are two tables, whichever came first.
 */
export function distinctLakeName(source: string, fallback: string): string {
  const name = lakeName(source, fallback)
  if (!/[\p{L}\p{N}]/u.test(snakeCase(source).replace(/[a-z0-9_]/g, ''))) return name
  const digest = hash('sha256', source).slice(0, 8)
  return `${name.slice(0, MAX_LENGTH - 9).replace(/_+$/, '')}_${digest}`
}

/** Words of a name in lower case, joined by _; characters that are no Latin letters stay. */
export function snakeCase(source: string): string {
  return source
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
}

/**
 * One lake name for each column, in order: no two alike, no clash with a `_micros` column. The first
 * of two keeps the name and the next gets `_2`, so a column added at the end renames nothing.
 */
export function lakeNames(columns: readonly Named[]): readonly string[] {
  const taken = new Set(reservedNames)
  return columns.map(({ name: source, hasMicros }) => {
    const base = lakeName(source, 'column')
    for (let count = 1; ; count += 1) {
      const suffix = count === 1 ? '' : `_${count}`
      const name = `${base.slice(0, MAX_LENGTH - suffix.length)}${suffix}`
      const claimed = hasMicros ? [name, `${name}_micros`] : [name]
      if (claimed.some((lakeColumn) => taken.has(lakeColumn))) continue
      for (const lakeColumn of claimed) taken.add(lakeColumn)
      return name
    }
  })
}
