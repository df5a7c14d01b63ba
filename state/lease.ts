import type { ItemTable } from '../core/ports/item-table.ts'
import type { Clock } from '../core/ports/ports.ts'

export interface LeaseSettings {
  /** The ledger's table. */
  readonly table: ItemTable
  /** Another one for each holder: the id of the request. */
  readonly owner: string
  readonly now: Clock
}

/**
 * What only one holder may do at a time. Durability: taken when `take` resolves with true, until it is released or its
 * time is over; a holder that outlives its time is not stopped. Duplicates: its owner may take it again. Clocks of
 * holders must agree to the second.
 */
export class Lease {
  private readonly settings: LeaseSettings

  constructor(settings: LeaseSettings) {
    this.settings = settings
  }

  /** False when another one holds it. */
  take(name: string, milliseconds: number): Promise<boolean> {
    const { table, owner, now } = this.settings
    const expires = Math.ceil((now() + milliseconds) / 1_000)
    return table.putIf({ ...keyOf(name), owner, expires }, [
      { kind: 'absent' },
      { kind: 'equal', name: 'owner', value: owner },
      { kind: 'below', name: 'expires', value: Math.floor(now() / 1_000) },
    ])
  }

  /** Nothing when it is another one's by now. */
  async release(name: string): Promise<void> {
    const { table, owner } = this.settings
    await table.deleteIf(keyOf(name), [{ kind: 'equal', name: 'owner', value: owner }])
  }
}

function keyOf(name: string) {
  return { pk: `lease#${name}`, sk: 'lease' }
}
