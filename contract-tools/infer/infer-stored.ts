import { resolve } from 'node:path'
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff'
import {
  guessKey,
  lackingColumns,
  type ObservedFields,
  tableFromFields,
} from '../../core/contract/infer/propose-columns.ts'
import { contractFolder } from '../../core/contract/language/lake-table-name.ts'
import type { Columns, Table } from '../../core/contract/language/table.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { printContract } from '../../core/contract/print/print-contract.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { knownContracts } from '../../local/contracts/choose-contracts.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import type { RunStateData } from '../../local/state/run-state.ts'
import { storedRun } from '../../local/state/state-file.ts'
import { type ContractFile, loadContracts, tablesOf } from '../load/load-contracts.ts'
import { maskedSamples } from './masked-sample.ts'
import { type Misfit, MisfitCount } from './misfits.ts'
import type { NewFile } from './scaffold.ts'
import { maxSampleRows, quarantinedRows, type Refused, rawRows, type StoredRows } from './stored-rows.ts'

export interface StoredOptions {
  readonly from: 'raw' | 'quarantine'
  /** Folder of the run. */
  readonly dir: string
  /** Source or lake name. */
  readonly table: string
  readonly schemas: string | undefined
  readonly owner: string | undefined
  /** Rows to look at, the newest of raw first, those of a load last. */
  readonly rows: number
}

/** A contract that lacks columns or refuses values, or none yet and so a whole one. */
export type StoredProposal =
  | {
      readonly kind: 'lines'
      readonly source: string
      readonly rows: number
      readonly contract: string
      readonly path: string
      /** Lines to add, as in the file; empty when nothing lacks. */
      readonly lines: readonly string[]
      readonly diff: string | undefined
      readonly misfits: readonly Misfit[]
    }
  | {
      readonly kind: 'contract'
      readonly source: string
      readonly rows: number
      readonly table: Table
      /** The contract and its samples. */
      readonly files: readonly NewFile[]
    }

/** Proposes what a contract should say from what a run folder has stored. Throws `run/not-found` and `usage/invalid`. */
export async function inferStored(options: StoredOptions): Promise<StoredProposal> {
  const folder = runFolder(options.dir)
  const state = await storedRun(folder)
  if (state === undefined) throw new PipelineError('run/not-found', `no run in ${options.dir}`)
  const schemas = options.schemas ?? resolve(import.meta.dirname, '../../schemas')
  const contracts = await loadContracts(schemas, process.cwd())
  /* A file that does not load may be the contract of this table: better no proposal than a second contract. */
  tablesOf(contracts)
  const file = newestOf(contracts.files, options.table, state)
  const contract = file === undefined ? undefined : tableOf(file)
  const source = contract?.source.table ?? options.table
  const counted = contract === undefined ? undefined : new MisfitCount(contract)
  const stored = await read(options, source, (refused) => counted?.add(refused))
  const { rows } = stored.rows
  if (rows === 0) throw new PipelineError('usage/invalid', `${options.from} has no row of ${source}`)
  if (file === undefined || contract === undefined)
    return { kind: 'contract', source, rows, ...(await wholeContract(options, state, source, stored)) }
  const lines = columnLinesOf(contract, stored.rows.observed())
  const diff = lines.length === 0 ? undefined : addedLines(file.shown, file.text, lines)
  const misfits = counted?.misfits() ?? []
  const name = printTableVersion(contract)
  return { kind: 'lines', source, rows, contract: name, path: file.shown, lines, diff, misfits }
}

function read(
  { from, dir, rows }: StoredOptions,
  source: string,
  each: (refused: Refused) => void,
): Promise<StoredRows> {
  const limit = Math.min(rows, maxSampleRows)
  return from === 'raw'
    ? rawRows(runFolder(dir), source, limit)
    : quarantinedRows(runFolder(dir), source, limit, each)
}

/* A table without a written contract is formatted with one that was inferred from its catalog, which knows the key. */
async function wholeContract(
  { dir, owner }: StoredOptions,
  state: RunStateData,
  source: string,
  { rows, inDeletes, example }: StoredRows,
): Promise<{ readonly table: Table; readonly files: readonly NewFile[] }> {
  const system = state.source.name
  const [known] = await knownContracts([source], [], { system, file: runFolder(dir).contracts })
  const fields = rows.observed()
  const key =
    known?.primaryKey.map((name) => known.columns[name]?.from ?? name) ?? guessKey(fields, source, inDeletes)
  const table = tableFromFields(fields, { system, source, key, ...(owner === undefined ? {} : { owner }) })
  const printed = printContract(table)
  const review = '  // review: the key is a guess, changes do not say it\n  primaryKey:'
  const text = known === undefined ? printed.replace('  primaryKey:', () => review) : printed
  const path = `${contractFolder(table.name)}/v1.ts`
  return {
    table,
    files: [{ path, text }, ...(example === undefined ? [] : maskedSamples(table, example.data))],
  }
}

function newestOf(
  files: readonly ContractFile[],
  wanted: string,
  state: RunStateData,
): ContractFile | undefined {
  return files
    .filter((file) => {
      const { name, source } = tableOf(file)
      return source.system === state.source.name && (source.table === wanted || name === wanted)
    })
    .toSorted((left, right) => right.version - left.version)[0]
}

function tableOf({ shown, loaded }: ContractFile): Table {
  if (loaded.kind === 'table') return loaded.table
  throw new PipelineError('contract/invalid', `${shown} has no table`, { cause: loaded.error })
}

function columnLinesOf(contract: Table, fields: ObservedFields): readonly string[] {
  const columns = lackingColumns(fields, contract)
  return Object.keys(columns).length === 0 ? [] : columnLines(contract, columns)
}

/* The lines of a contract file that say `columns`, indented as in the file. */
function columnLines(table: Table, columns: Columns): readonly string[] {
  const lines = printContract({ ...table, checks: undefined, columns }).split('\n')
  const { start, end } = columnsIn(lines)
  return lines.slice(start, end)
}

/* A unified diff that adds lines after the last column of a contract file; undefined when the file has its columns somewhere else. */
function addedLines(path: string, text: string, added: readonly string[]): string | undefined {
  const lines = text.split('\n')
  const { start, end } = columnsIn(lines)
  if (start === 0 || end < 0) return undefined
  const edited = lines.toSpliced(end, 0, ...added).join('\n')
  const files = [`a/${path}`, `b/${path}`, text, edited, undefined, undefined] as const
  return createTwoFilesPatch(...files, { context: 2, headerOptions: FILE_HEADERS_ONLY }).trimEnd()
}

function columnsIn(lines: readonly string[]): { readonly start: number; readonly end: number } {
  const start = lines.indexOf('  columns: {') + 1
  return { start, end: lines.indexOf('  },', start) }
}
