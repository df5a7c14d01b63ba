import type { Column, Order } from '../language/column.ts'
import { comparisons, orderOf, type RowCheck } from '../language/row-check.ts'
import { decoderOf } from '../value/canonical.ts'
import { Refusal } from '../value/refusal.ts'
import { typeName } from '../value/type.ts'
import { type Fault, fault } from './fault.ts'

/** The faults of the checks across columns. */
export function rowCheckFaults(
  checks: readonly RowCheck[],
  columnOf: (name: string) => Column | undefined,
): readonly Fault[] {
  const names = new Set<string>()
  return checks.flatMap((check, index) => {
    const path = `checks[${index}]`
    const isNamed = check.name.trim() !== '' && !names.has(check.name)
    names.add(check.name)
    return [
      ...fault('T401', path, 'a check needs a name of its own', !isNamed),
      ...fault('T406', path, `is must be one of ${comparisons.join(' ')}`, !comparisons.includes(check.is)),
      ...sideFaults(path, check, columnOf),
    ]
  })
}

function sideFaults(
  path: string,
  { left: leftName, right: rightName, value }: RowCheck,
  columnOf: (name: string) => Column | undefined,
): readonly Fault[] {
  const left = columnOf(leftName)
  if (left === undefined) return fault('T402', path, `there is no column ${leftName}`)
  const order = checkedOrder(left)
  if (order === 'none') return fault('T403', path, `${leftName} has no order`)
  if ((rightName === undefined) === (value === undefined))
    return fault('T404', path, 'needs right or value, and not both')
  if (rightName === undefined) {
    const isValue = !(decoderOf(left.type)(value ?? null) instanceof Refusal)
    return fault('T405', path, `the literal is no value of ${typeName(left.type)}`, !isValue)
  }
  const right = columnOf(rightName)
  if (right === undefined) return fault('T402', path, `there is no column ${rightName}`)
  const message = `${leftName} and ${rightName} have no common order`
  return fault('T403', path, message, checkedOrder(right) !== order)
}

/* A column that is text for some of its values only has no order. */
function checkedOrder({ type, beyond }: Column): Order {
  return beyond === 'text' ? 'none' : orderOf(type)
}
