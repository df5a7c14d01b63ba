import type { CanonicalValue } from '../../../core/block.ts'
import type { Column } from '../../../core/contract/language/column.ts'
import type { LakeColumn } from '../../../core/contract/language/lake-columns.ts'
import { columnDecoder } from '../../../core/contract/language/out-of-range.ts'
import { Refusal } from '../../../core/contract/value/refusal.ts'
import { isoOfMicros, isoOfMillis } from '../../../core/contract/value/temporal.ts'
import { floatText, instantText } from './nested-text.ts'

const NAIVE = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d+)?$/

/**
 * The comparison text of a column with a rule for values beyond its type (`beyond`), made of the text that PostgreSQL
 * prints. What the rule makes of a value only the rule can say, so here, and nowhere else, the decoder that is being
 * checked has a part in both sides: the way from there to the lake is proven, the rule itself by its own tests.
 */
export function ruledText(lake: LakeColumn, column: Column): (text: string) => string | null {
  const decode = columnDecoder(column)
  const isInstant = column.type.kind === 'timestamp' || column.type.kind === 'timestampMicros'
  return (text) => {
    const decoded = decode(isInstant && NAIVE.test(text) ? `${text.replace(' ', 'T')}Z` : text)
    if (decoded instanceof Refusal) return `!${text}`
    return decoded === null ? null : comparisonText(decoded, lake)
  }
}

/** The comparison text of a decoded value. */
export function comparisonText(value: CanonicalValue, { type, part }: LakeColumn): string {
  const text = String(value)
  if (part === 'micros') return instantText(isoOfMicros(BigInt(text)))
  if (part === 'millis') return instantText(isoOfMicros(BigInt(text))).slice(0, -3)
  if (type.kind === 'timestamp') return instantText(isoOfMillis(Number(text)))
  return type.kind === 'double' || type.kind === 'real' ? floatText(Number(text)) : text
}
