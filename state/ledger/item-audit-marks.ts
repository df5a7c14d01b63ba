import type { AuditMarks } from '../../core/audit/audit-recent.ts'
import { type ItemTable, put } from '../../core/ports/item-table.ts'
import type { Position } from '../../core/position.ts'

const KEPT_SECONDS = 90 * 86_400

/** How far audits came, in the ledger's table: an item for each audit and source table, for 90 days. */
export class ItemAuditMarks implements AuditMarks {
  private readonly table: ItemTable

  constructor(table: ItemTable) {
    this.table = table
  }

  async note(
    source: string,
    { at, through }: { readonly at: number; readonly through: Position },
  ): Promise<void> {
    const expires = Math.floor(at / 1_000) + KEPT_SECONDS
    await this.table.write([put({ pk: partitionOf(source), sk: instantOf(at), through, expires })])
  }

  async before(source: string, instant: number): Promise<Position | null> {
    const range = { to: instantOf(instant), order: 'down', atOnce: 1 } as const
    for await (const { through } of this.table.range(partitionOf(source), range))
      if (typeof through === 'string') return through
    return null
  }
}

function partitionOf(source: string): string {
  return `marks#${source}`
}

function instantOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
