import { isWhole } from '../support/budget.ts'
import { arrayCases } from './array-cases.ts'
import { numberCases } from './number-cases.ts'
import { otherCases } from './other-cases.ts'
import { textCases } from './text-cases.ts'
import { timeCases } from './time-cases.ts'
import type { TypeCase } from './type-case.ts'

/** The matrix, in the order of the page. */
export const typeCases: readonly TypeCase[] = [
  ...numberCases,
  ...textCases,
  ...timeCases,
  ...arrayCases,
  ...otherCases,
]

/* One of each kind that a contract knows, and of each way a value takes: refused, out of line, made by the user. */
const kinds = [
  ...['bigint', 'numeric(12,2)', 'numeric', 'double precision', 'uuid', 'bytea', 'jsonb', 'timestamptz'],
  ...['text[]', 'kinds.mood'],
]

/** What a run measures: all of them on `npm run test:types`, else one of each kind, at their places in the matrix. */
export const measuredCases: readonly TypeCase[] = isWhole()
  ? typeCases
  : typeCases.filter(({ type }) => kinds.includes(type))
