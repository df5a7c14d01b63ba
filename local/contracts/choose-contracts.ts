import * as z from 'zod'
import { step } from '../../core/check.ts'
import { checkTable } from '../../core/contract/check/check-table.ts'
import { inferTable } from '../../core/contract/infer/infer-table.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { type FailureCode, PipelineError } from '../../core/failures/failures.ts'
import { sourceTableName } from '../../core/source-table-name.ts'
import type { SourceTable } from '../../engine/postgres/catalog/source-catalog.ts'
import { leavingOut } from '../../engine/postgres/rules/judge-identity.ts'
import type { LeftOutTable } from '../../engine/postgres/rules/table-rules.ts'
import { readJsonFile, writeJsonFile } from '../documents/json-file.ts'
import type { RunFolder } from '../state/run-folder.ts'
import { storedEntries } from '../state/state-file.ts'

const stored = z.object({ format: z.literal(1), tables: z.array(z.custom<Table>(isTable)) })

export interface ChoiceOptions {
  /** Name of the source system in contracts. */
  readonly system: string
  /** Undefined before there is one: nothing was followed before, and nothing is kept. */
  readonly folder: Pick<RunFolder, 'contracts' | 'items'> | undefined
  /** Keeps nothing of what was inferred. */
  readonly isReadOnly?: boolean
}

/** What becomes of the source's tables. */
export interface ChosenContracts {
  readonly contracts: readonly Table[]
  /** Tables that no lake table can be made for; none of the contracts is of them. */
  readonly leftOut: readonly LeftOutTable[]
}

/**
 * The contracts of the source's tables: written ones of this system where there are any, else inferred from the
 * catalog. An inferred contract is kept in the folder and stays as it was: a column that comes later is an unknown
 * field until someone writes it down. Of two source tables that would be one lake table the one that was followed before
 * keeps the name, then one with a written contract, then one that has the name at the source; the other is left out. Throws
 * `run/contract-missing` for a table that the lake has by a written contract which is not given: inferred anew, it would
 * mask nothing.
 */
export async function chooseContracts(
  sources: readonly SourceTable[],
  written: readonly Table[],
  options: ChoiceOptions,
): Promise<ChosenContracts> {
  const { system, folder } = options
  const known = folder === undefined ? [] : await storedContracts(folder.contracts)
  const entries = folder === undefined ? [] : await storedEntries(folder)
  const inLake = new Set(entries.map(({ table }) => table.source))
  const unfit: LeftOutTable[] = []
  const candidates = sources.flatMap((source): readonly Candidate[] => {
    const name = sourceTableName(source)
    const contracts = written.filter((table) => table.source.system === system && table.source.table === name)
    const before = known.find((table) => table.source.table === name)
    const isKnown = before !== undefined || inLake.has(name)
    if (contracts.length > 0) return [{ source, contracts, isKnown, isWritten: true }]
    if (before === undefined && inLake.has(name))
      throw new PipelineError(
        'run/contract-missing',
        `${name} is in the lake by a written contract, and none is given`,
      )
    try {
      const table = before ?? inferTable(source, { system })
      return [{ source, contracts: [table], isKnown, isWritten: false }]
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error
      unfit.push(leftOut(source, error.code, error.message))
      return []
    }
  })
  const { chosen, twins } = withoutTwins(candidates)
  const inferred = chosen.flatMap(({ contracts, isWritten }) => (isWritten ? [] : contracts))
  /* What was inferred before its contract was written must not come back without it, unmasked. */
  const isWritten = ({ source }: Table) =>
    written.some((table) => table.source.system === system && table.source.table === source.table)
  const kept = [...known.filter((table) => !inferred.includes(table) && !isWritten(table)), ...inferred]
  if (folder !== undefined && (kept.length > 0 || known.length > 0) && options.isReadOnly !== true)
    await writeJsonFile(folder.contracts, { format: 1, tables: kept })
  return { contracts: chosen.flatMap(({ contracts }) => contracts), leftOut: [...unfit, ...twins] }
}

/** Contracts that were inferred, as a folder keeps them; none without its file. */
export async function storedContracts(file: string): Promise<readonly Table[]> {
  return (await readJsonFile(file, stored))?.tables ?? []
}

/** The contracts of source tables that were chosen before, without asking the source: for operations on what is stored. */
export async function knownContracts(
  sources: readonly string[],
  written: readonly Table[],
  { system, file }: { readonly system: string; readonly file: string },
): Promise<readonly Table[]> {
  const inferred = await storedContracts(file)
  return sources.flatMap((name) => {
    const contracts = written.filter((table) => table.source.system === system && table.source.table === name)
    return contracts.length > 0 ? contracts : inferred.filter((table) => table.source.table === name)
  })
}

interface Candidate {
  readonly source: SourceTable
  readonly contracts: readonly Table[]
  /** Whether the folder has followed it before. */
  readonly isKnown: boolean
  readonly isWritten: boolean
}

/* In the order of the candidates. */
function withoutTwins(candidates: readonly Candidate[]): {
  readonly chosen: readonly Candidate[]
  readonly twins: readonly LeftOutTable[]
} {
  const owners = new Map<string, Candidate>()
  const twins: LeftOutTable[] = []
  const ranked = candidates.toSorted((left, right) => rank(left) - rank(right))
  const chosen = new Set<Candidate>()
  for (const candidate of ranked) {
    const names = candidate.contracts.flatMap(claimedNames)
    const taken = names.find((name) => owners.has(name))
    const owner = owners.get(taken ?? '')
    if (owner === undefined) {
      chosen.add(candidate)
      for (const name of names) owners.set(name, candidate)
    } else
      twins.push(
        leftOut(
          candidate.source,
          'contract/invalid',
          `${sourceTableName(owner.source)} and ${sourceTableName(candidate.source)} would share the lake name ${taken}, which the first keeps`,
          'write a contract that gives it another name, or ',
        ),
      )
  }
  return { chosen: candidates.filter((candidate) => chosen.has(candidate)), twins }
}

/** What a table takes of the names of the lake: its own, and that of its history. */
export function claimedNames(table: Table): readonly string[] {
  return [table, { ...table, name: `${table.name}_history` }].map(printTableVersion)
}

function rank({ source, contracts, isKnown, isWritten }: Candidate): number {
  if (isKnown) return 0
  if (isWritten) return 1
  return contracts.some(({ name }) => name.endsWith(`.${source.name}`)) ? 2 : 3
}

function leftOut(source: SourceTable, code: FailureCode, message: string, or = ''): LeftOutTable {
  return { table: sourceTableName(source), code, message, fix: [step(`${or}${leavingOut(source)}`)] }
}

function isTable(value: unknown): value is Table {
  if (typeof value !== 'object' || value === null || !('columns' in value)) return false
  /* Written by this program; `checkTable` catches what an edit by hand breaks. */
  return checkTable(value as Table).length === 0
}
