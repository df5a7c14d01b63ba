import { printAnyVersion, type TableVersion } from '../../core/contract/language/table-version.ts'
import type { QuarantineEntry } from '../../core/ports/ports.ts'

/** Entries of one table and contract by where they are; arrived = the three together. */
export interface EntryCounts {
  readonly waiting: number
  readonly redriven: number
  readonly expired: number
}

/** What an entry is counted by. */
export type CountedEntry = Pick<QuarantineEntry, 'stage' | 'table' | 'contract'>

const NOTHING: EntryCounts = { waiting: 0, redriven: 0, expired: 0 }

/** Counts what arrived in a quarantine and how it left, by source table and contract; entries of format only. */
export class QuarantineTally {
  private readonly counts = new Map<string, EntryCounts>()

  /** The contract is null for tables that none reads. */
  of(table: string, contract: TableVersion | null): EntryCounts {
    return this.counts.get(nameOf(table, contract)) ?? NOTHING
  }

  arrived(entry: CountedEntry): void {
    this.change(entry, { waiting: 1 })
  }

  left(entry: CountedEntry, how: 'redriven' | 'expired'): void {
    this.change(entry, { waiting: -1, [how]: 1 })
  }

  /** What is written down of entries that left, under the name of their table and contract. */
  carry(name: string, { redriven, expired }: Omit<EntryCounts, 'waiting'>): void {
    this.add(name, { redriven, expired })
  }

  private change({ stage, table, contract }: CountedEntry, by: Partial<EntryCounts>): void {
    if (stage === 'format') this.add(nameOf(table ?? '', contract), by)
  }

  private add(name: string, by: Partial<EntryCounts>): void {
    const before = this.counts.get(name) ?? NOTHING
    this.counts.set(name, {
      waiting: before.waiting + (by.waiting ?? 0),
      redriven: before.redriven + (by.redriven ?? 0),
      expired: before.expired + (by.expired ?? 0),
    })
  }
}

/** The name of a table and contract in the tally. */
export function nameOf(table: string, contract: TableVersion | null): string {
  return JSON.stringify([table, printAnyVersion(contract)])
}
