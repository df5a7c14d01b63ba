import type { Table } from '@aws-sdk/client-glue'
import { splitLakeName } from '../../core/contract/language/lake-table-name.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { planCatalog } from '../../glue/catalog-plan.ts'
import { Attempts } from '../calls/retry.ts'
import { defineView, type ViewPlace } from './define-view.ts'
import { lastView, objectOf, withLastView } from './definition-object.ts'
import { type EntryState, stateOf } from './entry-parameters.ts'
import { findTable, type GlueAccess, listTables } from './glue-database.ts'
import { glueTables } from './glue-tables.ts'

/**
 * Writes the view of current anew when the state of its table is another one: its SQL holds floors, revisions and base.
 * `catalog apply` alone makes a view that is not there, replaces one of somebody else, and takes columns away. Throws
 * `catalog/changed` when others write it all the time.
 *
 * Concurrency: the view is read before the state and written only while it is as it was read. So whoever changes the state
 * and then calls this leaves a view of that state or of a later one.
 */
export async function refreshView(place: GlueAccess & ViewPlace, tableName: string): Promise<void> {
  const { domain, table: name } = splitLakeName(tableName)
  const database = `${place.prefix}${domain}`
  const attempts = new Attempts({ ...place.retry, attempts: place.retry.attempts * 4 })
  for (;;) {
    const view = await findTable(place, database, name)
    if (view?.TableType !== 'VIRTUAL_VIEW') return
    const tables = await listTables(place, database)
    const state = newestState(tables, tableName)
    const now = objectOf(database, view)
    const last = lastView(now, view)
    if (state === undefined || last === null) return
    const names = new Set(tables.map(({ Name = '' }) => `${database}.${Name}`))
    const input = withLastView(await defineView(place, state, names))
    const [change] = planCatalog([objectOf(database, input)], [{ now, last }])
    if (change === undefined || change.class === 'breaking') return
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
