import { loadContracts, tablesOf } from '../../../contract-tools/load/load-contracts.ts'
import { count } from '../../../core/amount-text.ts'
import type { AuditedBalance } from '../../../core/audit/audit-pages.ts'
import { readStack } from '../../../stack/stack.ts'
import { probeAll } from '../../../stack/status/stack-probe.ts'
import { withStackSession } from '../../../stack/status/stack-session.ts'
import { alignedTable, type Output, paint } from '../../terminal/output.ts'
import { auditText } from '../../view/audit-text.ts'
import { checkExit, checksOf, checkText } from '../../view/check-report.ts'

export interface StatusStackOptions {
  readonly stack: string | readonly string[]
  readonly sourceProfile?: string
  readonly contracts: string
  readonly audit?: boolean
  readonly json?: boolean
}

/** `status --stack`: whether a stack is well, each thing that is not with its runbook, and the ledger by contract. */
export async function statusOfStack(options: StatusStackOptions, output: Output): Promise<void> {
  const { stack: files, sourceProfile, contracts: contractsFolder, audit = false, json } = options
  const stack = await readStack(files)
  const tables = tablesOf(await loadContracts(contractsFolder, process.cwd()))
  if (json !== true) output.progress('querying the AWS services of the deployment')
  const { operationsProbes } = await import('../../../stack/status/operations-probes.ts')
  const { ledgerProbe } = await import('../../../stack/status/ledger-probe.ts')
  const { pipelineProbes } = await import('../../../stack/status/pipeline-probes.ts')
  const said = [files].flat().join(' ')
  const { checks, reading } = await withStackSession(
    { stack, tables, files: said, sourceProfile },
    async (session) => {
      const ledger = ledgerProbe(session, audit)
      const found = await probeAll([...pipelineProbes(session), ledger, ...operationsProbes(session)])
      return { checks: found, reading: ledger.reading() }
    },
  )
  const groups = [{ name: `stack ${said}`, checks }]
  process.exitCode = checkExit(groups)
  if (json === true) {
    const { balances = null, findings = null, more = 0 } = reading ?? {}
    const audited = audit ? { findings, more } : {}
    return output.result(JSON.stringify({ ...checksOf(groups), balances, ...audited }))
  }
  output.result(checkText(groups, output))
  const { balances = [], findings = null, more = 0 } = reading ?? {}
  if (balances.length > 0) output.result(balanceTable(balances, output))
  if (findings !== null) output.result(auditText({ findings, more }, output))
}

function balanceTable(balances: readonly AuditedBalance[], output: Output): string {
  const rows = balances.map((one) => [
    one.contract ?? `${one.source} (no contract)`,
    ...[one.captured, one.landed, one.quarantined, one.filtered, one.inFlight].map(count),
    one.balanced ? paint(output, 'green', 'balanced') : paint(output, 'red', `${count(one.missing)} missing`),
  ])
  const head = [
    'contract, not settled for 2 days',
    'captured',
    'landed',
    'quarantine',
    'filtered',
    'in flight',
    '',
  ]
  return `\n${alignedTable(head, rows)}`
}
