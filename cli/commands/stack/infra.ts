import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { compareInfra } from '../../../contract-tools/check/compare-infra.ts'
import { loadContracts, tablesOf } from '../../../contract-tools/load/load-contracts.ts'
import { plural } from '../../../core/amount-text.ts'
import type { Cli } from '../../terminal/cli.ts'
import { contractsFolderOption } from '../../terminal/command-options.ts'
import { exit } from '../../terminal/output.ts'

interface ExportOptions {
  readonly contracts: string
  readonly out: string
  readonly check?: boolean
  readonly json?: boolean
}

/** `infra export`: what Terraform reads of the contracts. */
export function infraCommand(cli: Cli): Command {
  return new Command('infra')
    .description('Generate Terraform inputs from the contracts.')
    .addCommand(exportCommand(cli))
}

function exportCommand({ output }: Cli): Command {
  return new Command('export')
    .description(
      'Write the JSON files that Terraform reads: table mappings, task settings, databases, tables.',
    )
    .addOption(contractsFolderOption())
    .option(
      '--out <folder>',
      'output folder; mappings without a contract are removed from it',
      'infra/generated',
    )
    .option('--check', 'write nothing; exit code 1 if a file does not match the contracts')
    .option('--json', 'the changed files as one JSON object')
    .addHelpText('after', '\n  tidemark infra export --check')
    .action(async ({ contracts: contractsFolder, out, check, json }: ExportOptions) => {
      const tables = tablesOf(await loadContracts(contractsFolder, process.cwd()))
      const { wanted, changed, gone } = await compareInfra(tables, out)
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
      if (differ === 0) output.progress(`${plural(wanted.size, 'file')} in ${out} match the contracts`)
      else if (!isWritten) process.exitCode = exit.findings
    })
}
