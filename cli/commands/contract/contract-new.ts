import { access, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { type NewFile, nextVersion, scaffold } from '../../../contract-tools/infer/scaffold.ts'
import { indexText } from '../../../contract-tools/load/index-file.ts'
import {
  type ContractsFolder,
  loadContracts,
  shownPath,
} from '../../../contract-tools/load/load-contracts.ts'
import { readSamples } from '../../../contract-tools/load/sample-files.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { Cli } from '../../terminal/cli.ts'
import { contractsFolderOption } from '../../terminal/command-options.ts'

interface NewOptions {
  readonly contracts: string
  readonly key: readonly string[]
  readonly owner?: string
  readonly source?: string
  readonly next?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

/** `contract new`: files that load and pass, to be filled in. It asks nothing and overwrites nothing. */
export function contractNewCommand({ output }: Cli): Command {
  return new Command('new')
    .description('Create a contract with a passing and a failing sample, or the next version of a contract.')
    .argument('<table>', 'table name in the lake, domain.table')
    .addOption(contractsFolderOption())
    .option('--key <column...>', 'primary key columns', ['id'])
    .option('--owner <address>', 'owning team (e-mail)')
    .option('--source <system:table>', 'source system and table, such as shop-postgres:public.orders')
    .option('--next', 'copy the newest version and its samples to the next version number')
    .option('--dry-run', 'show which files would be written')
    .option('--json', 'the files as one JSON array of { path, text }')
    .addHelpText(
      'after',
      '\n  tidemark contract new sales.orders --key order_id --source shop-postgres:public.orders\n  tidemark contract new sales.orders --next',
    )
    .action(async (table: string, options: NewOptions) => {
      const from = process.cwd()
      if (options.dryRun !== true) await mkdir(options.contracts, { recursive: true })
      const folder = await loadContracts(options.contracts, from)
      const files = await newFiles(folder, table, options, from)
      await refuseExisting(folder, files, from)
      if (options.dryRun !== true) await write(folder, files, options.contracts, from)
      const verb = options.dryRun === true ? 'would write' : 'wrote'
      for (const { path } of files) output.progress(`${verb} ${shownPath(join(folder.root, path), from)}`)
      if (options.json === true) output.result(JSON.stringify(files))
      else output.progress('next: npx tidemark contract check')
    })
}

async function newFiles(
  folder: ContractsFolder,
  name: string,
  { key, owner, source, next }: NewOptions,
  from: string,
): Promise<readonly NewFile[]> {
  const versions = folder.files.filter((file) => file.name === name)
  const newest = versions.toSorted((left, right) => left.version - right.version).at(-1)
  if (next !== true && newest !== undefined)
    throw new PipelineError(
      'usage/invalid',
      `${newest.shown} is there; --next writes version ${newest.version + 1}`,
    )
  if (next !== true) return scaffold(name, { key, owner, source })
  if (newest === undefined)
    throw new PipelineError('usage/invalid', `${folder.shown} has no contract of ${name}`)
  return nextVersion(newest, await readSamples(folder, newest, from))
}

async function refuseExisting(
  { root }: ContractsFolder,
  files: readonly NewFile[],
  from: string,
): Promise<void> {
  for (const { path } of files)
    if (await isThere(join(root, path)))
      throw new PipelineError('usage/invalid', `${shownPath(join(root, path), from)} is there already`)
}

async function write(
  { root }: ContractsFolder,
  files: readonly NewFile[],
  contractsFolder: string,
  from: string,
): Promise<void> {
  for (const { path, text } of files) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text, { flag: 'wx' })
  }
  const index = join(root, 'index.ts')
  if (await isThere(index)) await writeFile(index, indexText(await loadContracts(contractsFolder, from)))
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
