import { Command } from 'commander'
import { loadContracts, tablesOf } from '../../contract-tools/load/load-contracts.ts'
import { count, plural } from '../../core/amount-text.ts'
import { printAnyVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { RedriveResult } from '../../core/operations/answers.ts'
import type { Quarantine, QuarantineEntry, WaitingEntry } from '../../core/ports/ports.ts'
import { type Cluster, clusterRefusals, shortId } from '../../formatters/cluster-refusals.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { storedRun } from '../../local/state/state-file.ts'
import { FolderQuarantine } from '../../local/stores/folder-quarantine.ts'
import { redriveOnStack, withStackQuarantine } from '../../stack/operations/stack-quarantine.ts'
import { stackOption } from '../../stack/stack.ts'
import { runOperation } from '../run/run-operation.ts'
import type { Cli } from '../terminal/cli.ts'
import { alignedTable, exit } from '../terminal/output.ts'
import { parseDuration } from '../terminal/parse-options.ts'
import { contractsOption, dirOption } from '../terminal/run-options.ts'
import { visible } from '../terminal/visible-text.ts'

interface Options {
  readonly dir: string
  readonly stack?: string | readonly string[]
  readonly contracts?: string
  readonly table?: string
  readonly cause?: string
  readonly dryRun?: boolean
  readonly olderThan?: number
  readonly json?: boolean
}

export function quarantineCommand(cli: Cli): Command {
  return new Command('quarantine')
    .description('Inspect and reprocess rejected changes (the dead-letter store).')
    .addCommand(listCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(redriveCommand(cli))
    .addCommand(expireCommand(cli))
}

function listCommand({ output }: Cli): Command {
  return new Command('list')
    .description('List quarantined changes, grouped by cause.')
    .addOption(dirOption())
    .addOption(stackOption())
    .option('--table <name>', 'one table, by lake or source name')
    .option('--json', 'the causes as a JSON array')
    .addHelpText('after', '\n  tidemark quarantine list --stack data.json --table workforce.shifts')
    .action(async ({ table, json, ...place }: Options) => {
      const all = await reading(place, (quarantine) => clusterRefusals(quarantine.list()))
      const clusters = all.filter((cluster) => table === undefined || concerns(cluster, table))
      if (json === true) return output.result(JSON.stringify(clusters.map(shown)))
      if (clusters.length === 0) return output.result('quarantine is empty')
      const rows = clusters.map(
        ({ id, contract, table: source, reason, count: number, firstSeen, lastSeen, example }) => [
          id,
          count(number),
          printAnyVersion(contract) ?? source ?? '-',
          reason.code,
          visible(`${reason.path} ${reason.message}`.trim()),
          firstSeen.slice(0, 19),
          lastSeen.slice(0, 19),
          example,
        ],
      )
      output.result(
        alignedTable(
          ['cause', 'changes', 'contract', 'code', 'reason', 'first seen', 'last seen', 'example'],
          rows,
        ),
      )
    })
}

function showCommand({ output }: Cli): Command {
  return new Command('show')
    .description(
      'Show one change with its payload and every reason. The payload is not masked: personal data is visible.',
    )
    .argument('<id>', 'short ID of an entry, or of a cause for its first entry')
    .addOption(dirOption())
    .addOption(stackOption())
    .option('--json', 'the entry as one JSON object')
    .addHelpText('after', '\n  tidemark quarantine show 7634aa06')
    .action(async (id: string, { json, ...place }: Options) => {
      const entry = await reading(place, (quarantine) => find(quarantine, id))
      if (entry === undefined)
        throw new PipelineError('usage/invalid', `no quarantined change has the ID ${id}`)
      if (json === true) return output.result(JSON.stringify({ shortId: shortId(entry.id), ...shown(entry) }))
      output.result(
        `${visible(printAnyVersion(entry.contract) ?? entry.table ?? 'unknown table')}  ${entry.position ?? ''}  since ${entry.since}`,
      )
      for (const { code, path, message } of entry.reasons)
        output.result(`  ${code}  ${visible(`${path} ${message}`)}`)
      output.result(visible(entry.payload))
    })
}

function redriveCommand(cli: Cli): Command {
  const { output } = cli
  return new Command('redrive')
    .description(
      'Reprocess quarantined changes with the current contracts. Accepted changes are written to history at their original commit position.',
    )
    .addOption(dirOption())
    .addOption(stackOption())
    .addOption(contractsOption())
    .option('--table <name>', 'one table, by lake or source name')
    .option('--cause <id>', 'one cause from `quarantine list`, one failure code, or one entry')
    .option('--dry-run', 'show what would be accepted, change nothing')
    .option('--json', 'the outcome as one JSON object')
    .addHelpText(
      'after',
      '\n  tidemark quarantine redrive --table sales.orders --contracts schemas --dry-run',
    )
    .action(async (options: Options) => {
      const { table, cause, dryRun, json } = options
      const isDryRun = dryRun ?? false
      const filter = { ...(table === undefined ? {} : { table }), ...(cause === undefined ? {} : { cause }) }
      const result = await redriven(cli, options, { isDryRun, ...filter })
      if (json === true) output.result(JSON.stringify(result))
      else {
        const { considered, passed, refused } = result
        const verb = isDryRun ? 'would pass' : 'redriven'
        output.result(
          `${plural(considered, 'entry', 'entries')}: ${count(passed)} ${verb}, ${count(refused)} still refused`,
        )
        if (result.isInterrupted) output.result('interrupted; run the same command again to continue')
        for (const { reason, count: number } of result.reasons)
          output.result(`  ${count(number)}  ${reason.code}  ${visible(`${reason.path} ${reason.message}`)}`)
      }
      process.exitCode = result.refused > 0 || result.isInterrupted ? exit.findings : exit.fine
    })
}

function expireCommand(cli: Cli): Command {
  return new Command('expire')
    .description('Discard quarantined changes older than a limit and remove their payloads from disk.')
    .addOption(dirOption())
    .requiredOption('--older-than <duration>', 'such as 30d or 12h', parseDuration)
    .option('--dry-run', 'show how many, change nothing')
    .option('--json', 'the outcome as one JSON object')
    .addHelpText('after', '\n  tidemark quarantine expire --older-than 30d --dry-run')
    .action(async (options: Options) => {
      const { olderThan = 0, dryRun, json } = options
      const isDryRun = dryRun ?? false
      const result = await runOperation(cli, options, {
        kind: 'expire',
        olderThanMs: olderThan,
        isDryRun,
      })
      if (json === true) cli.output.result(JSON.stringify(result))
      else
        cli.output.result(
          `${count(result.expired)} of ${count(result.considered)} ${isDryRun ? 'would expire' : 'expired'}`,
        )
    })
}

async function redriven(
  cli: Cli,
  { stack, ...options }: Options,
  asked: { readonly isDryRun: boolean; readonly table?: string; readonly cause?: string },
): Promise<RedriveResult> {
  if (stack === undefined) return runOperation(cli, options, { kind: 'redrive', ...asked })
  const contracts = await loadContracts(options.contracts ?? 'schemas', process.cwd())
  return redriveOnStack(stack, tablesOf(contracts), asked)
}

async function reading<T>(
  { dir, stack }: Pick<Options, 'dir' | 'stack'>,
  read: (quarantine: Pick<Quarantine, 'list'>) => Promise<T>,
): Promise<T> {
  if (stack !== undefined) return withStackQuarantine(stack, read)
  const folder = runFolder(dir)
  if ((await storedRun(folder)) === undefined) throw new PipelineError('run/not-found', `no run in ${dir}`)
  const quarantine = await FolderQuarantine.open(folder, { mode: 'read' })
  try {
    return await read(quarantine)
  } finally {
    await quarantine.close()
  }
}

async function find(quarantine: Pick<Quarantine, 'list'>, id: string): Promise<WaitingEntry | undefined> {
  const clusters = await clusterRefusals(quarantine.list())
  const wanted = clusters.find((cluster) => cluster.id === id)?.example ?? id
  for await (const entry of quarantine.list())
    if (shortId(entry.id) === wanted || entry.id === wanted) return entry
  return undefined
}

/* In JSON a contract is its text, too. */
function shown<T extends Pick<QuarantineEntry, 'contract'>>(one: T) {
  return { ...one, contract: printAnyVersion(one.contract) }
}

function concerns({ table, contract }: Cluster, name: string): boolean {
  return table === name || contract?.name === name
}
