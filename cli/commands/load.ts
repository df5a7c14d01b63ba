import { Command } from 'commander'
import { count } from '../../core/amount-text.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { type Load, loadState } from '../../core/load/load.ts'
import { stackOption } from '../../stack/stack.ts'
import { runOperation } from '../run/run-operation.ts'
import { findLoad, readLoads, watchLoad } from '../run/watch-load.ts'
import type { Cli } from '../terminal/cli.ts'
import { alignedTable, exit } from '../terminal/output.ts'
import { contractsOption, dirOption } from '../terminal/run-options.ts'
import { activityText, loadText, planText } from '../view/load-view.ts'
import { actOnStack, loadsOfStack, startOnStack, watchOnStack } from './stack/load-stack.ts'

interface Options {
  readonly dir: string
  readonly contracts?: string
  readonly tables?: readonly string[]
  readonly window?: string
  readonly wait?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
  readonly stack?: string | readonly string[]
  readonly source?: string
}

export function loadCommand(cli: Cli): Command {
  return new Command('load')
    .description(
      'Full loads (initial load, backfill, reload) of whole tables, at any time, while changes keep flowing.',
    )
    .addCommand(startCommand(cli))
    .addCommand(statusCommand(cli))
    .addCommand(watchCommand(cli))
    .addCommand(resumeCommand(cli))
    .addCommand(cancelCommand(cli))
}

function startCommand(cli: Cli): Command {
  const { output } = cli
  return new Command('start')
    .description(
      'Reload whole tables from the source. Rows deleted while replication was down are removed; changes made during the load take precedence.',
    )
    .requiredOption('--tables <name...>', 'source tables as schema.table')
    .addOption(dirOption())
    .addOption(stackOption())
    .addOption(contractsOption())
    .option('--source <url>', 'with --stack: show how busy this PostgreSQL is before the load starts')
    .option('--window <from-to>', 'start reading a table only between these local times, such as 12:00-14:00')
    .option('--wait', 'wait for the load to finish and show its progress')
    .option('--dry-run', 'show what would be read and how busy the source is, change nothing')
    .option('--json', 'the load as one JSON object')
    .addHelpText(
      'after',
      '\n  tidemark load start --tables sales.orders --wait\n  tidemark load start --tables sales.orders --window 01:00-05:00 --dry-run',
    )
    .action(async (options: Options) => {
      const { tables = [], window, dryRun = false, json = false, wait = false, dir, stack } = options
      if (stack !== undefined) return startOnStack({ ...options, stack }, output)
      const request = { tables: [...tables], isDryRun: dryRun, ...(window === undefined ? {} : { window }) }
      const started = await runOperation(cli, options, { kind: 'load-start', ...request })
      if (!json) output.progress(activityText(started.activity))
      const load =
        wait && started.load !== null ? await watchLoad(dir, started.load.id, output) : started.load
      if (json) output.result(JSON.stringify({ ...started, load }))
      else if (load === null) output.result(planText(started.plan))
      else output.result(loadText(load, output, Date.now()))
      if (!wait && load !== null) output.progress(`watch it: tidemark load watch ${load.id}`)
      if (wait && load !== null) setExit(load)
    })
}

function statusCommand({ output }: Cli): Command {
  return new Command('status')
    .description('List all full loads, or show one.')
    .argument('[load]', 'load ID')
    .addOption(dirOption())
    .addOption(stackOption())
    .option('--json', 'as JSON')
    .addHelpText('after', '\n  tidemark load status\n  tidemark load status --stack data.json --json')
    .action(async (id: string | undefined, { dir, json, stack }: Options) => {
      const loads = stack === undefined ? await readLoads(dir) : await loadsOfStack(stack)
      const shown = id === undefined ? loads : [findLoad(loads, id)]
      if (json === true) return output.result(JSON.stringify(id === undefined ? shown : shown[0]))
      if (shown.length === 0) return output.result('no loads')
      if (id === undefined && shown.length > 1) return output.result(listText(shown))
      for (const load of shown) output.result(loadText(load, output, Date.now()))
    })
}

function watchCommand({ output }: Cli): Command {
  return new Command('watch')
    .description('Follow a load until it finishes; without an ID, the newest one.')
    .argument('[load]', 'load ID')
    .addOption(dirOption())
    .addOption(stackOption())
    .option('--json', 'the finished load as one JSON object')
    .addHelpText('after', '\n  tidemark load watch\n  tidemark load watch 20260131T120000-1a2b3c')
    .action(async (id: string | undefined, { dir, json, stack }: Options) => {
      const loads = stack === undefined ? await readLoads(dir) : await loadsOfStack(stack)
      const chosen = id ?? loads.at(-1)?.id
      if (chosen === undefined) throw new PipelineError('load/not-found', `no load in ${stack ?? dir}`)
      const known = findLoad(loads, chosen).id
      const load =
        stack === undefined ? await watchLoad(dir, known, output) : await watchOnStack(stack, known, output)
      output.result(json === true ? JSON.stringify(load) : loadText(load, output, Date.now()))
      setExit(load)
    })
}

function resumeCommand(cli: Cli): Command {
  return actOn(cli, 'resume', 'Resume a failed or cancelled load at the first incomplete table.')
}

function cancelCommand(cli: Cli): Command {
  return actOn(
    cli,
    'cancel',
    'Cancel a load. Rows already loaded are kept: they were correct when they were read.',
  )
}

function actOn(cli: Cli, verb: 'resume' | 'cancel', description: string): Command {
  return new Command(verb)
    .description(description)
    .argument('<load>', 'load ID')
    .addOption(dirOption())
    .addOption(stackOption())
    .addOption(contractsOption())
    .option('--json', 'the load as one JSON object')
    .addHelpText('after', `\n  tidemark load ${verb} 20260131T120000-1a2b3c`)
    .action(async (load: string, options: Options) => {
      const { stack } = options
      if (stack !== undefined) return actOnStack(verb, load, { ...options, stack }, cli.output)
      const found = await runOperation(cli, options, { kind: `load-${verb}`, load })
      cli.output.result(
        options.json === true ? JSON.stringify(found) : loadText(found, cli.output, Date.now()),
      )
    })
}

function setExit(load: Load): void {
  process.exitCode = loadState(load) === 'complete' ? exit.fine : exit.findings
}

function listText(loads: readonly Load[]): string {
  const rows = loads.map((load) => [
    load.id,
    loadState(load),
    count(load.tables.length),
    count(load.tables.reduce((sum, { rows: read }) => sum + read, 0)),
    load.startedAt.slice(0, 19),
  ])
  return alignedTable(['load', 'state', 'tables', 'rows', 'started'], rows)
}
