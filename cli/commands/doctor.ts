import { Command } from 'commander'
import { chosenContracts } from '../../contract-tools/load/chosen-contracts.ts'
import type { CheckGroup } from '../../core/check.ts'
import { type CheckResult, examine, unknown } from '../../core/check.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { addressOf, databaseOf } from '../../engine/postgres/connection/source-url.ts'
import { type FolderFacts, readFolder } from '../../local/doctor/folder-look.ts'
import { folderRules } from '../../local/doctor/folder-rules.ts'
import { machineRules, readMachine } from '../../local/doctor/machine-rules.ts'
import { readAcknowledged } from '../../local/state/acknowledged.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { stackOption } from '../../stack/stack.ts'
import type { Cli } from '../terminal/cli.ts'
import { contractsFolderOption } from '../terminal/command-options.ts'
import { defaultDir, sourceOption, tablesOption } from '../terminal/run-options.ts'
import { embeddedDatabase } from '../terminal/source-settings.ts'
import { checkExit, checksOf, checkText } from '../view/check-report.ts'

interface DoctorOptions {
  readonly source?: string
  /** One text when it is the environment's. */
  readonly stack?: string | readonly string[]
  readonly sourceProfile?: string
  readonly contracts: string
  readonly dir?: string
  readonly tables: readonly string[]
  readonly slot: string
  readonly publication: string
  readonly json?: boolean
}

/** `doctor`: what a pipeline needs, checked without changing anything, each finding with what mends it. */
export function doctorCommand({ output, sourceFromEnvironment }: Cli): Command {
  return new Command('doctor')
    .description('Check prerequisites and print a fix for every problem. Read-only.')
    .addOption(sourceOption())
    .option(
      '--dir <folder>',
      `run folder to check, with its slot and its source; ${defaultDir} when no source is named either`,
    )
    .addOption(stackOption())
    .option('--source-profile <profile>', 'with --stack: AWS profile of the production account')
    .addOption(contractsFolderOption())
    .addOption(tablesOption())
    .option('--slot <name>', 'replication slot, unless the run folder records one', 'tidemark')
    .option('--publication <name>', 'publication, unless the run folder records one', 'tidemark')
    .option('--json', 'the checks as one JSON object')
    .addHelpText(
      'after',
      '\nExit codes: 0 every check passed, 1 a check failed, warned or could not run, 2 the command failed.' +
        "\n\n  tidemark doctor --source postgres://reader:…@db.example.com/shop --tables 'sales.*'\n  tidemark doctor --dir .tidemark\n  tidemark doctor --stack data.json source.json --source-profile production",
    )
    .action(async (options: DoctorOptions, command: Command) => {
      const isSaid = command.getOptionValueSource('stack') === 'cli'
      if (isSaid && options.dir !== undefined)
        throw new PipelineError('usage/invalid', '--stack and --dir exclude each other')
      /* A folder that is named is meant, whatever the environment says. */
      const stack = options.dir === undefined ? options.stack : undefined
      const source = options.source ?? sourceFromEnvironment
      if (stack !== undefined && options.json !== true)
        output.progress('querying the AWS services of the deployment')
      const isChosen = command.getOptionValueSource('contracts') === 'cli'
      const groups = await examined({ ...options, stack, source, isChosen })
      output.result(options.json === true ? JSON.stringify(checksOf(groups)) : checkText(groups, output))
      process.exitCode = checkExit(groups)
    })
}

type Asked = Omit<DoctorOptions, 'source' | 'stack'> & {
  readonly source: string | undefined
  readonly stack: DoctorOptions['stack'] | undefined
  /** Whether a folder of contracts was named, as for a start. */
  readonly isChosen: boolean
}

async function examined(asked: Asked): Promise<readonly CheckGroup[]> {
  const { dir, stack } = asked
  if (stack !== undefined) {
    const { examineStack } = await import('../../stack/doctor/examine-stack.ts')
    return examineStack({ ...asked, stack })
  }
  const machine = { name: 'this machine', checks: await examine(machineRules, readMachine, rethrow) }
  /* Of a source nothing else is asked for, least of all the folder of another one. */
  const looked = dir ?? (asked.source === undefined ? defaultDir : undefined)
  const groups = [machine]
  const folder = looked === undefined ? undefined : await folderOf(looked, asked)
  if (folder !== undefined)
    groups.push({ name: `folder ${looked}`, checks: await examine(folderRules, async () => folder, rethrow) })
  else if (looked !== undefined)
    groups.push({
      name: `folder ${looked}: no run yet${dir === undefined ? '; name another with --dir, a source with --source' : ''}`,
      checks: [],
    })
  const ofSource = await sourceOf(asked, folder)
  return ofSource === undefined ? groups : [...groups, ofSource]
}

/* Nothing has run yet where a source is looked at before its first start. A folder that is named alone has to be there. */
async function folderOf(looked: string, { dir, source }: Asked): Promise<FolderFacts | undefined> {
  try {
    return await readFolder(looked, Date.now())
  } catch (error) {
    const isNew = error instanceof PipelineError && error.code === 'run/not-found'
    if (isNew && (dir === undefined || source !== undefined)) return undefined
    throw error
  }
}

/* The source that is named, else that of the folder: of another server the folder has no password. */
async function sourceOf(
  { source, tables, slot, publication, contracts: contractsFolder, isChosen }: Asked,
  folder: FolderFacts | undefined,
): Promise<CheckGroup | undefined> {
  const state = folder?.state
  const address = state?.source.address ?? ''
  if (source !== undefined) databaseOf(source)
  const url = source ?? (state?.source.isEmbedded === true ? await embedded(folder?.dir ?? '') : undefined)
  if (url === undefined) {
    if (state === undefined) return undefined
    return { name: `source ${address}`, checks: [notNamed(state.source.isEmbedded)] }
  }
  const { examineSource } = await import('../../local/doctor/examine-source.ts')
  const { chooseContracts } = await import('../../local/contracts/choose-contracts.ts')
  const contracts = await chosenContracts(isChosen ? contractsFolder : undefined)
  const choice = {
    system: state?.source.name ?? databaseOf(url),
    folder: folder && runFolder(folder.dir),
    isReadOnly: true,
  }
  const checks = await examineSource(
    { url },
    {
      reader: 'tidemark',
      patterns: source === undefined ? [`${embeddedDatabase}.*`] : tables,
      also: state?.added ?? [],
      expected: state?.source,
      unchosen: (found) =>
        chooseContracts(found, contracts, choice).then(
          ({ leftOut }) => leftOut,
          (error: unknown) => {
            if (error instanceof PipelineError && error.code === 'run/contract-missing') return undefined
            throw error
          },
        ),
      slot: state?.slot ?? slot,
      publication: state?.publication ?? publication,
      known: state === undefined ? undefined : knownBy[state.slotState],
      acknowledged: folder && (() => readAcknowledged(runFolder(folder.dir).acknowledged)),
    },
  )
  return { name: `source ${addressOf({ url })}`, checks }
}

/* A slot whose making was cut off may be there or not: the next start makes it again. */
const knownBy = { none: false, creating: undefined, created: true } as const

async function embedded(dir: string): Promise<string | undefined> {
  const { findRunningPostgres } = await import('../../local/embedded-postgres/find-running-postgres.ts')
  return findRunningPostgres(runFolder(dir).postgres, embeddedDatabase)
}

function notNamed(isEmbedded: boolean): CheckResult {
  const id = 'source.connection'
  return isEmbedded
    ? { id, state: 'ok', message: 'the embedded PostgreSQL is stopped: its next start checks it', fix: [] }
    : { id, ...unknown('not checked: name the source of the folder with --source or TIDEMARK_SOURCE') }
}

/* Facts that are there already, and those of the machine, do not fail. */
function rethrow(error: unknown): never {
  throw error instanceof Error ? error : new PipelineError('run/failed', 'an unknown error')
}
