import { Command } from 'commander'
import { PipelineError } from '../../core/failures.ts'
import { folderHolder } from '../../local/pipeline/folder-lock.ts'
import { readJsonFile } from '../../local/pipeline/json-file.ts'
import { runFolder } from '../../local/pipeline/run-folder.ts'
import type { KeptProof } from '../../local/reconcile/kept-proofs.ts'
import { proofsFile, readProofs } from '../../local/reconcile/proof-file.ts'
import { runStatus } from '../../local/run/run-status.ts'
import { auditText } from '../audit-text.ts'
import type { Cli } from '../main.ts'
import { exit, paint } from '../output.ts'
import { dirOption } from '../run-options.ts'
import { statusTable } from '../status-table.ts'

export function statusCommand({ output }: Cli): Command {
  return new Command('status')
    .description('What the run in a folder does, or did last.')
    .addOption(dirOption())
    .option(
      '--audit',
      'compare the ledger with the raw store, the landing prefix, quarantine and every file of the lake, and name what is missing',
    )
    .option('--json', 'the status as one JSON object')
    .action(async ({ dir, audit: isAudit, json }: { dir: string; audit?: boolean; json?: boolean }) => {
      const status = await readJsonFile(runFolder(dir).status, runStatus)
      if (status === undefined) throw new PipelineError('run/not-found', `no run in ${dir}`)
      const isRunning = (await folderHolder(dir)) === status.pid
      const audit = isAudit === true ? await auditOf(dir) : undefined
      const proofs = agesOf(await readProofs(proofsFile(runFolder(dir).root)), Date.now())
      const isEqual = Object.values(proofs).every(({ equal }) => equal)
      const isFine =
        status.balanced && isEqual && audit?.findings.some(({ severity }) => severity === 'fault') !== true
      process.exitCode = isFine ? exit.fine : exit.findings
      if (json === true)
        output.result(
          JSON.stringify({
            running: isRunning,
            ...status,
            proofs,
            ...(audit === undefined ? {} : { audit }),
          }),
        )
      else {
        const state = isRunning ? paint(output, 'green', `running, process ${status.pid}`) : 'stopped'
        output.result(`${status.address}  ${state}  as of ${status.at}`)
        output.result(statusTable(status, output, proofs))
        if (audit !== undefined) output.result(auditText(audit, output))
      }
    })
}

/* It reads Parquet; a status without it starts in a moment. */
async function auditOf(dir: string) {
  const { auditFolder } = await import('../../local/ledger/audit-folder.ts')
  return auditFolder(runFolder(dir))
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
