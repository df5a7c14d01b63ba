import type { Table } from '../../core/contract/language/table.ts'
import { tableLabel } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { storageFailure } from '../../core/failures/storage-failure.ts'
import type { Operation } from '../../core/operations/operations.ts'
import type { HealingWay } from './compare/heal.ts'
import type { Proof, ProofFailure, TableProof } from './proof.ts'
import { isOver, type ProofDeps, ProofSession } from './proof-session.ts'
import type { Asked } from './prove-table.ts'

export type { Proof, ProofFailure } from './proof.ts'

/** What a proof is asked for beyond the whole of every table. */
export interface ReconcileRequest {
  /** Contract or source names; every table when left out. */
  readonly tables?: readonly string[] | undefined
  readonly scope?: Asked | undefined
  /** Sends again what differs; needs `healing`. */
  readonly heal?: boolean | undefined
}

export interface ReconcileDeps extends ProofDeps {
  readonly onTable?: (table: string) => void
  /** Called with each table's proof once it is over, in their order. */
  readonly onProven?: ((proof: TableProof) => void) | undefined
  readonly request?: ReconcileRequest | undefined
  /** The pipeline of this process, which owns the folder. */
  readonly healing?: HealingWay | undefined
}

/**
 * Compares every table of the source at one position with the lake as of the same position, by content: exact while
 * both go on changing. Each engine adds up checksums of its rows; keys and columns that differ are named. A table that
 * cannot be compared, in time or at all, is among `failed`, and the others are compared all the same. Throws
 * `usage/invalid` for a request that cannot be met, and what makes every proof impossible: `source/…` failures,
 * `run/timeout` when the lake does not reach the position in time, and the signal's reason when it aborts for another.
 */
export async function reconcile(deps: ReconcileDeps): Promise<Proof> {
  const { tables: names, scope = { kind: 'all' }, heal = false } = deps.request ?? {}
  if (heal && deps.healing === undefined)
    throw new PipelineError('usage/invalid', 'only the process that runs the folder can heal it')
  return proveTables(deps, chosenTables(deps.tables, names), () => scope, heal)
}

/** Keys, by their comparison texts, of tables by the label that proofs have. */
export type HealKeys = Operation<'heal'>['keys']

/**
 * Compares some keys as of a new snapshot and sends again what still differs: for the process that owns the folder, also
 * when another one found the keys. Resolves with the proofs of these keys after healing. Throws as `reconcile` does.
 */
export async function heal(deps: ReconcileDeps, keys: HealKeys): Promise<Pick<Proof, 'tables' | 'failed'>> {
  if (deps.healing === undefined) throw new RangeError('healing needs the pipeline of the folder')
  const names = new Map(deps.tables.map((table) => [tableLabel(table, deps.tables), table]))
  const tables = Object.keys(keys).map((label) => {
    const table = names.get(label)
    if (table === undefined) throw new PipelineError('usage/invalid', `no table ${label}`)
    return table
  })
  const asked = (table: Table): Asked => ({
    kind: 'keys',
    keys: new Set(keys[tableLabel(table, deps.tables)]),
  })
  const { tables: healed, failed } = await proveTables(deps, tables, asked, true)
  return { tables: healed, failed }
}

async function proveTables(
  deps: ReconcileDeps,
  tables: readonly Table[],
  asked: (table: Table) => Asked,
  isHealing: boolean,
): Promise<Proof> {
  const { onTable, onProven, healing, signal } = deps
  const session = await ProofSession.open(deps)
  try {
    const proofs: TableProof[] = []
    const failed: ProofFailure[] = []
    /* Why none of the tables that are left can be compared. */
    let lost: unknown
    for (const table of tables) {
      const label = tableLabel(table, deps.tables)
      try {
        if (lost !== undefined) throw lost
        onTable?.(table.name)
        const proof = await session.prove(table, asked(table), isHealing ? healing : undefined)
        proofs.push(proof)
        onProven?.(proof)
      } catch (error) {
        if (signal.aborted && !isOver(signal)) throw signal.reason
        failed.push(failureOf(label, error))
        if (signal.aborted) lost = new PipelineError('proof/unfinished', 'no time was left for it')
        else lost ??= await session.renewLost(error)
      }
    }
    const { lsn, asOf } = session
    const equal = failed.length === 0 && proofs.every((proof) => proof.equal)
    return { equal, lsn, asOf, tables: proofs, failed }
  } finally {
    await session.close()
  }
}

/** How a proof names what kept it from comparing a table. */
export function failureOf(table: string, thrown: unknown): ProofFailure {
  const error = storageFailure(thrown) ?? thrown
  if (error instanceof PipelineError) return { table, code: error.code, message: error.message }
  return { table, code: 'internal', message: error instanceof Error ? error.message : 'unknown' }
}

/** The tables of some contract, source or proof names. Throws `usage/invalid` for a name that none has. */
export function chosenTables(
  tables: readonly Table[],
  names: readonly string[] | undefined,
): readonly Table[] {
  if (names === undefined) return tables
  const isNamed = (table: Table, name: string) =>
    [table.name, table.source.table, tableLabel(table, tables)].includes(name)
  const unknown = names.filter((name) => !tables.some((table) => isNamed(table, name)))
  if (unknown.length > 0)
    throw new PipelineError('usage/invalid', `no table ${unknown.join(', ')} is captured`)
  return tables.filter((table) => names.some((name) => isNamed(table, name)))
}
