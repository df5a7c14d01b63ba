import type { CanonicalValue } from '../core/block.ts'
import { compareValues } from '../core/contract/language/compare-values.ts'
import type { Comparison, RowCheck } from '../core/contract/language/row-check.ts'
import type { Table } from '../core/contract/language/table.ts'
import { decoderOf } from '../core/contract/value/canonical.ts'
import { Refusal } from '../core/contract/value/refusal.ts'
import type { Reason } from '../core/ports/ports.ts'

/** A reason for each check across columns that a row breaks, from its canonical values; what is not known is null. */
export function brokenChecksOf(
  table: Pick<Table, 'columns' | 'checks'>,
): (value: (column: string) => CanonicalValue) => readonly Reason[] {
  const checks = (table.checks ?? []).map((check) => ({ ...check, holds: comparison(table, check) }))
  return (value) =>
    checks.flatMap(({ name, left, is, right, value: literal, holds }): readonly Reason[] => {
      if (holds(value)) return []
      return [
        { code: 'format/check-failed', path: name, message: `must have ${left} ${is} ${right ?? literal}` },
      ]
    })
}

type Holds = (value: (column: string) => CanonicalValue) => boolean

function comparison(
  { columns }: Pick<Table, 'columns'>,
  { left: leftName, is, right: rightName, value }: RowCheck,
): Holds {
  const left = columns[leftName]
  const right = rightName === undefined ? left : columns[rightName]
  /* Contracts are checked where they are made: T402 and T405 name such a check. */
  if (left === undefined || right === undefined)
    throw new RangeError('a check names a column that is not there')
  const decoded = rightName === undefined ? decoderOf(left.type)(value ?? null) : null
  if (decoded instanceof Refusal) throw new RangeError('the literal of a check is no value of its column')
  const literal = decoded
  const compare = compareValues(left, right)
  return (column) => {
    const [a, b] = [column(leftName), rightName === undefined ? literal : column(rightName)]
    return a === null || b === null || HOLDS[is](compare(a, b))
  }
}

const HOLDS: Readonly<Record<Comparison, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
}
