import { Command } from 'commander'
import { isValid, testContracts } from '../../../contract-tools/check/test-contracts.ts'
import { loadContracts } from '../../../contract-tools/load/load-contracts.ts'
import { plural } from '../../../core/amount-text.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { Cli } from '../../terminal/cli.ts'
import {
  contractsFolderOption,
  elapsed,
  type FindingsFormat,
  formatOf,
  formatOption,
} from '../../terminal/command-options.ts'
import { exit, paint } from '../../terminal/output.ts'
import { resultsGithub, resultsJson, resultsText } from '../../view/contract/print-results.ts'

interface TestOptions {
  readonly contracts: string
  readonly table?: readonly string[]
  readonly format: FindingsFormat
  readonly json?: boolean
}

/** `contract test`: formats every sample with its contract, as the pipeline would. */
export function contractTestCommand({ output }: Cli): Command {
  return new Command('test')
    .description('Run the samples of the contracts as tests. Exit code 1 if one fails.')
    .addOption(contractsFolderOption())
    .option('--table <name...>', 'only these tables, as domain.table')
    .addOption(formatOption())
    .option('--json', 'the results as one JSON object')
    .addHelpText('after', '\n  tidemark contract test --table sales.orders')
    .action(async (options: TestOptions) => {
      const from = process.cwd()
      const folder = await loadContracts(options.contracts, from)
      const wanted = options.table
      const unknown = wanted?.find((name) => !folder.files.some((file) => file.name === name))
      if (unknown !== undefined)
        throw new PipelineError('usage/invalid', `${options.contracts} has no contract of ${unknown}`)
      const results = await testContracts(folder, (name) => wanted?.includes(name) ?? true, from)
      const failed = results.filter((result) => !isValid(result))
      const format = formatOf(options)
      if (format === 'json') output.result(resultsJson(results))
      else output.result(format === 'github' ? resultsGithub(failed) : resultsText(results))
      const time = elapsed()
      const count = plural(results.length, 'sample')
      if (failed.length === 0) output.progress(`${paint(output, 'green', '✔')} valid. ${count}, ${time}`)
      else output.progress(`${paint(output, 'red', '✘')} ${failed.length} of ${count} differ, ${time}`)
      process.exitCode = failed.length === 0 ? exit.fine : exit.findings
    })
}
