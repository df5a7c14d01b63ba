import fc from 'fast-check'
import type { LakeRow } from '../../core/contract/language/lake-row.ts'

/** How one lake row reaches the lake: in which files its copies are, and which value column an older contract did not read. */
export const anyArrival = fc.record({
  files: fc.array(fc.nat(2), { minLength: 1, maxLength: 3 }),
  order: fc.nat(),
  misread: fc.option(fc.nat(3), { freq: 5, nil: undefined }),
})

export type Arrival = typeof anyArrival extends fc.Arbitrary<infer A> ? A : never

/**
 * Three files of lake rows, whose last values are those of `columns`; copies of one row may be in several. A row that an
 * older contract misread comes again as a replay.
 */
export function deliver(
  rows: readonly LakeRow[],
  arrivals: readonly Arrival[],
  columns: readonly string[],
): readonly (readonly LakeRow[])[] {
  const sent: { row: LakeRow; file: number; order: number }[] = []
  for (const [index, row] of rows.entries()) {
    const { files, order, misread } = arrivals[index % arrivals.length] ?? { files: [0], order: 0 }
    const place = (order * (index + 7)) % 1_009
    const isReplayed = misread !== undefined && (row[0] === 'insert' || row[0] === 'update')
    for (const file of files) sent.push({ row: isReplayed ? revised(row) : row, file, order: place + file })
    if (isReplayed)
      sent.push({ row: withoutColumn(row, misread, columns), file: place % 3, order: (place * 31) % 1_009 })
  }
  sent.sort((left, right) => left.order - right.order)
  return [0, 1, 2].map((file) => sent.flatMap((one) => (one.file === file ? [one.row] : [])))
}

function revised(row: LakeRow): LakeRow {
  const [operation, position, , ...rest] = row
  return [operation, position, 1, ...rest]
}

/* As a contract without the column wrote it: null, and not listed as absent. */
function withoutColumn(row: LakeRow, misread: number, columns: readonly string[]): LakeRow {
  const [operation, position, revision, committedAt, missing, extra, ...rest] = row
  const left = missing?.filter((other) => other !== columns[misread]) ?? []
  const shown = rest.map((value, index) => (index === rest.length - columns.length + misread ? null : value))
  return [operation, position, revision, committedAt, left.length > 0 ? left : null, extra, ...shown]
}
