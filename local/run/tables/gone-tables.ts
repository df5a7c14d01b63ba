import type { Table } from '../../../core/contract/language/table.ts'
import type { SourceTable } from '../../../engine/postgres/catalog/source-catalog.ts'
import { lookAtSource } from '../../../engine/postgres/catalog/source-look.ts'
import {
  closeClient,
  connectSource,
  type Source,
} from '../../../engine/postgres/connection/source-connection.ts'
import { claimedNames } from '../../contracts/choose-contracts.ts'
import type { KnownTable } from '../../contracts/known-tables.ts'

/**
 * Of the tables that a folder has followed those that are dropped, or have another name or schema: the slot may still hold
 * changes of them. One that a start leaves out by choice is not gone.
 */
export async function goneTables(
  source: Source,
  known: readonly KnownTable[],
  sources: readonly SourceTable[],
): Promise<readonly KnownTable[]> {
  const left = known.filter((table) => !sources.some((today) => isSame(today, table)))
  if (left.length === 0) return []
  const client = await connectSource(source, { applicationName: 'tidemark look' })
  try {
    const { tables } = await lookAtSource(client, '', left)
    return left.filter((table) => {
      const now = tables.get(table.oid)
      return now === undefined || !isSame({ ...now, oid: table.oid }, table)
    })
  } finally {
    await closeClient(client)
  }
}

/** Of the contracts of tables that are gone those whose lake names no table of today has. */
export function endedContracts(gone: readonly Table[], chosen: readonly Table[]): readonly Table[] {
  const names = new Set(chosen.flatMap(claimedNames))
  return gone.filter((table) => !claimedNames(table).some((name) => names.has(name)))
}

type Pair = Pick<KnownTable, 'oid' | 'schema' | 'name'>

function isSame(left: Pair, right: Pair): boolean {
  return left.oid === right.oid && left.schema === right.schema && left.name === right.name
}
