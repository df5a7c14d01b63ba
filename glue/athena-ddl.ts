import { systemColumns } from '../core/contract/language/lake-row.ts'
import { versionedName } from '../core/contract/language/lake-table-name.ts'
import type { Table } from '../core/contract/language/table.ts'
import { athenaType } from './athena-type.ts'
import { catalogTable } from './catalog-table.ts'

/**
 * The `CREATE EXTERNAL TABLE` of a version's history in Athena's dialect, one column on a line and without comments, so
 * that two texts can be compared line by line. `root` is where `lake/` lies, such as `s3://bucket`.
 */
export function athenaDdl(contract: Table, root = 's3://<bucket>'): string {
  const { columns, location } = catalogTable(contract)
  const { domain, table } = versionedName(contract)
  const all = [...systemColumns, ...columns]
  const lines = all.map(
    (column, index) => `  \`${column.name}\` ${athenaType(column.type)}${index < all.length - 1 ? ',' : ''}`,
  )
  return [
    `CREATE EXTERNAL TABLE \`${domain}\`.\`${table}_history\` (`,
    ...lines,
    ')',
    'PARTITIONED BY (`ingest_date` date)',
    'STORED AS PARQUET',
    `LOCATION '${root}/${location}/'`,
  ].join('\n')
}
