import type { Table } from '../../core/contract/language/table.ts'
import { isSameOrNone } from '../../core/contract/language/table-version.ts'
import { typeName } from '../../core/contract/value/type.ts'
import { valueShape } from '../../core/contract/value/value-shape.ts'
import { field } from '../../core/json.ts'
import type { Refused } from './stored-rows.ts'

/** A column whose values wait in quarantine: what it takes, and what they look like. Never a value. */
export interface Misfit {
  readonly column: string
  readonly type: string
  readonly reason: string
  readonly shapes: readonly { readonly shape: string; readonly count: number }[]
}

/** Counts the refusals of one contract by column, reason and shape of the value. */
export class MisfitCount {
  private readonly table: Table
  private readonly counts = new Map<string, Map<string, number>>()

  constructor(table: Table) {
    this.table = table
  }

  add({ change, contract, reasons }: Refused): void {
    const { columns } = this.table
    if (!isSameOrNone(contract, this.table)) return
    for (const { path, message } of reasons) {
      const column = path.split(/[.[]/, 1)[0] ?? path
      const shape = valueShape(field(change.data, columns[column]?.from ?? column))
      const key = JSON.stringify([column, message])
      const shapes = this.counts.get(key) ?? new Map<string, number>()
      this.counts.set(key, shapes.set(shape, (shapes.get(shape) ?? 0) + 1))
    }
  }

  misfits(): readonly Misfit[] {
    return [...this.counts].map(([key, shapes]) => {
      const [column = '', reason = ''] = JSON.parse(key) as readonly string[]
      const type = this.table.columns[column]?.type
      return {
        column,
        reason,
        type: type === undefined ? '' : typeName(type),
        shapes: [...shapes].map(([shape, count]) => ({ shape, count })).sort((a, b) => b.count - a.count),
      }
    })
  }
}

/** `break_minutes (smallint) must be at most 600: 2 × whole number of 3 digits`. */
export function misfitText({ column, type, reason, shapes }: Misfit): string {
  const name = type === '' ? column : `${column} (${type})`
  return `${name} ${reason}: ${shapes.map(({ shape, count }) => `${count} × ${shape}`).join(', ')}`
}
