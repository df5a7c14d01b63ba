import { access, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { inferTable } from '../../core/contract/infer-table.ts'
import { printContract } from '../../core/contract/print-contract.ts'
import type { Table } from '../../core/contract/table.ts'
import { PipelineError } from '../../core/failures.ts'
import { readSourceCatalog } from '../../local/replicator/source-catalog.ts'
import { closeClient, connectSource } from '../../local/replicator/source-connection.ts'
import type { Cli } from '../main.ts'
import { tablesOption } from '../shared-options.ts'
import { systemOf } from '../source-settings.ts'

interface InferOptions {
  readonly from?: string
  readonly tables: readonly string[]
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
}

export function contractInferCommand({ output, sourceFromEnvironment }: Cli): Command {
  return new Command('infer')
    .description(
      'Write contracts for the tables of a source as its catalog describes them, personal data guessed for review.',
    )
    .option('--from <url>', 'PostgreSQL to read: postgres://user:password@host:port/database')
    .addOption(tablesOption())
    .option('--owner <address>', 'who answers for the tables')
    .option('--out <folder>', 'write <domain>/<table>/v1.ts below it; without it the contracts are printed')
    .option('--force', 'overwrite files that are there')
    .option('--dry-run', 'say which files would be written')
    .option('--json', 'the contracts as a JSON array of { path, table, source, contract }')
    .action(async (options: InferOptions) => {
      const inferred = await infer(options, options.from ?? sourceFromEnvironment)
      if (options.out !== undefined) await write(options, options.out, inferred)
      if (options.json === true) output.result(JSON.stringify(inferred.map(describe)))
      else if (options.out === undefined) output.result(inferred.map(({ text }) => text).join('\n'))
      else
        for (const { path } of inferred)
          output.progress(`${options.dryRun === true ? 'would write' : 'wrote'} ${join(options.out, path)}`)
    })
}

async function infer({ tables, owner }: InferOptions, url: string | undefined): Promise<readonly Inferred[]> {
  if (url === undefined)
    throw new PipelineError('usage/invalid', 'which database? --from postgres://… or TIDEMARK_SOURCE')
  const system = systemOf(url)
  const client = await connectSource({ url }, { applicationName: 'tidemark contract' })
  try {
    const sources = await readSourceCatalog(client, tables)
    return sources.map((source) => {
      const table = inferTable(source, { system, guessPii: true, ...(owner === undefined ? {} : { owner }) })
      return { table, path: `${table.name.replace('.', '/')}/v1.ts`, text: printContract(table) }
    })
  } finally {
    await closeClient(client)
  }
}

/* All or nothing: a file that is there stops the command before the first is written. */
async function write(
  { force, dryRun }: InferOptions,
  out: string,
  inferred: readonly Inferred[],
): Promise<void> {
  for (const { path } of inferred) {
    const isThere = await access(join(out, path)).then(
      () => true,
      () => false,
    )
    if (isThere && force !== true)
      throw new PipelineError('usage/invalid', `${join(out, path)} exists; --force overwrites`)
  }
  if (dryRun === true) return
  for (const { path, text } of inferred) {
    await mkdir(dirname(join(out, path)), { recursive: true })
    await writeFile(join(out, path), text)
  }
}

function describe({ table, path, text }: Inferred) {
  return { path, table: table.name, source: table.source.table, contract: text }
}
