/** What becomes of a value in the lake. There is no fourth: a value is never altered. */
export type Outcome = 'exact' | 'exact as text' | 'quarantined'

/** A value that the inferred contract must refuse, as SQL, and why a reader of the page would expect it. */
export interface RefusedValue {
  readonly sql: string
  readonly why: string
}

/** What must become of one PostgreSQL type: the expectation that the run is held against. */
export interface TypeCase {
  readonly type: string
  /** The contract type that is inferred, as `typeName` writes it. */
  readonly contract: string
  readonly outcome: 'exact' | 'exact as text'
  /** SQL expressions; each is cast to the type. NULL is added to every type. */
  readonly values: readonly string[]
  readonly refused?: readonly RefusedValue[]
  /** SQL of a value that PostgreSQL stores out of line, where the type can be that long. */
  readonly large?: string
  /** Contract type of the column as a primary key; left out when it cannot be one, or is no case of its own. */
  readonly key?: string
  /** Values of the key table, when those of `values` are not unique as keys. */
  readonly keyValues?: readonly string[]
  /** SQL that makes PostgreSQL print the value, when it is not the column itself. */
  readonly text?: string
  /** SQL before any table of the type exists. */
  readonly setup?: string
  /** SQL after the load, before the changes: the values of `refused` may need it. */
  readonly later?: string
  /** Extension without which the type is skipped, and said to be. */
  readonly extension?: string
  readonly note?: string
}

/** A name of a table for the case, unique by its place. */
export function caseName(index: number, { type }: TypeCase): string {
  const words = type.toLowerCase().replace(/[^a-z0-9]+/g, '_')
  return `c${index}_${words.replace(/^_|_$/g, '')}`
}
