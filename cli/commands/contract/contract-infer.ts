import { access, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Command, Option } from 'commander'
import { inferStored } from '../../../contract-tools/infer/infer-stored.ts'
import { maskedSamples } from '../../../contract-tools/infer/masked-sample.ts'
import type { NewFile } from '../../../contract-tools/infer/scaffold.ts'
import { maxSampleRows } from '../../../contract-tools/infer/stored-rows.ts'
import { plural } from '../../../core/amount-text.ts'
import { inferTable } from '../../../core/contract/infer/infer-table.ts'
import { contractFolder } from '../../../core/contract/language/lake-table-name.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import { printContract } from '../../../core/contract/print/print-contract.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import { readSourceCatalog } from '../../../engine/postgres/catalog/source-catalog.ts'
import { closeClient, connectSource } from '../../../engine/postgres/connection/source-connection.ts'
import { databaseOf } from '../../../engine/postgres/connection/source-url.ts'
import { sampleRow } from '../../../engine/postgres/copy/sample-row.ts'
import type { Cli } from '../../terminal/cli.ts'
import { exit, type Output } from '../../terminal/output.ts'
import { parseCount } from '../../terminal/parse-options.ts'
import { contractsOption, dirOption, tablesOption } from '../../terminal/run-options.ts'
import { visible } from '../../terminal/visible-text.ts'
import { proposalJson, proposalText } from '../../view/contract/print-proposal.ts'

interface InferOptions {
  readonly from?: string
  readonly tables: readonly string[]
  readonly table?: string
  readonly dir: string
  readonly contracts?: string
  readonly rows: number
  readonly out?: string
  readonly owner?: string
  readonly force?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

interface Inferred {
  readonly table: Table
  readonly path: string
  readonly text: string
  /** Samples out of one row, personal data and all text masked; none of an empty table. */
  readonly samples: readonly NewFile[]
}

export function contractInferCommand({ output, sourceFromEnvironment }: Cli): Command {
  return new Command('infer')
    .description(
      'Generate contracts from the catalog of a source, or propose additions to a contract from the changes a run has stored (schema evolution). Personal data is guessed for review.',
    )
    .option(
      '--from <url>',
      'PostgreSQL to read, postgres://user:password@host:port/database; or raw, or quarantine',
    )
    .addOption(tablesOption())
    .option('--table <name>', 'with raw and quarantine: table, by source or lake name')
    .addOption(dirOption())
    .addOption(contractsOption())
    .addOption(
      new Option('--rows <count>', 'with raw and quarantine: number of rows to sample, newest first')
        .argParser(parseCount(maxSampleRows))
        .default(10_000),
    )
    .option('--owner <address>', 'owning team (e-mail)')
    .option(
      '--out <folder>',
      'folder to write <domain>/<table>/v1.ts and its samples to; without it, contracts are printed',
    )
    .option('--force', 'overwrite existing files')
    .option('--dry-run', 'show which files would be written')
    .option('--json', 'the contracts as a JSON array of { path, table, source, contract }')
    .addHelpText(
      'after',
      "\n  tidemark contract infer --from postgres://reader:…@db.example.com/shop --tables 'sales.*' --out schemas\n  tidemark contract infer --from raw --table sales.orders",
    )
    .action(async (options: InferOptions) => {
      const { from } = options
      if (from === 'raw' || from === 'quarantine') return fromStored(output, from, options)
      const { inferred, unfit } = await infer(options, options.from ?? sourceFromEnvironment)
      const files = inferred.flatMap(({ path, text, samples }) => [{ path, text }, ...samples])
      if (options.out !== undefined) await write(options, options.out, files)
      if (options.json === true) output.result(JSON.stringify(inferred.map(describe)))
      else if (options.out === undefined) output.result(inferred.map(({ text }) => text).join('\n'))
      else
        for (const { path } of files)
          output.progress(`${options.dryRun === true ? 'would write' : 'wrote'} ${join(options.out, path)}`)
      for (const { code, message } of unfit) output.progress(`left out: ${visible(message)} (${code})`)
      if (unfit.length > 0) process.exitCode = exit.findings
    })
}

/* A table that has no contract holds up no other. */
async function infer(
  { tables, owner }: InferOptions,
  url: string | undefined,
): Promise<{ readonly inferred: readonly Inferred[]; readonly unfit: readonly PipelineError[] }> {
  if (url === undefined)
    throw new PipelineError('usage/invalid', 'name a database: --from postgres://… or TIDEMARK_SOURCE')
  const system = databaseOf(url)
  const client = await connectSource({ url }, { applicationName: 'tidemark contract' })
  try {
    const sources = await readSourceCatalog(client, tables)
    const inferred: Inferred[] = []
    const unfit: PipelineError[] = []
    for (const source of sources) {
      const table = contractOrFailure(source, {
        system,
        guessPii: true,
        ...(owner === undefined ? {} : { owner }),
      })
      if (table instanceof PipelineError) {
        unfit.push(table)
        continue
      }
      const row = await sampleRow(client, source)
      inferred.push({
        table,
        path: `${contractFolder(table.name)}/v1.ts`,
        text: printContract(table),
        samples: row === undefined ? [] : maskedSamples(table, row),
      })
    }
    const [first] = unfit
    if (inferred.length === 0 && first !== undefined) throw first
    return { inferred, unfit }
  } finally {
    await closeClient(client)
  }
}

function contractOrFailure(...args: Parameters<typeof inferTable>): Table | PipelineError {
  try {
    return inferTable(...args)
  } catch (error) {
    if (error instanceof PipelineError) return error
    throw error
  }
}

async function fromStored(output: Output, from: 'raw' | 'quarantine', options: InferOptions): Promise<void> {
  const { dir, table, contracts: contractsFolder, owner, rows, out, json, dryRun } = options
  if (table === undefined) throw new PipelineError('usage/invalid', 'name a table: --table workforce.shifts')
  const proposal = await inferStored({ from, dir, table, schemas: contractsFolder, owner, rows })
  if (proposal.kind === 'lines' && out !== undefined)
    throw new PipelineError(
      'usage/invalid',
      `${proposal.contract} is written: add the lines to ${proposal.path}`,
    )
  if (out !== undefined && proposal.kind === 'contract') await write(options, out, proposal.files)
  if (json === true) output.result(proposalJson(proposal))
  else if (proposal.kind === 'lines' || out === undefined) output.result(proposalText(proposal))
  else
    for (const { path } of proposal.files)
      output.progress(`${dryRun === true ? 'would write' : 'wrote'} ${join(out, path)}`)
  output.progress(`${proposal.source}: ${plural(proposal.rows, 'row')} of ${from} looked at`)
}

/* All or nothing: a file that is there stops the command before the first is written. */
async function write(
  { force, dryRun }: InferOptions,
  out: string,
  files: readonly { readonly path: string; readonly text: string }[],
): Promise<void> {
  for (const { path } of files) {
    const isThere = await access(join(out, path)).then(
      () => true,
      () => false,
    )
    if (isThere && force !== true)
      throw new PipelineError('usage/invalid', `${join(out, path)} exists; --force overwrites`)
  }
  if (dryRun === true) return
  for (const { path, text } of files) {
    await mkdir(dirname(join(out, path)), { recursive: true })
    await writeFile(join(out, path), text)
  }
}

function describe({ table, path, text, samples }: Inferred) {
  return { path, table: table.name, source: table.source.table, contract: text, samples }
}
