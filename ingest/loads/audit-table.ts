import type { LoadFile, TableLoad } from '../../core/load/load.ts'

/** A file in the landing prefix of which nothing is known yet. */
export function arrivedFile(key: string, { rows = 0, bytes = 0 } = {}): LoadFile {
  return { key, rows, bytes, state: 'arrived', landed: {}, refused: {}, history: [] }
}

/** Why the files of a table have not landed whole: rows that a contract neither took nor refused; undefined when they have. */
export function unevenFile({ files }: Pick<TableLoad, 'files'>): string | undefined {
  for (const { key, rows, landed, refused } of files)
    for (const contract of Object.keys(landed)) {
      const counted = (landed[contract] ?? 0) + (refused[contract] ?? 0)
      if (counted !== rows) return `${key}: ${rows} rows, ${counted} in history and quarantine of ${contract}`
    }
  return undefined
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
