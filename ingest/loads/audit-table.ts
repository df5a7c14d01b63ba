import type { LoadFile, TableLoad } from '../../core/load/load.ts'

/** What must be equal before a table is complete. */
export type Count =
  /** Whoever read it knows every row; its history files hold `held` of them by their footers. */
  | { readonly kind: 'exact'; readonly held: number }
  /** Whoever read it may have written a row twice while it changed, never less than it counts. */
  | { readonly kind: 'at-least' }

type Counted = Pick<TableLoad, 'rows' | 'files'>

/** What a table lacks of the rows that were read; undefined when all of them have landed. */
export function missingRows({ rows, files }: Counted): string | undefined {
  const waiting = files.filter(({ state }) => state === 'arrived')
  const landed = rowsOf(files.filter(({ state }) => state === 'landed'))
  if (waiting.length === 0 && landed >= rows) return undefined
  const first =
    waiting[0] === undefined ? '' : `; ${waiting.length} files have not, the first is ${waiting[0].key}`
  return `${rows} rows were read, ${landed} have landed${first}`
}

/** Why the counts of a table do not agree; undefined when they do. */
export function auditFault(table: Counted, count: Count): string | undefined {
  const missing = missingRows(table) ?? unevenFile(table)
  if (missing !== undefined || count.kind === 'at-least') return missing
  const inFiles = rowsOf(table.files)
  if (inFiles !== table.rows) return `${table.rows} rows were read, ${inFiles} have landed`
  const landed = table.files.reduce((sum, file) => sum + rowsOfAll(file.landed), 0)
  if (count.held === landed) return undefined
  return `${landed} rows were landed, its history files hold ${count.held}`
}

/* Rows that a contract neither took nor refused. */
function unevenFile({ files }: Counted): string | undefined {
  for (const { key, rows, landed, refused } of files)
    for (const contract of Object.keys(landed)) {
      const counted = (landed[contract] ?? 0) + (refused[contract] ?? 0)
      if (counted !== rows) return `${key}: ${rows} rows, ${counted} in history and quarantine of ${contract}`
    }
  return undefined
}

/** A file in the landing prefix of which nothing is known yet. */
export function arrivedFile(
  key: string,
  { rows = 0, bytes = 0, sha256 }: Partial<Pick<LoadFile, 'rows' | 'bytes' | 'sha256'>> = {},
): LoadFile {
  const written = sha256 === undefined ? { rows, bytes } : { rows, bytes, sha256 }
  return { key, ...written, state: 'arrived', landed: {}, refused: {}, history: [] }
}

export function rowsOf(files: readonly Pick<LoadFile, 'rows'>[]): number {
  return files.reduce((sum, { rows }) => sum + rows, 0)
}

export function bytesOf(files: readonly Pick<LoadFile, 'bytes'>[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Over all contracts. */
export function rowsOfAll(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
