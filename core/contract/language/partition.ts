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
