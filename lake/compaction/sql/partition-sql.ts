import type { BasePartition, CatalogTable } from '../../../core/ports/catalog-entry.ts'
import { identifier, literal } from '../../sql/sql-text.ts'
import { waitingPlace } from '../../sql/table-shape.ts'
import { bucketSql } from './bucket-sql.ts'

/**
 * SQL of each partition value of a lake row, `2026-03-02`, `2026-03` or the number of a bucket, in the order of the
 * folders, days in UTC; of a row that is held back because its value is not known, a place to wait in. Instants are read in UTC: the
 * session's time zone must be that. Throws RangeError for a partition column that the table has not.
 */
export function partitionSql(table: CatalogTable): readonly string[] {
  return table.basePartitions.map(
    (partition) => `coalesce(${valueSql(partition, table)}, ${literal(waitingPlace(partition))})`,
  )
}

function valueSql({ column, rule }: BasePartition, { columns }: CatalogTable): string {
  const found = columns.find(({ name }) => name === column)
  if (found === undefined) throw new RangeError('a partition column that the table has not')
  if (typeof rule === 'string')
    return `strftime(${identifier(column)}, ${rule === 'day' ? `'%Y-%m-%d'` : `'%Y-%m'`})`
  /* The exact value is hashed: of a `timestampMicros` that is the column beside it. */
  const micros = columns.find(
    ({ name, contractColumn }) => name === `${column}_micros` && contractColumn === column,
  )
  const { name, type } = micros ?? found
  return bucketSql(identifier(name), type, rule.bucket)
}
