import { Command } from 'commander'
import { PipelineError } from '../../core/failures.ts'
import type { ReplayResult } from '../../local/operations/replay.ts'
import { ReplayLedger } from '../../local/operations/replay-ledger.ts'
import { runFolder } from '../../local/pipeline/run-folder.ts'
import type { Cli } from '../main.ts'
import { operate } from '../operate.ts'
import { alignedTable, count, exit } from '../output.ts'
import { dirOption, schemasOption } from '../run-options.ts'

interface ReplayOptions {
  readonly dir: string
  readonly schemas?: string
  readonly table?: string
  readonly version?: number
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
      'Format the raw changes of a table again with today’s contract. Readers see the new reading when it is complete and audited.',
    )
    .addOption(dirOption())
    .addOption(schemasOption())
    .option('--table <name>', 'the table, by lake or source name')
    .option('--contract-version <n>', 'a version of its contract; the newest unless told', Number)
    .option('--from <position>', 'first position, from a `_position` column')
    .option('--to <position>', 'last position')
    .option('--dry-run', 'say what the contract would make of the changes, write nothing')
    .option('--list', 'list the replays of the folder instead')
    .option('--json', 'the outcome as one JSON object')
    .action(async (options: ReplayOptions & { readonly contractVersion?: number }) => {
      if (options.list === true) return list(cli, options)
      const { table, from, to, contractVersion: version, json } = options
      if (table === undefined)
        throw new PipelineError('usage/invalid', 'which table? --table workforce.shifts')
      const result = (await operate(cli, options, {
        kind: 'replay',
        table,
        isDryRun: options.dryRun ?? false,
        ...(version === undefined ? {} : { version }),
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      })) as ReplayResult
      output.result(json === true ? JSON.stringify(result) : sentence(result))
      process.exitCode = result.state === 'interrupted' ? exit.findings : exit.fine
    })
}

function sentence({ table, version, revision, state, changes, rows, refused, pages }: ReplayResult): string {
  const counts = `${count(changes)} changes of ${count(pages)} pages: ${count(rows)} rows, ${count(refused)} refused`
  const name = `${table} v${version}`
  if (state === 'dry run') return `${name}, dry run: ${counts}`
  if (state === 'interrupted')
    return `${name}, interrupted after ${counts}; the same command goes on from there`
  return `${name}, revision ${revision}: ${counts}; the lake shows it`
}

async function list({ output }: Cli, { dir, json }: ReplayOptions): Promise<void> {
  const replays = await new ReplayLedger(runFolder(dir).replays).all()
  if (json === true) return output.result(JSON.stringify(replays))
  if (replays.length === 0) return output.result('no replays')
  const rows = replays.map(
    ({ table, version, revision, state, done, pages, rows: made, refused, startedAt }) => [
      `${table} v${version}`,
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
