import type { ClientBase } from 'pg'
import { type Fix, refusalText, refuseFirst, sql, step } from '../../../core/check.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import { sourceTableName } from '../../../core/source-table-name.ts'
import { findSourceTables, type SilentTable, type SourceTable } from '../catalog/source-catalog.ts'
import { readServer, readTableFacts } from '../catalog/source-facts.ts'
import { quoteTable } from '../connection/quote-identifier.ts'
import { checkSlot, type SlotCheck } from './check-slot.ts'
import { leavingOut } from './judge-identity.ts'
import { serverRules } from './source-rules.ts'
import { type LeftOutTable, sortTables, together } from './table-rules.ts'

export interface SourceCheck extends SlotCheck {
  readonly patterns?: readonly string[]
  /** Tables that are taken whatever the patterns say, where they exist and no `!` pattern leaves them out. */
  readonly also?: readonly string[]
}

export interface CheckedSource {
  /** server_version_num, as 160002. */
  readonly version: number
  /** Those that can be followed, one at least. */
  readonly tables: readonly SourceTable[]
  /** Those that were asked for as well. */
  readonly leftOut: readonly LeftOutTable[]
  readonly slotExists: boolean
}

/**
 * Everything that must hold before a source can be read, checked without changing anything. A table that cannot be followed
 * is left out, by name. Throws what holds for all, or, when no table is left, what is wrong with the first, as a `source/…` failure whose
 * message has the SQL that mends it.
 */
export async function checkSource(client: ClientBase, check: SourceCheck): Promise<CheckedSource> {
  const capturable = await checkCapturable(client, check)
  const slot = await checkSlot(client, check)
  return { ...capturable, slotExists: slot.exists }
}

/** The same without the slot, which somebody may read meanwhile. */
export async function checkCapturable(
  client: ClientBase,
  { patterns, also }: Pick<SourceCheck, 'patterns' | 'also'>,
): Promise<Omit<CheckedSource, 'slotExists'>> {
  const server = await readServer(client)
  refuseFirst(serverRules, server)
  const { tables: found, silent, missing } = await findSourceTables(client, patterns, also)
  const facts = await readTableFacts(client, { server, tables: found, reader: 'tidemark' })
  const sorted = sortTables(facts)
  const leftOut = [...sorted.leftOut, ...missing.map(notThere), ...silent.map(notInLog)]
  refuseNone(sorted.tables, leftOut)
  return { version: server.version, tables: sorted.tables, leftOut }
}

/** Throws why the first was left out, with what mends all of them, when no table is left to follow. */
export function refuseNone(tables: readonly SourceTable[], leftOut: readonly LeftOutTable[]): void {
  const unfit = tables.length === 0 ? together(leftOut) : undefined
  if (unfit !== undefined) throw new PipelineError(unfit.code, refusalText(unfit))
}

function notInLog(silent: SilentTable): LeftOutTable {
  const table = sourceTableName(silent)
  const isForeign = silent.why === 'foreign'
  return {
    table,
    code: 'source/not-logged',
    message: `${table} is ${isForeign ? 'a foreign table' : 'unlogged'}: the log has nothing of its rows`,
    fix: [silentFix(silent)],
  }
}

/** What mends that the log has nothing of a table. */
export function silentFix(silent: SilentTable): Fix {
  return silent.why === 'foreign'
    ? step(`read ${sourceTableName(silent)} at its own server, and ${leavingOut(silent)}`)
    : sql(`ALTER TABLE ${quoteTable(silent)} SET LOGGED;`)
}

function notThere(table: string): LeftOutTable {
  return {
    table,
    code: 'source/no-tables',
    message: `the source has no table ${table}`,
    fix: [step('make the table, or leave its name out of --tables')],
  }
}
