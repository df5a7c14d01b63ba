import * as z from 'zod'
import type { Table } from '../../../core/contract/language/table.ts'
import { tableLabel } from '../../../core/contract/language/table-version.ts'
import { groupBy } from '../../../core/group-by.ts'
import { isOver, type Load, type TableLoad } from '../../../core/load/load.ts'
import { driftSays, driftToDo } from '../../../core/source-drift.ts'
import type { LoadRunner } from '../../loads/load-runner.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'
import type { LoadedTable, RunStateData } from '../../state/run-state.ts'

const position = z.string().nullable()

/** captured = landed + quarantined + filtered + inFlight + missing, in changes; see `core/ledger/ledger-balance.ts`. */
const balance = z.object({
  captured: z.number(),
  landed: z.number(),
  quarantined: z.number(),
  filtered: z.number(),
  inFlight: z.number(),
  missing: z.number(),
  /** Of the quarantined, by quarantine's own books; a replay may refuse changes again. */
  waiting: z.number(),
  redriven: z.number(),
  expired: z.number(),
  capturedThrough: position,
  landedThrough: position,
  /** Rows of the files of full loads. */
  loads: z.object({ rows: z.number(), landed: z.number(), quarantined: z.number() }),
  balanced: z.boolean(),
})

export const tableStatus = z.object({
  table: z.string(),
  source: z.string(),
  /**
   * `waiting` for its first load, `loading`, `streaming`, `unloaded`: streaming, without the rows of before; `failed`: so,
   * because its first load failed; or `ended`: gone from the source, its rows are kept.
   */
  state: z.enum(['waiting', 'loading', 'streaming', 'unloaded', 'failed', 'ended']),
  /** Why its newest load failed; null when it did not. */
  loadFailure: z.object({ load: z.string(), code: z.string(), message: z.string() }).nullable().default(null),
  loadedRows: z.number(),
  changes: z.number(),
  quarantined: z.number(),
  /** Source fields that no contract knows, now in `_extra`. */
  unknownFields: z.array(z.string()),
  /** Data definition that the source announced since. */
  definitions: z.array(z.string()),
  /** The same, with when each was seen last and what to do about it. */
  drift: z
    .array(z.object({ operation: z.string(), at: z.string(), message: z.string(), toDo: z.string() }))
    .default([]),
  /** Why another load of it is due, a drift operation; null when none is. */
  reload: z.string().nullable().default(null),
  /** Null in a status of before the ledger. */
  balance: balance.nullable().default(null),
})
type TableStatus = z.infer<typeof tableStatus>

interface TableStatusDeps {
  readonly pipeline: Pipeline
  readonly state: { readonly data: Pick<RunStateData, 'loads'> }
  readonly loads: Pick<LoadRunner, 'loads'>
}

/** The status of each table as of now: what is counted of all of them is counted once. */
export function tableStatuses({ pipeline, state, loads }: TableStatusDeps): (contract: Table) => TableStatus {
  const { quarantine, drift } = pipeline
  const versions = groupBy(pipeline.tables, ({ name }) => name)
  const running = new Map(readNow(loads.loads()).map((one) => [one.table.table, one.table]))
  const newest = new Map(
    loads.loads().flatMap(({ id, tables }) => tables.map((one) => [one.table, { load: id, one }] as const)),
  )
  const balanceOf = pipeline.ledger.balances()
  const changes = pipeline.raw.changesByTable()
  const quarantined = quarantine.countByTable()
  return (contract) => {
    const { name, source } = contract
    const { table } = source
    const of = { contract, source: table }
    const loaded = state.data.loads[table]
    const loading = running.get(table)
    const failure = failureOf(newest.get(table))
    const { fields = {}, definitions = [] } = drift.ofTable(table) ?? {}
    return {
      table: tableLabel(contract, versions.get(name) ?? []),
      source: table,
      state: stateOf(loaded?.state, { isLoading: loading !== undefined, hasFailed: failure !== null }),
      loadFailure: failure,
      loadedRows: loaded?.rows ?? loading?.rows ?? 0,
      changes: changes.get(table) ?? 0,
      quarantined: quarantined.get(table) ?? 0,
      unknownFields: Object.keys(fields),
      definitions: definitions.map(({ operation }) => operation),
      drift: definitions.map(({ operation, at }) => ({
        operation,
        at,
        message: driftSays(operation),
        toDo: driftToDo(operation, { table, lake: name }),
      })),
      reload: loaded?.stale?.reason ?? null,
      balance: { ...balanceOf(of), ...quarantine.countOf(of.source, contract) },
    }
  }
}

/** Tables that a load reads, or will go on with. */
export function readNow(
  loads: readonly Load[],
): readonly { readonly id: string; readonly table: TableLoad }[] {
  return loads.flatMap(({ id, tables }) =>
    tables.flatMap((table) => (table.startedAt === null || isOver(table.state) ? [] : [{ id, table }])),
  )
}

function failureOf(
  newest: { readonly load: string; readonly one: TableLoad } | undefined,
): TableStatus['loadFailure'] {
  if (newest === undefined || newest.one.failure === null) return null
  return { load: newest.load, ...newest.one.failure }
}

function stateOf(
  loaded: LoadedTable['state'] | undefined,
  { isLoading, hasFailed }: { readonly isLoading: boolean; readonly hasFailed: boolean },
): TableStatus['state'] {
  if (loaded === 'complete') return 'streaming'
  if (isLoading) return 'loading'
  if (loaded === 'unloaded') return 'unloaded'
  return hasFailed ? 'failed' : 'waiting'
}
