import { loadContracts, tablesOf } from '../../contract-tools/load/load-contracts.ts'
import type { CheckGroup } from '../../core/check.ts'
import { addressOf, databaseOf } from '../../engine/postgres/connection/source-url.ts'
import { readStack } from '../stack.ts'
import { probeAll } from '../status/stack-probe.ts'
import { type StackSession, withStackSession } from '../status/stack-session.ts'

export interface StackExamination {
  readonly stack: string | readonly string[]
  readonly sourceProfile?: string
  readonly contracts: string
  /** The source itself, where whoever asks can reach it. */
  readonly source: string | undefined
  readonly tables: readonly string[]
  readonly publication: string
}

/** Checks what a stack is made of, by account, and the source as DMS reads it where it is named. The SDK is loaded here. */
export async function examineStack(asked: StackExamination): Promise<readonly CheckGroup[]> {
  const { stack: files, sourceProfile, contracts: contractsFolder, source } = asked
  if (source !== undefined) databaseOf(source)
  const stack = await readStack(files)
  const tables = tablesOf(await loadContracts(contractsFolder, process.cwd()))
  const { dataProbes } = await import('./data-probes.ts')
  const { productionProbes } = await import('./production-probes.ts')
  const options = { stack, tables, files: [files].flat().join(' '), sourceProfile }
  return withStackSession(options, async (session) => {
    const [production, data, ofSource] = await Promise.all([
      probeAll(productionProbes(session)),
      probeAll(dataProbes(session)),
      source === undefined ? [] : sourceGroup(source, asked, session),
    ])
    return [
      { name: 'production account', checks: production },
      { name: 'data account', checks: data },
      ...ofSource,
    ]
  })
}

/* The tables of the contracts, unless others are named: one that a contract reads and the source has not is a finding. */
async function sourceGroup(
  url: string,
  { tables, publication }: StackExamination,
  session: StackSession,
): Promise<readonly CheckGroup[]> {
  const { examineSource } = await import('../../local/doctor/examine-source.ts')
  const { capturedTables } = await import('../status/captured-tables.ts')
  const isSaid = tables.join() !== '*.*'
  const patterns = isSaid ? tables : await capturedTables(session).catch(() => tables)
  const slot = session.stack.source.slot_name ?? 'tidemark'
  const checks = await examineSource({ url }, { reader: 'dms', patterns, slot, publication, known: true })
  return [{ name: `source ${addressOf({ url })}`, checks }]
}
