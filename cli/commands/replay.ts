import { Command } from 'commander'
import { loadContracts, tablesOf } from '../../contract-tools/load/load-contracts.ts'
import { count, plural } from '../../core/amount-text.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { ReplayResult } from '../../core/operations/answers.ts'
import { findTable } from '../../local/operations/find-table.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { readDocuments } from '../../local/state/state-file.ts'
import { replayOnStack, type StackReplay } from '../../stack/operations/stack-replay.ts'
import { stackOption } from '../../stack/stack.ts'
import { ReplayDocuments } from '../../state/documents/replay-documents.ts'
import { runOperation } from '../run/run-operation.ts'
import type { Cli } from '../terminal/cli.ts'
import { alignedTable, exit } from '../terminal/output.ts'
import { contractsOption, dirOption } from '../terminal/run-options.ts'

interface ReplayOptions {
  readonly dir: string
  readonly stack?: string | readonly string[]
  readonly contracts?: string
  readonly table?: string
  readonly contractVersion?: number
  readonly from?: string
  readonly to?: string
  readonly dryRun?: boolean
  readonly list?: boolean
  readonly json?: boolean
}

export function replayCommand(cli: Cli): Command {
  const { output } = cli
  return new Command('replay')
    .description(
      'Reprocess all raw changes of a table with the current contract. Readers switch to the result atomically, once it is complete and audited.',
    )
    .addOption(dirOption())
    .addOption(stackOption())
    .addOption(contractsOption())
    .option('--table <name>', 'table, by lake or source name')
    .option('--contract-version <n>', 'version of its contract (default: the newest)', Number)
    .option('--from <position>', 'first position, as in a `_position` column; run folder only')
    .option('--to <position>', 'last position; run folder only')
    .option('--dry-run', 'show what the contract would make of the changes, write nothing')
    .option('--list', 'list the replays of the run folder instead')
    .option('--json', 'the outcome as one JSON object')
    .addHelpText(
      'after',
      '\n  tidemark replay --table sales.orders --dry-run\n  tidemark replay --table workforce.shifts --stack data.json',
    )
    .action(async (options: ReplayOptions) => {
      if (options.stack !== undefined) return onStack(options.stack, options, cli)
      if (options.list === true) return list(cli, options)
      const { from, to, contractVersion: version, json } = options
      const result = await runOperation(cli, options, {
        kind: 'replay',
        table: named(options),
        isDryRun: options.dryRun ?? false,
        ...(version === undefined ? {} : { version }),
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      })
      output.result(json === true ? JSON.stringify(result) : sentence(result))
      process.exitCode = result.state === 'interrupted' ? exit.findings : exit.fine
    })
}

async function onStack(
  stack: string | readonly string[],
  options: ReplayOptions,
  { output }: Cli,
): Promise<void> {
  const {
    from,
    to,
    list: isList,
    contracts: contractsFolder = 'schemas',
    contractVersion,
    dryRun: isDryRun = false,
  } = options
  if (from !== undefined || to !== undefined || isList === true)
    throw new PipelineError('usage/invalid', '--from, --to and --list need a run folder, not --stack')
  const name = named(options)
  const tables = tablesOf(await loadContracts(contractsFolder, process.cwd()))
  const versions = tables.filter((one) => one.name === name || one.source.table === name)
  const table = findTable(versions, name, contractVersion)
  const result = await replayOnStack(stack, tables, { table, isDryRun }, ({ pages, rows, refused }) => {
    if (options.json !== true)
      output.progress(`${plural(pages, 'page')}: ${plural(rows, 'row')}, ${count(refused)} refused`)
  })
  output.result(options.json === true ? JSON.stringify(result) : stackText(result))
}

function named({ table }: ReplayOptions): string {
  if (table !== undefined) return table
  throw new PipelineError('usage/invalid', 'name a table: --table workforce.shifts')
}

function sentence({ table, version, revision, state, ...counts }: ReplayResult): string {
  const name = printTableVersion({ name: table, version })
  if (state === 'dry run') return `${name}, dry run: ${countsText(counts)}`
  if (state === 'interrupted')
    return `${name}, interrupted after ${countsText(counts)}; the same command goes on from there`
  return `${name}, revision ${revision}: ${countsText(counts)}; published in the lake`
}

function stackText({
  table,
  version,
  revision,
  state,
  from,
  since,
  redriven,
  ...counts
}: StackReplay): string {
  const isDry = state === 'dry run'
  const head = isDry ? 'dry run' : `revision ${revision}`
  const reach =
    from === null
      ? 'no raw page of it is left'
      : `raw pages reach back to ${since === null ? from : since.slice(0, 19)}`
  const { passed, refused } = redriven
  return [
    `${printTableVersion({ name: table, version })}, ${head}: ${countsText(counts)}${isDry ? '' : '; published in the lake'}`,
    `  ${reach}: older changes, and rows of load files, keep their reading`,
    `  quarantine: ${count(passed)} ${isDry ? 'would be accepted' : 'accepted'}, ${count(refused)} still rejected`,
  ].join('\n')
}

type Counts = Pick<ReplayResult, 'changes' | 'pages' | 'rows' | 'refused'>

function countsText({ changes, pages, rows, refused }: Counts): string {
  return `${plural(changes, 'change')} of ${plural(pages, 'page')}: ${plural(rows, 'row')}, ${count(refused)} refused`
}

async function list({ output }: Cli, { dir, json }: ReplayOptions): Promise<void> {
  const replays = await readDocuments(runFolder(dir), (documents) => new ReplayDocuments(documents).all())
  if (json === true) return output.result(JSON.stringify(replays))
  if (replays.length === 0) return output.result('no replays')
  const rows = replays.map(
    ({ table, version, revision, state, done, pages, rows: made, refused, startedAt }) => [
      printTableVersion({ name: table, version }),
      String(revision),
      state,
      `${done} of ${pages}`,
      count(made),
      count(refused),
      startedAt.slice(0, 19),
    ],
  )
  output.result(alignedTable(['contract', 'revision', 'state', 'pages', 'rows', 'refused', 'started'], rows))
}
