import type { CanonicalValue } from '../../block.ts'
import { bucketHash } from '../value/bucket-hash.ts'
import { isoOfMicros, isoOfMillis } from '../value/temporal.ts'
import type { Column } from './column.ts'
import type { Table } from './table.ts'

/** A partition column of base: its name and how its text is made of a contract column's value. */
export interface PartitionColumn {
  readonly name: string
  readonly contractColumn: string
}

/** The partition columns of a table, `starts_at_day` or `shift_id_bucket`, in the order of the contract. */
export function partitionColumns({ partitionBy }: Pick<Table, 'partitionBy'>): readonly PartitionColumn[] {
  return Object.entries(partitionBy).map(([contractColumn, rule]) => ({
    name: `${contractColumn}_${typeof rule === 'string' ? rule : 'bucket'}`,
    contractColumn,
  }))
}

/**
 * Where a row lies in base: for each partition column its text, `2026-03-02`, `2026-03` or the number of a bucket, of
 * the row's canonical values by contract column. Days are UTC days. Throws RangeError for a value that is null.
 */
export function partitionValue(
  table: Table,
  row: Readonly<Record<string, CanonicalValue>>,
): Readonly<Record<string, string>> {
  const values = partitionColumns(table).map(({ name, contractColumn }) => {
    const column = table.columns[contractColumn]
    const rule = table.partitionBy[contractColumn]
    const value = row[contractColumn] ?? null
    if (column === undefined || rule === undefined || value === null)
      throw new RangeError(`${contractColumn}: a row without it has no partition`)
    if (typeof rule !== 'string')
      return [name, String((bucketHash(column.type, value) & 0x7fffffff) % rule.bucket)]
    return [name, dayOf(column, value).slice(0, rule === 'day' ? 10 : 7)]
  })
  return Object.fromEntries(values)
}

function dayOf({ type }: Column, value: CanonicalValue): string {
  if (typeof value === 'number') return isoOfMillis(value)
  return type.kind === 'timestampMicros' ? isoOfMicros(BigInt(String(value))) : String(value)
}
