import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { chosenContracts } from '../../contract-tools/load/chosen-contracts.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { databaseOf } from '../../engine/postgres/connection/source-url.ts'
import { parseSince } from '../../engine/reconcile/lake/since.ts'
import type { Asked } from '../../engine/reconcile/prove-table.ts'
import type { ReconcileRequest } from '../../engine/reconcile/reconcile.ts'
import { readJsonFile } from '../../local/documents/json-file.ts'
import { findRunningPostgres } from '../../local/embedded-postgres/find-running-postgres.ts'
import { folderHolder } from '../../local/pipeline/folder-lock.ts'
import { nameUncompared } from '../../local/reconcile/name-uncompared.ts'
import { reconcileBeside } from '../../local/run/reconcile-beside.ts'
import { runStatus } from '../../local/run/status/run-status.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import type { RunStateData } from '../../local/state/run-state.ts'
import { storedEntries, storedRun } from '../../local/state/state-file.ts'
import { stackOption } from '../../stack/stack.ts'
import { runSession } from '../run/session.ts'
import type { Cli } from '../terminal/cli.ts'
import type { Output } from '../terminal/output.ts'
import { contractsOption, dirOption, sourceOption, timeoutOption } from '../terminal/run-options.ts'
import { embeddedDatabase, embeddedSystem } from '../terminal/source-settings.ts'
import { proofProgress } from '../view/proof-progress.ts'
import { proofExit, proofJson, proofText } from '../view/proof-report.ts'
import { reconcileStack } from './stack/reconcile-stack.ts'

interface ReconcileOptions {
  readonly dir: string
  /** One text when it is the environment's. */
  readonly stack?: string | readonly string[]
  readonly contracts?: string
  readonly source?: string
  readonly timeout: number
  readonly table?: readonly string[]
  readonly sample?: number
  readonly since?: string
  readonly repair?: boolean
  readonly json?: boolean
}

/** `reconcile`: beside a run when there is one, else it starts the folder, lets it catch up and stops it again. */
export function reconcileCommand({ output, sourceFromEnvironment }: Cli): Command {
  return new Command('reconcile')
    .description(
      'Compare every row of every table between source and lake at one log position. Exit code 1 if they differ, 2 if a table could not be compared.',
    )
    .addOption(dirOption())
    .addOption(contractsOption())
    .addOption(sourceOption())
    .addOption(timeoutOption())
    .addOption(stackOption())
    .option('--table <name...>', 'only these tables, by contract or source name')
    .option('--sample <percent>', 'only a random sample of the keys', parsePercent)
    .option(
      '--since <when>',
      'only keys changed in the lake since: a position, a time such as 2026-01-31T12:00:00Z, or an age such as 2h',
    )
    .option('--repair', 're-read rows that differ from the source and send them through the pipeline')
    .option('--json', 'the result as one JSON object, with every differing key')
    .addHelpText(
      'after',
      '\n  tidemark reconcile --dir .tidemark --contracts schemas --table sales.orders\n  tidemark reconcile --stack data.json --table workforce.shifts --sample 5',
    )
    .action(async (options: ReconcileOptions, command: Command) => {
      const request = requestOf(options)
      const { stack } = options
      const isSaid = (option: string) => command.getOptionValueSource(option) === 'cli'
      if (isSaid('stack') && isSaid('dir'))
        throw new PipelineError('usage/invalid', '--stack and --dir exclude each other')
      /* A folder that is named is meant, whatever the environment says. */
      if (stack !== undefined && !isSaid('dir'))
        return reconcileStack({ ...options, stack: [stack].flat() }, output)
      const folder = runFolder(options.dir)
      const state = await storedRun(folder)
      if (state === undefined) throw new PipelineError('run/not-found', `no run in ${options.dir}`)
      const { isEmbedded, address } = state.source
      const source = isEmbedded ? undefined : (options.source ?? sourceFromEnvironment)
      if (!isEmbedded && source === undefined)
        throw new PipelineError(
          'usage/invalid',
          `the source is ${address}: name it with --source or TIDEMARK_SOURCE`,
        )
      const isRunning = (await folderHolder(options.dir)) !== undefined
      const { proof: compared, status } = isRunning
        ? await beside(options, source, request, output)
        : await alone(options, source, state, request, output)
      const entries = request.tables === undefined ? await storedEntries(folder) : []
      const { proof, notFollowed } = nameUncompared(compared, entries, status?.leftOut ?? [])
      output.result(
        options.json === true ? proofJson(proof, status, notFollowed) : proofText(proof, output, notFollowed),
      )
      process.exitCode = proofExit(proof)
    })
}

async function beside(
  { dir, contracts: contractsFolder, timeout }: ReconcileOptions,
  source: string | undefined,
  request: ReconcileRequest,
  output: Output,
) {
  const url = source ?? (await findRunningPostgres(runFolder(dir).postgres, embeddedDatabase))
  if (url === undefined) throw new PipelineError('source/unreachable', 'the embedded PostgreSQL does not run')
  const system = source === undefined ? embeddedSystem : databaseOf(source)
  const contracts = await chosenContracts(contractsFolder)
  const asked = { dir: resolve(dir), source: { url }, system, contracts, timeoutMs: timeout, request }
  const proof = await reconcileBeside({ ...asked, onProven: proofProgress(output) })
  return { proof, status: await readJsonFile(runFolder(dir).status, runStatus) }
}

async function alone(
  { dir, contracts: contractsFolder, timeout }: ReconcileOptions,
  source: string | undefined,
  data: RunStateData,
  request: ReconcileRequest,
  output: Output,
) {
  const { slot, publication, loads } = data
  const session = {
    dir,
    source,
    slot,
    publication,
    tables: Object.keys(loads),
    contracts: await chosenContracts(contractsFolder),
    reload: false,
    rate: 0,
    scale: 1,
    flushMs: 200,
    compactEveryMs: 0,
    proveEveryMs: 0,
    lookEveryMs: 0,
    forMs: 0,
    timeoutMs: timeout,
    request,
  }
  return runSession(session, output)
}

/** What the options ask of the proof. Throws `usage/invalid` for options that contradict each other. */
function requestOf({ table, sample, since, repair: heal }: ReconcileOptions): ReconcileRequest {
  if (sample !== undefined && since !== undefined)
    throw new PipelineError('usage/invalid', '--sample and --since exclude each other')
  return { tables: table, scope: scopeOf(sample, since), heal }
}

function scopeOf(sample: number | undefined, since: string | undefined): Asked | undefined {
  if (sample !== undefined) return { kind: 'sample', percent: sample }
  return since === undefined ? undefined : { kind: 'since', since: parseSince(since, Date.now) }
}

function parsePercent(text: string): number {
  const value = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || value <= 0 || value > 100)
    throw new InvalidArgumentError('a percentage above 0, 100 at most')
  return value
}
