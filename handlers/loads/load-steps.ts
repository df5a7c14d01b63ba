import type { Table } from '../../core/contract/language/table.ts'
import type { LoadLedger } from '../../core/load/load.ts'

import type { Catalog, ObjectStore } from '../../core/ports/ports.ts'
import { dropOlderFiles } from '../../ingest/loads/drop-older-files.ts'
import { loadPlace } from '../../ingest/loads/load-place.ts'
import type { ItemRawStore } from '../../state/raw-store/item-raw-store.ts'
import type { LambdaStage } from '../runtime/lambda-stage.ts'
import type { LoadsDeps } from './loads-event.ts'

export interface LoadStepsDeps {
  /** Whose tables the task can read. */
  readonly contracts: readonly Table[]
  readonly epoch: number
  readonly objects: Pick<ObjectStore, 'list' | 'delete'>
  readonly catalog: Pick<Catalog, 'entries'>
  readonly ledger: Pick<LoadLedger, 'all'>
  readonly raw: Pick<ItemRawStore, 'newest'>
  readonly stage: Pick<LambdaStage, 'failed'>
}

/** What a load asks of a stack beside its task. */
export function loadSteps({
  contracts,
  epoch,
  objects,
  catalog,
  ledger,
  raw,
  stage,
}: LoadStepsDeps): Pick<LoadsDeps, 'place' | 'tidy' | 'estimates'> {
  return {
    place: async ({ id, tables }) => {
      const names = new Set(tables.map(({ table }) => table))
      /* Only of the database that is read: positions of another system have nothing to do with its log. */
      const systems = new Set(
        contracts.flatMap(({ source }) => (names.has(source.table) ? source.system : [])),
      )
      const own = contracts.filter(({ source }) => systems.has(source.system))
      const captured = await raw.newest([...new Set(own.map(({ source }) => source.table))])
      const others = (await ledger.all()).filter((load) => load.id !== id).flatMap((load) => load.tables)
      const ranks = others.flatMap((one) => (names.has(one.table) ? (one.position ?? []) : []))
      const entries = (await catalog.entries()).filter((entry) => names.has(entry.table.source))
      const floors = entries.flatMap((entry) => entry.floors.map(({ position }) => position))
      return loadPlace({ epoch, captured, earlier: [...ranks, ...floors] })
    },
    tidy: async ({ id }, table) => {
      try {
        await dropOlderFiles(table, await ledger.all(), objects)
      } catch (error) {
        stage.failed(error, { load: id, table: table.table })
      }
    },
    estimates: async (names) => {
      const rows = new Map<string, number>()
      for (const { table, base } of await catalog.entries())
        if (base !== null && names.includes(table.source)) rows.set(table.source, base.rows)
      for (const load of await ledger.all())
        for (const one of load.tables)
          if (one.state === 'complete' && names.includes(one.table)) rows.set(one.table, one.rows)
      return rows
    },
  }
}
