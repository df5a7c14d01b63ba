import type * as z from 'zod'
import type { CanonicalValue } from '../core/block.ts'
import type { Column } from '../core/contract/language/column.ts'
import { boundSides } from '../core/contract/language/out-of-range.ts'
import { rowValueOf } from '../core/contract/value/row-value.ts'

/** The bounds and the check of a column as one function: the sentences a value breaks, none when it keeps them all. */
export function conditionsOf(column: Column): (value: CanonicalValue) => readonly string[] {
  const { check, min, max, beyond, type } = column
  /* A column that is text for all rows takes what is outside of its bounds as text. */
  const isText = beyond === 'text'
  if ((isText || (min === undefined && max === undefined)) && check === undefined) return () => []
  const sideOf = isText ? () => undefined : boundSides(column)
  const rowValue = isText ? (value: CanonicalValue) => value : rowValueOf(type)
  return (value) => {
    const broken: string[] = []
    const side = sideOf(value)
    /* So that NaN, which is neither low nor high, breaks both. */
    if (min !== undefined && (side === 'low' || side === 'other')) broken.push(`must be at least ${min}`)
    if (max !== undefined && (side === 'high' || side === 'other')) broken.push(`must be at most ${max}`)
    if (check !== undefined)
      for (const message of brokenChecks(check, rowValue(value))) broken.push(`breaks its check: ${message}`)
    return broken
  }
}

function brokenChecks(check: z.ZodType, value: unknown): readonly string[] {
  try {
    /* zod's messages describe the rule; they do not quote the value. */
    return check.safeParse(value).error?.issues.map(({ message }) => message) ?? []
  } catch {
    /* Code of a contract's author threw: the row is refused, the others go on. What it threw may quote the value. */
    return ['it threw']
  }
}
