import type { Table } from '../../core/contract/language/table.ts'
import { tables as bundled } from '../../schemas/index.ts'
import { loadContracts, tablesOf } from './load-contracts.ts'

/** The contracts of a folder of the user's own, or those that come with Tidemark. Throws `contract/invalid` when one does not load. */
export async function chosenContracts(schemas: string | undefined): Promise<readonly Table[]> {
  return schemas === undefined ? bundled : tablesOf(await loadContracts(schemas, process.cwd()))
}
