import type { ClientBase } from 'pg'
import { refuseFirst } from '../../core/check.ts'
import { checkSlot, type SlotCheck } from './check-slot.ts'
import { readSourceCatalog, type SourceTable } from './source-catalog.ts'
import { readAccess, readServer } from './source-facts.ts'
import { serverRules, tableRules } from './source-rules.ts'

export interface SourceCheck extends SlotCheck {
  readonly patterns?: readonly string[]
  /** Tables that are taken whatever the patterns say, where they exist and no `!` pattern leaves them out. */
  readonly also?: readonly string[]
}

export interface CheckedSource {
  /** server_version_num, as 160002. */
  readonly version: number
  readonly tables: readonly SourceTable[]
  readonly slotExists: boolean
}

/**
 * Everything that must hold before a source can be read, checked without changing anything.
 * Throws the first refusal as a `source/…` failure whose message has the SQL that mends it.
 */
export async function checkSource(client: ClientBase, check: SourceCheck): Promise<CheckedSource> {
  const { version, tables } = await checkCapturable(client, check)
  const slot = await checkSlot(client, check)
  return { version, tables, slotExists: slot.exists }
}

/** The same without the slot, which somebody may read meanwhile. */
export async function checkCapturable(
  client: ClientBase,
  { patterns, also }: Pick<SourceCheck, 'patterns' | 'also'>,
): Promise<Omit<CheckedSource, 'slotExists'>> {
  const server = await readServer(client)
  refuseFirst(serverRules, server)
  const tables = await readSourceCatalog(client, patterns, also)
  refuseFirst(tableRules, { server, tables, access: await readAccess(client, tables) })
  return { version: server.version, tables }
}
