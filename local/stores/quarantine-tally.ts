import type { Arrival, FrameHeader } from './quarantine-frame.ts'

/** Entries of one table and contract by where they are; arrived = the three together. */
export interface EntryCounts {
  readonly waiting: number
  readonly redriven: number
  readonly expired: number
}

const NOTHING: EntryCounts = { waiting: 0, redriven: 0, expired: 0 }

/** Counts what arrived in a quarantine and how it left, by source table and contract; entries of format only. */
export class QuarantineTally {
  private readonly counts = new Map<string, EntryCounts>()

  /** The contract is null for tables that none reads. */
  of(table: string, contract: string | null): EntryCounts {
    return this.counts.get(keyOf(table, contract)) ?? NOTHING
  }

  arrived(entry: Arrival): void {
    this.change(entry, { waiting: 1 })
  }

  left(entry: Arrival, how: 'redriven' | 'expired'): void {
    this.change(entry, { waiting: -1, [how]: 1 })
  }

  /** What a log says of entries that an earlier log had. */
  carry({ left }: Extract<FrameHeader, { kind: 'carried' }>): void {
    for (const { table, contract, redriven, expired } of left)
      this.add(keyOf(table, contract), { redriven, expired })
  }

  /** The departures as a frame of the next log, which has the entries that wait and no others. */
  carried(): Extract<FrameHeader, { kind: 'carried' }> {
    const left = [...this.counts].map(([key, { redriven, expired }]) => ({
      ...partsOf(key),
      redriven,
      expired,
    }))
    return { kind: 'carried', left: left.filter(({ redriven, expired }) => redriven + expired > 0) }
  }

  private change({ stage, table, contract }: Arrival, by: Partial<EntryCounts>): void {
    if (stage === 'format') this.add(keyOf(table ?? '', contract), by)
  }

  private add(key: string, by: Partial<EntryCounts>): void {
    const before = this.counts.get(key) ?? NOTHING
    this.counts.set(key, {
      waiting: before.waiting + (by.waiting ?? 0),
      redriven: before.redriven + (by.redriven ?? 0),
      expired: before.expired + (by.expired ?? 0),
    })
  }
}

function keyOf(table: string, contract: string | null): string {
  return JSON.stringify([table, contract])
}

function partsOf(key: string): { readonly table: string; readonly contract: string | null } {
  const [table, contract]: [string, string | null] = JSON.parse(key)
  return { table, contract }
}
