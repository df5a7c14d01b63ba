import { isDeepStrictEqual } from 'node:util'
import type { Table } from '@aws-sdk/client-glue'
import { PipelineError } from '../../core/failures.ts'
import { Attempts } from '../retry.ts'
import { defineView, type ViewPlace } from './define-view.ts'
import { lastView, objectOf, withLastView } from './definition-object.ts'
import { type EntryState, stateOf } from './entry-parameters.ts'
import { type GlueAccess, listTables } from './glue-database.ts'
import { glueTables } from './glue-tables.ts'

/**
 * Writes the view of current anew when the state of its table is another one: its SQL holds floors, revisions and base. A
 * view that is not there, or that somebody else made, stays as it is: `catalog apply` makes it. Writers at once
 * exclude each other by VersionId, and the last one has read the newest state. Throws `catalog/changed` when others
 * write it all the time.
 */
export async function refreshView(place: GlueAccess & ViewPlace, tableName: string): Promise<void> {
  const [domain = '', name = ''] = tableName.split('.')
  const database = `${place.prefix}${domain}`
  const attempts = new Attempts({ ...place.retry, attempts: place.retry.attempts * 4 })
  for (;;) {
    const tables = await listTables(place, database)
    const state = newestState(tables, tableName)
    const view = tables.find((table) => table.Name === name && table.TableType === 'VIRTUAL_VIEW')
    if (state === undefined || view === undefined) return
    const now = objectOf(database, view)
    if (lastView(now, view) === null) return
    const input = withLastView(
      await defineView(place, state, new Set(tables.map(({ Name = '' }) => `${database}.${Name}`))),
    )
    if (isDeepStrictEqual(objectOf(database, input), now)) return
    try {
      return await glueTables(place).update(database, input, view)
    } catch (error) {
      const isChanged = error instanceof PipelineError && error.code === 'catalog/changed'
      if (!isChanged || !(await attempts.again())) throw error
    }
  }
}

function newestState(tables: readonly Table[], name: string): EntryState | undefined {
  return tables
    .flatMap((table) => stateOf(table.Name ?? '', table.Parameters) ?? [])
    .filter(({ table }) => table.name === name)
    .toSorted((one, other) => other.table.version - one.table.version)[0]
}
