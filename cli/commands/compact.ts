import { Command } from 'commander'
import { bytesText, count } from '../../core/amount-text.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { CompactionPlan, CompactionResult } from '../../core/operations/answers.ts'
import { runOperation } from '../run/run-operation.ts'
import type { Cli } from '../terminal/cli.ts'
import { alignedTable, exit, printError } from '../terminal/output.ts'
import { parseCount } from '../terminal/parse-options.ts'
import { contractsOption, dirOption, durationOption } from '../terminal/run-options.ts'

interface Options {
  readonly dir: string
  readonly contracts?: string
  readonly table?: string
  readonly grace: number
  readonly keepHistory?: number
  readonly fileSize: number
  readonly memory?: number
  readonly rebuild?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

const MB = 1 << 20

export function compactCommand(cli: Cli): Command {
  return new Command('compact')
    .description(
      'Merge change history into the base table and merge small files. A running pipeline does this automatically.',
    )
    .addOption(dirOption())
    .addOption(contractsOption())
    .option('--table <name>', 'one table, by lake name')
    .addOption(
      durationOption(
        '--grace <duration>',
        'how long superseded files are kept for queries already running',
        600_000,
        '10m',
      ),
    )
    .option(
      '--keep-history <days>',
      'retention of history: drop older ingest days that are already merged into base',
      parseCount(36_500),
    )
    .option('--file-size <MB>', 'target size of base files', parseCount(4_096), 256)
    .option(
      '--memory <MB>',
      'memory limit of DuckDB, which may exceed it by a fifth (default: 512, more for a table of over 800 columns)',
      parseCount(1_048_576),
    )
    .option('--rebuild', 'rebuild base from full history, ignoring the existing base files')
    .option('--dry-run', 'show what would be rewritten, change nothing')
    .option('--json', 'the outcome as one JSON object')
    .addHelpText(
      'after',
      '\nA base with a missing file is rebuilt automatically.\n\n  tidemark compact --dry-run\n  tidemark compact --table sales.orders --keep-history 90',
    )
    .action(async (options: Options) => {
      const { json = false } = options
      const outcome = await runOperation(cli, options, requestOf(options))
      if (json) cli.output.result(JSON.stringify(outcome))
      else cli.output.result(outcome.isDryRun ? plansText(outcome.plans) : resultsText(outcome.results))
      if (!json)
        for (const { table: name, code, message } of outcome.failed)
          printError(
            cli.output,
            code === 'internal'
              ? new Error(`${name}: ${message}`)
              : new PipelineError(code, `${name}: ${message}`),
            false,
          )
      const isCut = !outcome.isDryRun && outcome.results.some(({ state }) => state === 'interrupted')
      process.exitCode = outcome.failed.length > 0 ? exit.failed : isCut ? exit.findings : exit.fine
    })
}

function requestOf({ table, grace, keepHistory, fileSize, memory, rebuild, dryRun }: Options) {
  return {
    kind: 'compact' as const,
    isDryRun: dryRun ?? false,
    isRebuild: rebuild ?? false,
    graceMs: grace,
    fileBytes: fileSize * MB,
    ...(table === undefined ? {} : { table }),
    ...(memory === undefined ? {} : { memoryMb: memory }),
    ...(keepHistory === undefined ? {} : { keepHistoryDays: keepHistory }),
  }
}

function plansText(plans: readonly CompactionPlan[]): string {
  const rows = plans.map((plan) => [
    printTableVersion({ name: plan.table, version: plan.version }),
    count(plan.freshFiles),
    bytesText(plan.freshBytes),
    count(plan.touchedKeys),
    count(plan.partsToWrite),
    count(plan.partsToCarry),
    bytesText(plan.bytesToWrite),
    plan.writeAmplification === null ? '-' : `${plan.writeAmplification.toFixed(1)} x`,
    count(plan.filesToMerge),
  ])
  const head = ['table', 'new files', 'new', 'keys', 'rewrite', 'carry', 'to write', 'amplification', 'merge']
  return alignedTable(head, rows)
}

function resultsText(results: readonly CompactionResult[]): string {
  const rows = results.map((result) => [
    printTableVersion({ name: result.table, version: result.version }),
    result.state,
    result.build === null ? '-' : String(result.build),
    count(result.touched),
    count(result.rows),
    count(result.partsWritten),
    count(result.partsCarried),
    bytesText(result.bytesWritten),
    count(result.mergedFiles),
  ])
  const head = ['table', 'state', 'build', 'keys', 'rows', 'rewritten', 'carried', 'written', 'merged']
  return alignedTable(head, rows)
}
