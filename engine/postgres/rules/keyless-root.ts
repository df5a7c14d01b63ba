import { type Fix, sql, step } from '../../../core/check.ts'
import { type SourceTableName, sourceTableName } from '../../../core/source-table-name.ts'
import type { RelationIdentity } from '../catalog/identity-facts.ts'
import { quoteIdentifier, quoteTable } from '../connection/quote-identifier.ts'
import { leavingOut } from './judge-identity.ts'

/**
 * What gives a table without a primary key one. The key of a partitioned table has to include the columns that it is
 * partitioned by; partitions that have a key of their own, as a template gives them, tell the rest of it.
 */
export function keylessRoot(table: SourceTableName, parts: readonly RelationIdentity[]): readonly Fix[] {
  const [root, ...leaves] = parts
  const add = `ALTER TABLE ${quoteTable(table)} ADD PRIMARY KEY`
  if (root === undefined || root.kind !== 'partitioned') return [step(`${add} (…);`)]
  const foreign = leaves.filter(({ kind }) => kind === 'foreign').map(sourceTableName)
  if (foreign.length > 0)
    return [
      step(
        `its partition ${foreign.slice(0, 3).join(', ')} is a foreign table, beside which PostgreSQL allows no primary key: ${leavingOut(table)}; or detach what is foreign, then give the table its key`,
      ),
    ]
  const { partitionKey } = root
  if (partitionKey === undefined)
    return [
      step(`a table that is partitioned by an expression can have no primary key: ${leavingOut(table)}`),
    ]
  const keys = leaves.map((leaf) => leaf.indexes.find(({ isPrimary }) => isPrimary))
  const [first] = keys
  const isSame = first !== undefined && keys.every((key) => sameColumns(key?.columns ?? [], first.columns))
  if (!isSame)
    return [step(`${add} (…, ${list(partitionKey)}); the key has to include the columns of the partitioning`)]
  const columns = [...first.columns, ...partitionKey.filter((column) => !first.columns.includes(column))]
  if (columns.length === first.columns.length) return [sql(`${add} (${list(columns)});`)]
  /* A partition has one primary key: its own makes room. In one transaction, for between the two it would have none. */
  const drops = leaves.map(
    (leaf, index) =>
      `ALTER TABLE ${quoteTable(leaf)} DROP CONSTRAINT ${quoteIdentifier(keys[index]?.constraint ?? '')};`,
  )
  return [
    step(
      `its partitions have a key without ${list(partitionKey)}, which the key of a partitioned table has to include: ${leavingOut(table)}; or, in a quiet moment, for it locks the table`,
    ),
    sql(`BEGIN; ${drops.join(' ')} ${add} (${list(columns)}); COMMIT;`),
  ]
}

function list(columns: readonly string[]): string {
  return columns.map(quoteIdentifier).join(', ')
}

function sameColumns(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((column) => right.includes(column))
}
