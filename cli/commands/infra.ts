import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { infraFiles } from '../../ingest/infra-files.ts'
import { contractsFolderOption, plural } from '../contracts/command-options.ts'
import { jsonLayout } from '../contracts/json-layout.ts'
import { loadContracts, tablesOf } from '../contracts/load-contracts.ts'
import type { Cli } from '../main.ts'
import { exit } from '../output.ts'

interface ExportOptions {
  readonly schemas: string
  readonly out: string
  readonly check?: boolean
  readonly json?: boolean
}

const isMapping = /\.(cdc|load)\.json$/

/** `infra export`: what Terraform reads of the contracts. */
export function infraCommand(cli: Cli): Command {
  return new Command('infra')
    .description('The infrastructure, out of the contracts.')
    .addCommand(exportCommand(cli))
}

function exportCommand({ output }: Cli): Command {
  return new Command('export')
    .description('Write the JSON that Terraform reads: table mappings, task settings, databases, tables.')
    .addOption(contractsFolderOption())
    .option(
      '--out <folder>',
      'where; mappings there that no contract is behind are removed',
      'infra/generated',
    )
    .option('--check', 'write nothing; exit code 1 when a file is not what the contracts say')
    .option('--json', 'the files that changed as one JSON object')
    .action(async ({ schemas, out, check, json }: ExportOptions) => {
      const wanted = new Map(
        infraFiles(tablesOf(await loadContracts(schemas, process.cwd()))).map(({ path, content }) => [
          path,
          `${jsonLayout(content)}\n`,
        ]),
      )
      const known = await textsOf(out, wanted.keys())
      const changed = [...wanted].filter(([path, text]) => known.get(path) !== text).map(([path]) => path)
      const gone = [...known.keys()].filter((path) => !wanted.has(path))
      const isWritten = check !== true
      for (const path of isWritten ? changed : []) {
        await mkdir(dirname(join(out, path)), { recursive: true })
        await writeFile(join(out, path), wanted.get(path) ?? '')
      }
      for (const path of isWritten ? gone : []) await rm(join(out, path), { force: true })
      if (json === true) output.result(JSON.stringify({ written: isWritten, changed, gone }))
      for (const path of changed) output.progress(`${isWritten ? 'written' : 'stale'} ${join(out, path)}`)
      for (const path of gone) output.progress(`${isWritten ? 'removed' : 'not wanted'} ${join(out, path)}`)
      const differ = changed.length + gone.length
      if (differ === 0) output.progress(`${plural(wanted.size, 'file')} in ${out} as the contracts say`)
      else if (!isWritten) process.exitCode = exit.findings
    })
}

/* Texts by path from the folder: of the files that are wanted, and of mappings that no contract is behind any more. */
async function textsOf(folder: string, wanted: Iterable<string>): Promise<ReadonlyMap<string, string>> {
  const mappings = (await orNothing(readdir(join(folder, 'mappings')))) ?? []
  const paths = [
    ...wanted,
    ...mappings.filter((name) => isMapping.test(name)).map((name) => `mappings/${name}`),
  ]
  const texts = new Map<string, string>()
  for (const path of new Set(paths)) {
    const text = await orNothing(readFile(join(folder, path), 'utf8'))
    if (text !== undefined) texts.set(path, text)
  }
  return texts
}

function orNothing<T>(reading: Promise<T>): Promise<T | undefined> {
  return reading.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}
