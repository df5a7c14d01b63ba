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
