import type { Columns, Table } from '../../core/contract/language/table.ts'
import { printContract } from '../../core/contract/print/print-contract.ts'

const CONTEXT = 2

/** The lines of a contract file that say `columns`, indented as in the file. */
export function columnLines(table: Table, columns: Columns): readonly string[] {
  const lines = printContract({ ...table, checks: undefined, columns }).split('\n')
  const start = lines.indexOf('  columns: {')
  return lines.slice(start + 1, lines.indexOf('  },', start))
}

/** A unified diff that adds lines after the last column of a contract file; undefined when the file has its columns somewhere else. */
export function addedLines(path: string, text: string, added: readonly string[]): string | undefined {
  const lines = text.split('\n')
  const start = lines.indexOf('  columns: {')
  const end = lines.indexOf('  },', start)
  if (start < 0 || end < 0) return undefined
  const from = end - CONTEXT
  const before = lines.slice(from, end)
  const after = lines.slice(end, end + CONTEXT)
  const size = before.length + after.length
  return [
    `--- a/${path}`,
    `+++ b/${path}`,
    `@@ -${from + 1},${size} +${from + 1},${size + added.length} @@`,
    ...before.map((line) => ` ${line}`),
    ...added.map((line) => `+${line}`),
    ...after.map((line) => ` ${line}`),
  ].join('\n')
}
