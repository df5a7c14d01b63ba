import { type LakeColumn, lakeColumns } from '../core/contract/language/lake-columns.ts'
import { versionedName } from '../core/contract/language/lake-table-name.ts'
import { type PartitionColumn, partitionColumns } from '../core/contract/language/partition.ts'
import type { Table } from '../core/contract/language/table.ts'
import type { BasePartition, CatalogTable } from '../core/ports/catalog-entry.ts'

/** The catalog entry of a contract: its history table and what the current view needs to know. */
export function catalogTable(table: Table): CatalogTable {
  const { domain, table: name } = versionedName(table)
  return {
    name: table.name,
    version: table.version,
    description: table.description,
    owner: table.owner,
    source: table.source.table,
    primaryKey: table.primaryKey,
    location: `lake/${domain}/${name}_history`,
    baseLocation: `lake/${domain}/${name}_base`,
    basePartitions: partitionColumns(table).map((partition) => basePartition(partition, table)),
    columns: lakeColumns(table).map((column) => catalogColumn(column, table)),
  }
}

/* A `timestampMicros` has two lake columns; its milliseconds say the day as well. */
function basePartition({ name, contractColumn }: PartitionColumn, table: Table): BasePartition {
  const rule = table.partitionBy[contractColumn]
  if (rule === undefined) throw new RangeError(`${contractColumn} has no partition rule`)
  return { name, column: contractColumn, rule }
}

function catalogColumn({ name, type, contractColumn, part }: LakeColumn, table: Table) {
  const column = table.columns[contractColumn]
  return {
    name,
    type,
    description:
      part === 'micros' ? `Microseconds since 1970 of ${contractColumn}, exact` : (column?.description ?? ''),
    contractColumn,
  }
}
