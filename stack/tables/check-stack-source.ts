import { refuseFirst } from '../../core/check.ts'
import { outputsOf, type Stack } from '../stack.ts'

/**
 * Looks at the source itself before DMS is told anything: tables are there, with a key that their changes carry, and the
 * task's slot still has its log. Throws `source/…` with the SQL that mends it.
 */
export async function checkStackSource(url: string, stack: Stack, tables: readonly string[]): Promise<void> {
  const { slot_name: name } = outputsOf(stack, 'source', ['slot_name'])
  const { closeClient, connectSource } = await import('../../engine/postgres/connection/source-connection.ts')
  const { readSourceCatalog } = await import('../../engine/postgres/catalog/source-catalog.ts')
  const { readServer, readTableFacts } = await import('../../engine/postgres/catalog/source-facts.ts')
  const { tableRules } = await import('../../engine/postgres/rules/table-rules.ts')
  const { readSlot, readSlotRoom } = await import('../../engine/postgres/rules/slot-facts.ts')
  const { dmsPlugins, slotRules } = await import('../../engine/postgres/rules/slot-rules.ts')
  const client = await connectSource({ url }, { applicationName: 'tidemark check' })
  try {
    const server = await readServer(client)
    const found = await readSourceCatalog(client, tables)
    refuseFirst(tableRules, await readTableFacts(client, { server, tables: found, reader: 'dms' }))
    const [slot, room] = [await readSlot(client, name), await readSlotRoom(client)]
    refuseFirst(slotRules, { name, slot, room, known: true, plugins: dmsPlugins })
  } finally {
    await closeClient(client)
  }
}
