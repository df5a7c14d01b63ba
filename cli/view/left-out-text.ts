import type { LeftOutTable } from '../../engine/postgres/rules/table-rules.ts'
import { type Output, paint } from '../terminal/output.ts'
import { visible } from '../terminal/visible-text.ts'

type Shown = Pick<LeftOutTable, 'table' | 'message'> & {
  readonly code: string
  readonly fix: readonly { readonly text: string }[]
}

/** Tables that are not followed, for people: each by name, with the statements and steps that mend it below. */
export function leftOutText(tables: readonly Shown[], output: Output): readonly string[] {
  return tables.flatMap(({ table, code, message, fix }) => [
    `${paint(output, 'yellow', 'left out')} ${visible(table)}: ${visible(message)} (${code})`,
    ...fix.map(({ text }) => `    ${visible(text)}`),
  ])
}
