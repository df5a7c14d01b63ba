import { Command } from 'commander'
import { PipelineError } from '../../core/failures/failures.ts'
import type { KeptProof } from '../../engine/reconcile/kept-proofs.ts'
import { readProofs } from '../../engine/reconcile/proof-document.ts'
import { compactionFailures } from '../../local/compaction/compaction-failures.ts'
import { readJsonFile } from '../../local/documents/json-file.ts'
import { folderHolder } from '../../local/pipeline/folder-lock.ts'
import { type RunStatus, runStatus } from '../../local/run/status/run-status.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { readDocuments, storedRun } from '../../local/state/state-file.ts'
import { stackOption } from '../../stack/stack.ts'
import type { Cli } from '../terminal/cli.ts'
import { contractsFolderOption } from '../terminal/command-options.ts'
import { exit, type Output, paint } from '../terminal/output.ts'
import { dirOption } from '../terminal/run-options.ts'
import { auditText } from '../view/audit-text.ts'
import { sourceWord } from '../view/source-line.ts'
import { statusTable } from '../view/status-table.ts'

interface StatusOptions {
  readonly dir: string
  readonly stack?: string | readonly string[]
  readonly sourceProfile?: string
  readonly contracts: string
  readonly audit?: boolean
  readonly json?: boolean
}

/** `status`: of a run folder, or of a stack. */
export function statusCommand({ output }: Cli): Command {
  return new Command('status')
    .description('Show the status of a local run or, with --stack, the health of an AWS deployment.')
    .addOption(dirOption())
    .addOption(stackOption())
    .option('--source-profile <profile>', 'with --stack: AWS profile of the production account')
    .addOption(contractsFolderOption())
    .option(
      '--audit',
      'check the ledger against raw store, landing prefix, quarantine and every file of the lake; list what is missing',
    )
    .option('--json', 'the status as one JSON object')
    .addHelpText(
      'after',
      '\nExit codes: 0 healthy, 1 something is missing, differs or is in alarm, 2 the command failed.' +
        '\n\n  tidemark status --dir .tidemark --audit\n  tidemark status --stack data.json source.json --source-profile production',
    )
    .action(async (options: StatusOptions, command: Command) => {
      const { dir, audit: isAudit, json, stack } = options
      const isSaid = (option: string) => command.getOptionValueSource(option) === 'cli'
      if (isSaid('stack') && isSaid('dir'))
        throw new PipelineError('usage/invalid', '--stack and --dir exclude each other')
      /* A folder that is named is meant, whatever the environment says. */
      if (stack !== undefined && !isSaid('dir')) {
        const { statusOfStack } = await import('./stack/status-stack.ts')
        return statusOfStack({ ...options, stack }, output)
      }
      const status = await readJsonFile(runFolder(dir).status, runStatus)
      const holder = await folderHolder(dir)
      if (status === undefined) throw await noStatus(dir, holder !== undefined)
      const isRunning = holder === status.pid || isBusy(status, holder)
      const audit = isAudit === true ? await auditOf(dir) : undefined
      const { kept, uncompacted } = await readDocuments(runFolder(dir), async (documents) => ({
        kept: await readProofs(documents),
        uncompacted: await compactionFailures(documents),
      }))
      const followed = new Set(status.tables.map(({ table }) => table))
      const proofs = agesOf(ofTables(kept.tables, followed), Date.now())
      const unproven = ofTables(kept.failed, followed)
      const isEqual = Object.values(proofs).every(({ equal }) => equal) && Object.keys(unproven).length === 0
      const looking = { isRunning, now: Date.now() }
      const isFine =
        status.balanced &&
        status.leftOut.length === 0 &&
        isEqual &&
        Object.keys(uncompacted).length === 0 &&
        !sourceWord(status, looking, output).isFault &&
        audit?.findings.some(({ severity }) => severity === 'fault') !== true &&
        (audit?.more ?? 0) === 0
      process.exitCode = isFine ? exit.fine : exit.findings
      if (json === true)
        output.result(
          JSON.stringify({
            running: isRunning,
            ...status,
            proofs,
            unproven,
            uncompacted,
            ...(audit === undefined ? {} : { audit }),
          }),
        )
      else {
        output.result(`${status.address}  ${stateText(status, holder, output)}  as of ${status.at}`)
        output.result(statusTable(status, output, looking, { proofs, unproven, uncompacted }))
        if (audit !== undefined) output.result(auditText(audit, output))
      }
    })
}

/* 0 is a holder that is too busy to say who it is; a run that has ended said so, and is not the one. */
function isBusy({ ended }: RunStatus, holder: number | undefined): boolean {
  return holder === 0 && ended === null
}

function stateText(status: RunStatus, holder: number | undefined, output: Output): string {
  if (isBusy(status, holder)) return paint(output, 'yellow', 'running, too busy to answer')
  return holder === status.pid ? paint(output, 'green', `running, process ${status.pid}`) : 'stopped'
}

/* A run that has just begun has none yet; of a stopped one it is lost. */
async function noStatus(dir: string, isRunning: boolean): Promise<PipelineError> {
  const folder = runFolder(dir)
  if (isRunning || (await storedRun(folder)) === undefined)
    return new PipelineError('run/not-found', `no run in ${dir}`)
  return new PipelineError('run/damaged', `${folder.status} is missing: tidemark repair writes it`)
}

/* It reads Parquet; a status without it starts in a moment. */
async function auditOf(dir: string) {
  const { auditFolder } = await import('../../local/recovery/audit-folder.ts')
  return auditFolder(runFolder(dir))
}

/* A table that is followed no longer is not judged. */
function ofTables<T>(
  kept: Readonly<Record<string, T>>,
  tables: ReadonlySet<string>,
): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(kept).filter(([table]) => tables.has(table)))
}

/* The age counts from the proof, not from the status: a stopped run's proof grows old, too. */
function agesOf(proofs: Readonly<Record<string, KeptProof>>, now: number) {
  return Object.fromEntries(
    Object.entries(proofs).map(([table, proof]) => [
      table,
      { ...proof, ageMs: Math.max(now - Date.parse(proof.at), 0) },
    ]),
  )
}
