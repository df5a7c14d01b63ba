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
  readonly schemas: string
  readonly out: string
  readonly check?: boolean
  readonly json?: boolean
}

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
    .addHelpText('after', '\n  tidemark infra export --check')
    .action(async ({ schemas, out, check, json }: ExportOptions) => {
      const tables = tablesOf(await loadContracts(schemas, process.cwd()))
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
      if (differ === 0) output.progress(`${plural(wanted.size, 'file')} in ${out} as the contracts say`)
      else if (!isWritten) process.exitCode = exit.findings
    })
}
