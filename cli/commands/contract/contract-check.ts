import { Command } from 'commander'
import { checkContracts } from '../../../contract-tools/check/check-contracts.ts'
import { plural } from '../../../core/amount-text.ts'
import type { Cli } from '../../terminal/cli.ts'
import {
  contractsFolderOption,
  elapsed,
  type FindingsFormat,
  formatOf,
  formatOption,
} from '../../terminal/command-options.ts'
import { exit, paint } from '../../terminal/output.ts'
import { findingsGithub, findingsText } from '../../view/contract/print-findings.ts'

interface CheckOptions {
  readonly contracts: string
  readonly format: FindingsFormat
  readonly json?: boolean
}

/** `contract check`: what a reviewer would find in the contracts, before one looks. */
export function contractCheckCommand({ output }: Cli): Command {
  return new Command('check')
    .description('Lint the contracts. Exit code 1 if there are findings.')
    .addOption(contractsFolderOption())
    .addOption(formatOption())
    .option('--json', 'the findings as one JSON object')
    .addHelpText('after', '\n  tidemark contract check --contracts schemas')
    .action(async (options: CheckOptions) => {
      const { findings, versions, samples } = await checkContracts(options.contracts, process.cwd())
      const format = formatOf(options)
      if (format === 'json') output.result(JSON.stringify({ findings, versions, samples }))
      else if (findings.length > 0)
        output.result(format === 'github' ? findingsGithub(findings) : findingsText(findings))
      const counts = `${plural(versions, 'contract')}, ${plural(samples, 'sample')}, ${elapsed()}`
      if (findings.length === 0) output.progress(`${paint(output, 'green', '✔')} nothing found. ${counts}`)
      else output.progress(`${paint(output, 'red', '✘')} ${plural(findings.length, 'finding')}. ${counts}`)
      process.exitCode = findings.length === 0 ? exit.fine : exit.findings
    })
}
