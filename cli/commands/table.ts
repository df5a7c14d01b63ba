import { Command } from 'commander'
import { chosenContracts } from '../../contract-tools/load/chosen-contracts.ts'
import { loadState } from '../../core/load/load.ts'
import type { TablesAdded } from '../../core/operations/answers.ts'
import { stackOption } from '../../stack/stack.ts'
import { watchLoad } from '../run/watch-load.ts'
import type { Cli } from '../terminal/cli.ts'
import { exit, type Output } from '../terminal/output.ts'
import { contractsOption, dirOption } from '../terminal/run-options.ts'
import { leftOutText } from '../view/left-out-text.ts'
import { loadText } from '../view/load-view.ts'
import { tablesAddedText } from '../view/table-view.ts'

interface Options {
  readonly dir: string
  readonly stack?: string | readonly string[]
  readonly generated: string
  readonly sourceProfile?: string
  readonly contracts?: string
  readonly source?: string
  readonly load: boolean
  readonly wait?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function tableCommand(cli: Cli): Command {
  return new Command('table')
    .description('Manage the tables that the pipeline captures.')
    .addCommand(addCommand(cli))
}

function addCommand(cli: Cli): Command {
  const { output } = cli
  return new Command('add')
    .description('Add tables to a running pipeline and backfill them. The replication slot is kept.')
    .argument('<table...>', 'contract names, or source tables as schema.table')
    .addOption(dirOption())
    .addOption(stackOption())
    .addOption(contractsOption())
    .option(
      '--source <url>',
      'if no run is active: check the tables on this server and add them at the next start; with --stack: also check tables and slot',
    )
    .option('--source-profile <profile>', 'with --stack: AWS profile of the production account')
    .option(
      '--generated <folder>',
      'with --stack: folder of the generated Terraform inputs',
      'infra/generated',
    )
    .option('--no-load', 'no backfill: capture only changes from now on')
    .option('--wait', 'wait for the load to finish and show its progress')
    .option('--dry-run', 'run all checks and show the steps, change nothing')
    .option('--json', 'the result as one JSON object')
    .addHelpText(
      'after',
      '\n  tidemark table add sales.items --contracts schemas --wait\n  tidemark table add sales.items --stack data.json source.json --source-profile production --dry-run',
    )
    .action(async (names: readonly string[], options: Options) => {
      const { stack, source = cli.sourceFromEnvironment, ...rest } = options
      if (stack !== undefined)
        return (await import('./stack/table-stack.ts')).addOnStack(
          names,
          { ...rest, stack, ...(source === undefined ? {} : { source }) },
          output,
        )
      const added = await requested(names, options, cli)
      const { dir, json = false, wait = false } = options
      if (!json) output.result(tablesAddedText(added, { isLoaded: options.load }))
      if (!json) for (const line of leftOutText(added.leftOut, output)) output.result(line)
      if (added.leftOut.length > 0) process.exitCode = exit.findings
      if (added.load === null) {
        if (json) output.result(JSON.stringify(added))
        return
      }
      if (!wait) {
        if (json) output.result(JSON.stringify(added))
        output.progress(`watch its load: tidemark load watch ${added.load}`)
        return
      }
      const load = await watchLoad(dir, added.load, output)
      output.result(json ? JSON.stringify({ ...added, load }) : loadText(load, output, Date.now()))
      if (loadState(load) !== 'complete') process.exitCode = exit.findings
    })
}

async function requested(
  names: readonly string[],
  { dir, contracts: contractsFolder, source, load, dryRun = false, json = false }: Options,
  { output, sourceFromEnvironment }: Cli,
): Promise<TablesAdded> {
  const { requestTableAdd } = await import('../../local/run/tables/request-table-add.ts')
  const url = source ?? sourceFromEnvironment
  const stop = new AbortController()
  const onInterrupt = () => stop.abort()
  process.once('SIGINT', onInterrupt)
  try {
    return await requestTableAdd({
      dir,
      names,
      isLoaded: load,
      isDryRun: dryRun,
      written: await chosenContracts(contractsFolder),
      source: url === undefined ? undefined : { url },
      signal: stop.signal,
      onProgress: (progress) => (json ? undefined : sayStep(progress, output)),
    })
  } finally {
    process.removeListener('SIGINT', onInterrupt)
  }
}

const STEPS: Readonly<Record<string, string>> = {
  checked: 'the tables can be captured',
  recorded: 'noted: a start from now on finishes it',
  registered: 'the catalog has them',
  waiting: 'a transaction holds a table: all others flow, and it is tried again',
  published: 'in the publication, while nothing was read',
  reading: 'reading on from where the slot was left',
  loading: 'their load has begun',
}

function sayStep(progress: unknown, output: Output): void {
  const step = typeof progress === 'object' && progress !== null && 'step' in progress ? progress.step : ''
  const text = STEPS[String(step)]
  if (text !== undefined) output.progress(`✔ ${text}`)
}
